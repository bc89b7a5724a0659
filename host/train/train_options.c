/* host/train/train_options.c - the table of options, their defaults, and what of them decides a
 * run. */
#include "train_options.h"

#include <string.h>

#include "game/observe.h"
#include "checkpoint.h"

static const char *const rate_names[] = {"constant", "cosine", NULL};
static const char *const precision_names[] = {"auto", "float32", "bf16", NULL};

#define AT(field) offsetof(TrainOptions, field)
#define PLAY      AT(play)
#define GAMES_MAX 268435456.0 /* 2^28: a window and what is under way fit a replay */

/* clang-format off */
static const Option train_options[] = {
    {.name = "preset", .arg = "NAME", .kind = OPTION_PRESET, .choices = train_preset_names,
     .preset = train_preset_apply,
     .help = "tiny: two cores, minutes; small: one GPU, or a night without; reference: 5 million "
             "full games (reference). The defaults below are reference's; options override, "
             "wherever they stand"},
    {.name = "out", .arg = "RUN", .kind = OPTION_TEXT, .offset = AT(out),
     .help = "folder of the run; made if missing, gone on with if it holds this run (run)"},
    {.name = "fresh", .kind = OPTION_FLAG, .offset = AT(fresh),
     .help = "begin again: removes the run that is in RUN, and no other files"},
    {.name = "salvage", .kind = OPTION_FLAG, .offset = AT(salvage),
     .help = "where games of the window are damaged, goes on with those behind them: no longer "
             "the bytes of a run without damage"},
    PLAY_SEED_ROW(PLAY, "of games, draws and first weights; same seed, same run (1)"),
    {.name = "iterations", .arg = "N", .kind = OPTION_INT64, .offset = AT(iterations), .min = 1,
     .max = 1e8,
     .help = "times to play and train; a run that is done goes on with more (500)"},
    {.name = "games", .arg = "N", .kind = OPTION_INT64, .offset = AT(games), .min = 1,
     .max = GAMES_MAX, .decides = 1,
     .help = "games an iteration (10000)"},
    PLAY_TABLE_ROWS(PLAY,
                    "seats and their shares: 4, or 4:0.15,5:0.70,6:0.15 (that)",

                    "cards each, of the first round with --format full: 7, or 5:1,6:2 (7)"),
    PLAY_FORMAT_ROW(PLAY, "full"),
    PLAY_RULES_ROWS(PLAY),
    {.name = "curriculum", .arg = "LIST", .kind = OPTION_TEXT, .offset = AT(curriculum),
     .help = "worlds x simulations of a decision, and up to which iteration; the last holds on "
             "(1x15:50,2x25:150,3x35:300,4x45:450,5x50:500)"},
    PLAY_SEARCH_ROWS(PLAY),
    PLAY_MOVE_ROWS(PLAY),
    {.name = "width", .arg = "C", .kind = OPTION_INT, .offset = AT(width), .min = 32, .max = 8192,
     .decides = 1,
     .help = "width of the network, a multiple of 32 (256)"},
    {.name = "layers", .arg = "L", .kind = OPTION_INT, .offset = AT(layers), .min = 1, .max = 64,
     .decides = 1,
     .help = "encoder layers (6)"},
    {.name = "hidden", .arg = "N", .kind = OPTION_INT, .offset = AT(hidden), .min = 32,
     .max = 32768, .decides = 1,
     .help = "width of the feed-forward part, a multiple of 32 (1024)"},
    {.name = "heads", .arg = "H", .kind = OPTION_INT, .offset = AT(heads), .min = 1, .max = 256,
     .decides = 1,
     .help = "attention heads; they divide the width (8)"},
    {.name = "policy-hidden", .arg = "N", .kind = OPTION_INT, .offset = AT(policy_hidden),
     .min = 32, .max = 8192, .decides = 1,
     .help = "width of the policy head, a multiple of 32 (256)"},
    {.name = "value-hidden", .arg = "N", .kind = OPTION_INT, .offset = AT(value_hidden), .min = 32,
     .max = 8192, .decides = 1,
     .help = "width of the value head, a multiple of 32 (128)"},
    {.name = "epochs", .arg = "X", .kind = OPTION_REAL, .offset = AT(epochs), .min = 0.01,
     .max = 1000, .decides = 1,
     .help = "times that an iteration trains on as many examples as it has played (10)"},
    {.name = "batch", .arg = "N", .kind = OPTION_INT, .offset = AT(batch), .min = 1, .max = 65536,
     .decides = 1,
     .help = "examples a batch (512)"},
    {.name = "accumulate", .arg = "N", .kind = OPTION_INT, .offset = AT(accumulate), .min = 1,
     .max = 1024, .decides = 1,
     .help = "batches whose gradients make one step (1)"},
    {.name = "rate", .arg = "X", .kind = OPTION_REAL, .offset = AT(rate), .min = 1e-9, .max = 10,
     .decides = 1,
     .help = "learning rate of AdamW (0.0005)"},
    {.name = "rate-schedule", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(rate_schedule),
     .choices = rate_names, .decides = 1,
     .help = "constant, or cosine: falls to --rate-min at the end of the run, whose --iterations "
             "are then fixed (cosine)"},
    {.name = "rate-min", .arg = "X", .kind = OPTION_REAL, .offset = AT(rate_min), .min = 0,
     .max = 10, .decides = 1,
     .help = "where a cosine rate ends (0.00002)"},
    {.name = "warmup", .arg = "N", .kind = OPTION_INT64, .offset = AT(warmup), .min = 0,
     .max = 1e9, .decides = 1,
     .help = "first steps, over which the rate rises from 0 (2000)"},
    {.name = "decay", .arg = "X", .kind = OPTION_REAL, .offset = AT(decay), .min = 0, .max = 10,
     .decides = 1,
     .help = "weight decay, decoupled (0.01)"},
    {.name = "beta1", .arg = "X", .kind = OPTION_REAL, .offset = AT(beta1), .min = 0,
     .max = 0.999999, .decides = 1,
     .help = "AdamW: memory of the gradient (0.9)"},
    {.name = "beta2", .arg = "X", .kind = OPTION_REAL, .offset = AT(beta2), .min = 0,
     .max = 0.99999999, .decides = 1,
     .help = "AdamW: memory of its square (0.999)"},
    {.name = "clip", .arg = "X", .kind = OPTION_REAL, .offset = AT(clip), .min = 1e-6, .max = 1e6,
     .decides = 1,
     .help = "greatest norm of a step's gradient (1)"},
    {.name = "ema", .arg = "X", .kind = OPTION_REAL, .offset = AT(ema), .min = 0,
     .max = 0.99999999, .decides = 1,
     .help = "memory of the averaged weights, which play (0.999)"},
    {.name = "value-weight", .arg = "X", .kind = OPTION_REAL, .offset = AT(value_weight), .min = 0,
     .max = 1000, .decides = 1,
     .help = "weight of the value's error beside the policy's (1)"},
    {.name = "window-min", .arg = "GAMES", .kind = OPTION_INT64, .offset = AT(window_min),
     .min = 1, .max = GAMES_MAX, .decides = 1,
     .help = "up to here every game played is trained on (50000)"},
    {.name = "window-max", .arg = "GAMES", .kind = OPTION_INT64, .offset = AT(window_max),
     .min = 1, .max = GAMES_MAX, .decides = 1,
     .help = "the latest games that are trained on, at most (500000)"},
    {.name = "window-exponent", .arg = "X", .kind = OPTION_REAL, .offset = AT(window_exponent),
     .min = 0.01, .max = 1, .decides = 1,
     .help = "in between the window grows as this power of all games (0.75)"},
    {.name = "window-scale", .arg = "X", .kind = OPTION_REAL, .offset = AT(window_scale), .min = 0,
     .max = 1, .decides = 1,
     .help = "by how many games for one played, where it begins to grow (0.4)"},
    {.name = "replay-compress", .arg = "0|1", .kind = OPTION_INT, .offset = AT(replay_compress),
     .min = 0, .max = 1,
     .help = "1: replay files compressed by zstd (1)"},
    {.name = "arena-every", .arg = "N", .kind = OPTION_INT, .offset = AT(match_every), .min = 0,
     .max = 1e6, .decides = 1,
     .help = "iterations between two matches against the best; 0: never (25)"},
    {.name = "arena-deals", .arg = "N", .kind = OPTION_INT64, .offset = AT(match_deals), .min = 2,
     .max = 1e8, .decides = 1,
     .help = "deals of a match at most, each played with all seats swapped (2000)"},
    {.name = "arena-gate", .kind = OPTION_FLAG, .offset = AT(match_gate), .decides = 1,
     .help = "games are played by the best, not by the latest"},
    {.name = "arena-margin", .arg = "X", .kind = OPTION_REAL, .offset = AT(match_margin),
     .min = 0.001, .max = 100, .decides = 1,
     .help = "points a round by which the new must be better to be found so (0.25)"},
    {.name = "arena-worlds", .arg = "W", .kind = OPTION_INT, .offset = AT(match_worlds), .min = 0,
     .max = 255, .decides = 1,
     .help = "worlds in matches; 0: the curriculum's (0)"},
    {.name = "arena-simulations", .arg = "S", .kind = OPTION_INT, .offset = AT(match_simulations),
     .min = 0, .max = SEARCH_MAX_SIMULATIONS, .decides = 1,
     .help = "simulations in matches; 0: the curriculum's (0)"},
    {.name = "overlap", .kind = OPTION_FLAG, .offset = AT(overlap), .decides = 1,
     .help = "play and train at once: games are played by weights one iteration older"},
    {.name = "keep", .arg = "N", .kind = OPTION_INT, .offset = AT(keep), .min = 1, .max = 1e6,
     .help = "latest checkpoints to keep (5)"},
    {.name = "precision", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(precision),
     .choices = precision_names,
     .help = "of training: float32, bf16 (cuda only); auto: bf16 on cuda (auto)"},
    PLAY_NETWORK_ROWS(PLAY, "play-precision", "of self-play: "),
    PLAY_DEVICE_ROWS(PLAY, "no progress, only errors and the summary"),
    {.name = NULL}};
/* clang-format on */

const OptionTable train_option_table = {
    "blob-train",
    "Learns Blob (Oh Hell) from nothing: plays against itself with tree search, trains a network, "
    "plays with the better network, and so on.\v"
    "  blob-train --preset tiny                     # minutes on two cores: a first run\n"
    "  blob-train --preset small --players 4 --out four-seats\n"
    "  blob-train --preset tiny --config my.json    # {\"games\": 3000, \"rate\": 0.002}\n\n"
    "The folder of --out gets checkpoints, the games that are still trained on, metrics.jsonl, and "
    "two networks for --weights of the other programs: weights.safetensors, the latest, and "
    "best.safetensors, which has won its matches. "
    "Of the columns of an iteration: loss is of the policy and the value, kl what the policy lacks "
    "of "
    "the search's, value its squared error, accuracy how often both prefer the same move, bids the "
    "share that was hit, score a seat's points a round; wait is of the training threads' time. "
    "Watch "
    "bids and score: loss may rise while play improves, since the search's own entropy does. "
    "Stop at any time with Ctrl-C, or pull the plug; the same command goes on and ends in the same "
    "bytes. Exit status: 0 done or stopped, 1 failed, 2 an option, or what it names, was refused.",
    NULL, train_options};

TrainOptions train_options_default(void) { return train_preset_options(TRAIN_PRESET_REFERENCE); }

void train_options_identity(const TrainOptions *o, const TrainSetup *setup, cJSON *identity) {
    char text[SCHEDULE_TEXT];
    cJSON_AddStringToObject(identity, "program", train_option_table.program);
    cJSON_AddStringToObject(identity, "checkpoint_version", CHECKPOINT_VERSION);
    snprintf(text, sizeof text, "%d", OBSERVE_VERSION);
    cJSON_AddStringToObject(identity, "observation_version", text);
    play_options_identity(&train_option_table, o, "leaves", identity);
    cJSON_AddStringToObject(identity, "players", setup->mix.players);
    cJSON_AddStringToObject(identity, "cards", setup->mix.cards);
    schedule_print_curriculum(&setup->schedule, text);
    cJSON_AddStringToObject(identity, "curriculum", text);
    if (!o->rate_schedule) return;
    snprintf(text, sizeof text, "%lld", (long long)o->iterations);
    cJSON_AddStringToObject(identity, "iterations", text);
}
