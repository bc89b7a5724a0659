/* host/train/train_presets.c - every number of the presets of blob-train, in one table. */
#include "train_options.h"

/* Words of --format and --rate-schedule. */
enum { ROUND, FULL };
enum { CONSTANT, COSINE };

/* All that a preset decides, and nothing else does but an option of the same name. */
typedef struct {
    int64_t iterations, games, window_min, window_max, warmup, match_deals;
    const char *players, *cards, *curriculum;
    int format;
    int width, layers, hidden, heads, policy_hidden, value_hidden;
    double epochs, rate, rate_min, ema;
    int batch, match_every;
    int rate_schedule;
} Preset;

const char *const train_preset_names[] = {"tiny", "small", "reference", NULL};

static const Preset presets[TRAIN_PRESET_COUNT] = {
    {.iterations = 100,
     .games = 4000,
     .window_min = 16000,
     .window_max = 80000,
     .warmup = 100,
     .match_deals = 500,
     .players = "3:0.5,4:0.5",
     .cards = "3,4,5",
     .curriculum = "3x20",
     .format = ROUND,
     .width = 128,
     .layers = 2,
     .hidden = 256,
     .heads = 4,
     .policy_hidden = 128,
     .value_hidden = 64,
     .epochs = 3,
     .rate = 1e-3,
     .rate_min = 1e-4,
     .ema = 0.99,
     .batch = 256,
     .match_every = 10,
     .rate_schedule = COSINE},
    {.iterations = 100,
     .games = 5000,
     .window_min = 20000,
     .window_max = 150000,
     .warmup = 500,
     .match_deals = 1000,
     .players = "4:0.5,5:0.5",
     .cards = "5,6,7",
     .curriculum = "2x20:25,2x30:60,3x30",
     .format = ROUND,
     .width = 256,
     .layers = 3,
     .hidden = 512,
     .heads = 8,
     .policy_hidden = 256,
     .value_hidden = 128,
     .epochs = 5,
     .rate = 7e-4,
     .rate_min = 5e-5,
     .ema = 0.998,
     .batch = 512,
     .match_every = 10,
     .rate_schedule = COSINE},
    {.iterations = 500,
     .games = 10000,
     .window_min = 50000,
     .window_max = 500000,
     .warmup = 2000,
     .match_deals = 2000,
     .players = "4:0.15,5:0.70,6:0.15",
     .cards = "7",
     .curriculum = "1x15:50,2x25:150,3x35:300,4x45:450,5x50:500",
     .format = FULL,
     .width = 256,
     .layers = 6,
     .hidden = 1024,
     .heads = 8,
     .policy_hidden = 256,
     .value_hidden = 128,
     .epochs = 10,
     .rate = 5e-4,
     .rate_min = 2e-5,
     .ema = 0.999,
     .batch = 512,
     .match_every = 25,
     .rate_schedule = COSINE}};

void train_preset_apply(void *options, int choice) {
    TrainOptions *o = options;
    const Preset *p = &presets[choice];
    o->iterations = p->iterations;
    o->games = p->games;
    o->window_min = p->window_min;
    o->window_max = p->window_max;
    o->warmup = p->warmup;
    o->match_deals = p->match_deals;
    o->players = p->players;
    o->cards = p->cards;
    o->curriculum = p->curriculum;
    o->format = p->format;
    o->width = p->width;
    o->layers = p->layers;
    o->hidden = p->hidden;
    o->heads = p->heads;
    o->policy_hidden = p->policy_hidden;
    o->value_hidden = p->value_hidden;
    o->epochs = p->epochs;
    o->rate = p->rate;
    o->rate_min = p->rate_min;
    o->ema = p->ema;
    o->batch = p->batch;
    o->match_every = p->match_every;
    o->rate_schedule = p->rate_schedule;
}
