/* host/train/train_options.c - the table of options, their defaults, and what of them decides a
 * run. */
#include "train_options.h"

#include <string.h>

#include "game/observe.h"
#include "device/search/root.h"
#include "host/options/network_options.h"
#include "checkpoint.h"

static const char *const rules_names[] = {"blob", "oh-hell", NULL};
static const char *const format_names[] = {"round", "full", NULL};
static const char *const search_names[] = {"puct", NULL};
static const char *const power_names[] = {"best", "1", "2", "4", NULL};
static const char *const rate_names[] = {"constant", "cosine", NULL};
static const char *const precision_names[] = {"auto", "float32", "bf16", NULL};

const int train_move_powers[] = {ROOT_BEST, 1, 2, 4};

#define AT(field) offsetof(TrainOptions, field)
#define SEED_MAX  9007199254740991.0 /* 2^53 - 1: exact in JSON */
#define GAMES_MAX 268435456.0        /* 2^28: a window and what is under way fit a replay */

static const Option train_options[] = {
    {"preset", "NAME",
     "tiny: two cores, minutes; small: one GPU, or a night without; reference: 5 million full "
     "games "
     "(reference). The defaults below are reference's; options override, wherever they stand",
     OPTION_PRESET, 0, 0, 0, train_preset_names, train_preset_apply, 0},
    {"out", "RUN", "folder of the run; made if missing, gone on with if it holds this run (run)",
     OPTION_TEXT, AT(out), 0, 0, NULL, NULL, 0},
    {"fresh", NULL, "begin again: removes the run that is in RUN, and no other files", OPTION_FLAG,
     AT(fresh), 0, 0, NULL, NULL, 0},
    {"salvage", NULL,
     "where games of the window are damaged, goes on with those behind them: no longer the bytes "
     "of a run without damage",
     OPTION_FLAG, AT(salvage), 0, 0, NULL, NULL, 0},
    {"seed", "N", "of games, draws and first weights; same seed, same run (1)", OPTION_INT64,
     AT(seed), 0, SEED_MAX, NULL, NULL, 1},
    {"iterations", "N", "times to play and train; a run that is done goes on with more (500)",
     OPTION_INT64, AT(iterations), 1, 1e8, NULL, NULL, 0},
    {"games", "N", "games an iteration (10000)", OPTION_INT64, AT(games), 1, GAMES_MAX, NULL, NULL,
     1},
    {"players", "MIX", "seats and their shares: 4, or 4:0.15,5:0.70,6:0.15 (that)", OPTION_TEXT,
     AT(players), 0, 0, NULL, NULL, 0},
    {"cards", "MIX", "cards each, of the first round with --format full: 7, or 5:1,6:2 (7)",
     OPTION_TEXT, AT(cards), 0, 0, NULL, NULL, 0},
    {"format", "NAME", "round: a game is one round; full: the whole sequence (full)", OPTION_CHOICE,
     AT(format), 0, 0, format_names, NULL, 1},
    {"rules", "NAME", "blob, or oh-hell as in OpenSpiel (blob)", OPTION_CHOICE, AT(rules), 0, 0,
     rules_names, NULL, 1},
    {"points", "N", "oh-hell: points a trick (1)", OPTION_INT, AT(points), 0, 255, NULL, NULL, 1},
    {"penalty", NULL, "oh-hell: a missed bid costs points a trick off", OPTION_FLAG, AT(penalty), 0,
     0, NULL, NULL, 1},
    {"curriculum", "LIST",
     "worlds x simulations of a decision, and up to which iteration; the last holds on "
     "(1x15:50,2x25:150,3x35:300,4x45:450,5x50:500)",
     OPTION_TEXT, AT(curriculum), 0, 0, NULL, NULL, 0},
    {"search", "NAME", "puct", OPTION_CHOICE, AT(search), 0, 0, search_names, NULL, 1},
    {"leaves", "K", "descents of a tree before its rows are evaluated together (1)", OPTION_INT,
     AT(leaves), 1, SEARCH_MAX_LEAVES, NULL, NULL, 1},
    {"c-puct", "X", "exploration (1.5)", OPTION_REAL, AT(c_puct), 1e-6, 1000, NULL, NULL, 1},
    {"fpu", "X", "first-play urgency: what an untried edge lacks (0.1)", OPTION_REAL, AT(fpu), 0,
     1000, NULL, NULL, 1},
    {"noise-weight", "X", "share of Dirichlet noise in the root's priors (0.25)", OPTION_REAL,
     AT(noise_weight), 0, 1, NULL, NULL, 1},
    {"noise-alpha", "X", "Dirichlet parameter times the number of legal actions (10)", OPTION_REAL,
     AT(noise_alpha), 1, 10000, NULL, NULL, 1},
    {"explore-decisions", "N", "first decisions of a round that move by visits to the power 1 (4)",
     OPTION_INT, AT(explore_decisions), 0, 1000, NULL, NULL, 1},
    {"move-power", "N", "power of the visits after that: 1, 2, 4, or best (4)", OPTION_CHOICE,
     AT(move_power), 0, 0, power_names, NULL, 1},
    {"width", "C", "width of the network, a multiple of 32 (256)", OPTION_INT, AT(width), 32, 8192,
     NULL, NULL, 1},
    {"layers", "L", "encoder layers (6)", OPTION_INT, AT(layers), 1, 64, NULL, NULL, 1},
    {"hidden", "N", "width of the feed-forward part, a multiple of 32 (1024)", OPTION_INT,
     AT(hidden), 32, 32768, NULL, NULL, 1},
    {"heads", "H", "attention heads; they divide the width (8)", OPTION_INT, AT(heads), 1, 256,
     NULL, NULL, 1},
    {"policy-hidden", "N", "width of the policy head, a multiple of 32 (256)", OPTION_INT,
     AT(policy_hidden), 32, 8192, NULL, NULL, 1},
    {"value-hidden", "N", "width of the value head, a multiple of 32 (128)", OPTION_INT,
     AT(value_hidden), 32, 8192, NULL, NULL, 1},
    {"epochs", "X", "times that an iteration trains on as many examples as it has played (10)",
     OPTION_REAL, AT(epochs), 0.01, 1000, NULL, NULL, 1},
    {"batch", "N", "examples a batch (512)", OPTION_INT, AT(batch), 1, 65536, NULL, NULL, 1},
    {"accumulate", "N", "batches whose gradients make one step (1)", OPTION_INT, AT(accumulate), 1,
     1024, NULL, NULL, 1},
    {"rate", "X", "learning rate of AdamW (0.0005)", OPTION_REAL, AT(rate), 1e-9, 10, NULL, NULL,
     1},
    {"rate-schedule", "NAME",
     "constant, or cosine: falls to --rate-min at the end of the run, whose --iterations are then "
     "fixed (cosine)",
     OPTION_CHOICE, AT(rate_schedule), 0, 0, rate_names, NULL, 1},
    {"rate-min", "X", "where a cosine rate ends (0.00002)", OPTION_REAL, AT(rate_min), 0, 10, NULL,
     NULL, 1},
    {"warmup", "N", "first steps, over which the rate rises from 0 (2000)", OPTION_INT64,
     AT(warmup), 0, 1e9, NULL, NULL, 1},
    {"decay", "X", "weight decay, decoupled (0.01)", OPTION_REAL, AT(decay), 0, 10, NULL, NULL, 1},
    {"beta1", "X", "AdamW: memory of the gradient (0.9)", OPTION_REAL, AT(beta1), 0, 0.999999, NULL,
     NULL, 1},
    {"beta2", "X", "AdamW: memory of its square (0.999)", OPTION_REAL, AT(beta2), 0, 0.99999999,
     NULL, NULL, 1},
    {"clip", "X", "greatest norm of a step's gradient (1)", OPTION_REAL, AT(clip), 1e-6, 1e6, NULL,
     NULL, 1},
    {"ema", "X", "memory of the averaged weights, which play (0.999)", OPTION_REAL, AT(ema), 0,
     0.99999999, NULL, NULL, 1},
    {"value-weight", "X", "weight of the value's error beside the policy's (1)", OPTION_REAL,
     AT(value_weight), 0, 1000, NULL, NULL, 1},
    {"window-min", "GAMES", "up to here every game played is trained on (50000)", OPTION_INT64,
     AT(window_min), 1, GAMES_MAX, NULL, NULL, 1},
    {"window-max", "GAMES", "the latest games that are trained on, at most (500000)", OPTION_INT64,
     AT(window_max), 1, GAMES_MAX, NULL, NULL, 1},
    {"window-exponent", "X", "in between the window grows as this power of all games (0.75)",
     OPTION_REAL, AT(window_exponent), 0.01, 1, NULL, NULL, 1},
    {"window-scale", "X", "by how many games for one played, where it begins to grow (0.4)",
     OPTION_REAL, AT(window_scale), 0, 1, NULL, NULL, 1},
    {"replay-compress", "0|1", "1: replay files compressed by zstd (1)", OPTION_INT,
     AT(replay_compress), 0, 1, NULL, NULL, 0},
    {"arena-every", "N", "iterations between two matches against the best; 0: never (25)",
     OPTION_INT, AT(match_every), 0, 1e6, NULL, NULL, 1},
    {"arena-deals", "N", "deals of a match at most, each played with all seats swapped (2000)",
     OPTION_INT64, AT(match_deals), 2, 1e8, NULL, NULL, 1},
    {"arena-gate", NULL, "games are played by the best, not by the latest", OPTION_FLAG,
     AT(match_gate), 0, 0, NULL, NULL, 1},
    {"arena-margin", "X", "points a round by which the new must be better to be found so (0.25)",
     OPTION_REAL, AT(match_margin), 0.001, 100, NULL, NULL, 1},
    {"arena-worlds", "W", "worlds in matches; 0: the curriculum's (0)", OPTION_INT,
     AT(match_worlds), 0, 255, NULL, NULL, 1},
    {"arena-simulations", "S", "simulations in matches; 0: the curriculum's (0)", OPTION_INT,
     AT(match_simulations), 0, SEARCH_MAX_SIMULATIONS, NULL, NULL, 1},
    {"overlap", NULL, "play and train at once: games are played by weights one iteration older",
     OPTION_FLAG, AT(overlap), 0, 0, NULL, NULL, 1},
    {"keep", "N", "latest checkpoints to keep (5)", OPTION_INT, AT(keep), 1, 1e6, NULL, NULL, 0},
    {"precision", "NAME", "of training: float32, bf16 (cuda only); auto: bf16 on cuda (auto)",
     OPTION_CHOICE, AT(precision), 0, 0, precision_names, NULL, 0},
    {"play-precision", "NAME", "of self-play: " NETWORK_PRECISION_HELP, OPTION_CHOICE,
     AT(play_precision), 0, 0, network_precision_words, NULL, 0},
    {"network", "NAME", "of self-play: " NETWORK_WAY_HELP, OPTION_CHOICE, AT(network), 0, 0,
     network_words, NULL, 0},
    {"device", "NAME", "auto, cuda, cpu (auto)", OPTION_TEXT, AT(device), 0, 0, NULL, NULL, 0},
    {"parallel", "G", "games live at once; changes no game (what fills the device)", OPTION_INT,
     AT(parallel), 1, 1048576, NULL, NULL, 0},
    {"waves", "N", "waves between two looks of the host (simulations + 1)", OPTION_INT, AT(waves),
     1, 65536, NULL, NULL, 0},
    {"no-graph", NULL, "cuda: launch kernels one by one, to find the one that fails", OPTION_FLAG,
     AT(no_graph), 0, 0, NULL, NULL, 0},
    {"threads", "N", "CPU threads (all)", OPTION_INT, AT(threads), 1, 4096, NULL, NULL, 0},
    {"quiet", NULL, "no progress, only errors and the summary", OPTION_FLAG, AT(quiet), 0, 0, NULL,
     NULL, 0},
    {NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};

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

TrainOptions train_options_default(void) {
    const SelfplayConfig c = selfplay_config_default();
    const TrainSettings set = train_settings_default();
    TrainOptions o;
    memset(&o, 0, sizeof o);
    train_preset_apply(&o, TRAIN_PRESET_REFERENCE);
    o.out = "run";
    o.device = "auto";
    o.keep = 5;
    o.replay_compress = 1;
    o.seed = 1;
    o.points = 1;
    o.leaves = c.leaves;
    o.c_puct = c.c_puct;
    o.fpu = c.fpu;
    o.noise_weight = c.noise_weight;
    o.noise_alpha = (double)c.set.noise_alpha;
    o.explore_decisions = c.set.explore_decisions;
    while (train_move_powers[o.move_power] != c.set.move_power) o.move_power++;
    o.accumulate = 1;
    o.decay = set.decay;
    o.beta1 = set.beta1;
    o.beta2 = set.beta2;
    o.clip = set.clip;
    o.value_weight = set.value_weight;
    o.window_exponent = 0.75;
    o.window_scale = 0.4;
    o.match_margin = 0.25;
    return o;
}

void train_options_identity(const TrainOptions *o, const TrainSetup *setup, cJSON *identity) {
    char text[SCHEDULE_TEXT];
    cJSON_AddStringToObject(identity, "program", train_option_table.program);
    cJSON_AddStringToObject(identity, "checkpoint_version", CHECKPOINT_VERSION);
    snprintf(text, sizeof text, "%d", OBSERVE_VERSION);
    cJSON_AddStringToObject(identity, "observation_version", text);
    options_identity(&train_option_table, o, identity);
    cJSON_AddStringToObject(identity, "players", setup->mix.players);
    cJSON_AddStringToObject(identity, "cards", setup->mix.cards);
    schedule_print_curriculum(&setup->schedule, text);
    cJSON_AddStringToObject(identity, "curriculum", text);
    if (!o->rate_schedule) return;
    snprintf(text, sizeof text, "%lld", (long long)o->iterations);
    cJSON_AddStringToObject(identity, "iterations", text);
}
