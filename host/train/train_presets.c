/* host/train/train_presets.c - the presets of blob-train, and the defaults that they share. */
#include "train_options.h"

/* Words of --format and --rate-schedule. */
enum { ROUND, FULL };
enum { CONSTANT, COSINE };

const char *const train_preset_names[] = {"tiny", "policy", "small", "reference", NULL};

/* Tables and network of the presets for two cores. */
#define TINY_SIZES                                                              \
    .play.players = "3:0.5,4:0.5", .play.cards = "3,4,5", .curriculum = "3x20", \
    .play.format = ROUND, .width = 128, .layers = 2, .hidden = 256, .heads = 4, \
    .policy_hidden = 128, .value_hidden = 64

/* What presets differ in. */
static const TrainOptions presets[TRAIN_PRESET_COUNT] = {
    [TRAIN_PRESET_TINY] = {.iterations = 100,
                           .games = 4000,
                           .window_min = 16000,
                           .window_max = 80000,
                           .warmup = 100,
                           .match_deals = 500,
                           TINY_SIZES,
                           .epochs = 3,
                           .rate = 1e-3,
                           .rate_min = 1e-4,
                           .ema = 0.99,
                           .batch = 256,
                           .match_every = 10,
                           .rate_schedule = COSINE},
    [TRAIN_PRESET_POLICY] = {.method = TRAIN_POLICY,
                             .iterations = 220,
                             .games = 9000,
                             .window_min = 9000,
                             .window_max = 9000,
                             .warmup = 50,
                             .match_deals = 500,
                             TINY_SIZES,
                             .epochs = 2,
                             .rate = 1e-3,
                             .rate_min = 5e-5,
                             .beta2 = 0.99,
                             .value_weight = 2,
                             .ema = 0.999,
                             .batch = 2048,
                             .match_every = 20,
                             .rate_schedule = COSINE},
    [TRAIN_PRESET_SMALL] = {.iterations = 100,
                            .games = 5000,
                            .window_min = 20000,
                            .window_max = 150000,
                            .warmup = 500,
                            .match_deals = 1000,
                            .play.players = "4:0.5,5:0.5",
                            .play.cards = "5,6,7",
                            .curriculum = "2x20:25,2x30:60,3x30",
                            .play.format = ROUND,
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
    [TRAIN_PRESET_REFERENCE] = {.iterations = 500,
                                .games = 10000,
                                .window_min = 50000,
                                .window_max = 500000,
                                .warmup = 2000,
                                .match_deals = 2000,
                                .play.players = "4:0.15,5:0.70,6:0.15",
                                .play.cards = "7",
                                .curriculum = "1x15:50,2x25:150,3x35:300,4x45:450,5x50:500",
                                .play.format = FULL,
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

TrainOptions train_preset_options(TrainPreset preset) {
    const TrainSettings settings = train_settings_default();
    TrainOptions o = presets[preset];
    play_options_default(&o.play);
    o.out = "run";
    o.keep = 5;
    o.replay_compress = 1;
    o.accumulate = 1;
    o.decay = o.method == TRAIN_POLICY ? 0 : settings.decay;
    o.beta1 = settings.beta1;
    if (o.beta2 == 0) o.beta2 = settings.beta2;
    o.clip = settings.clip;
    if (o.value_weight == 0) o.value_weight = settings.value_weight;
    o.ratio_clip = 0.2;
    o.entropy_weight = settings.entropy_weight;
    o.advantage_scale = settings.advantage_scale;
    o.window_exponent = 0.75;
    o.window_scale = 0.4;
    o.match_margin = 0.25;
    return o;
}

void train_preset_apply(void *options, int preset) {
    *(TrainOptions *)options = train_preset_options((TrainPreset)preset);
}
