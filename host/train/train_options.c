/* host/train/train_options.c - the table of options, and which of them decide a run. */
#include "train_options.h"

#include <string.h>

#include "game/observe.h"
#include "checkpoint.h"

static const char *const method_names[] = {"search", "policy", NULL};
static const char *const rate_names[] = {"constant", "cosine", NULL};
static const char *const precision_names[] = {"auto", "float32", "bf16", NULL};

#define AT(field) offsetof(TrainOptions, field)
#define PLAY      AT(play)
#define GAMES_MAX 268435456.0 /* 2^28: the ring holds a window and an iteration */

/* clang-format off */
static const Option train_options[] = {
    OPTION_GROUP("Run:"),
    {.name = "preset", .arg = "NAME", .kind = OPTION_PRESET, .choices = train_preset_names,
     .preset = train_preset_apply,
     .help = "tiny: minutes on two cores; policy: the same network and tables by --method policy; "
             "small: one GPU, or a night without; reference: 5 million full games (reference). Other options override a preset, in any order; the "
             "defaults below are those of reference"},
    {.name = "out", .arg = "DIR", .kind = OPTION_TEXT, .offset = AT(out),
     .help = "folder of the run; created, or resumed if it holds this run (run)"},
    {.name = "fresh", .kind = OPTION_FLAG, .offset = AT(fresh),
     .help = "starts over: removes the run in DIR, but no other files"},
    {.name = "weights", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(weights),
     .help = "a new run begins with these weights: a file that other programs take, or a checkpoint,"
             " whose averaged weights it takes too; a resumed run does not need them (random ones)"},
    {.name = "change", .kind = OPTION_FLAG, .offset = AT(change),
     .help = "goes on with the new options from the newest checkpoint, and the same bytes follow "
             "from there; run.json says which, since when. May change: games, iterations, overlap, "
             "precision, play-precision, network, processes and device, and all options of search, "
             "exploration, training, window and matches. Not: seed, games' tables and rules, "
             "network's sizes"},
    {.name = "salvage", .kind = OPTION_FLAG, .offset = AT(salvage),
     .help = "if games of the window are damaged, resumes with those that follow them; the "
             "result then differs from that of an undamaged run"},
    PLAY_SEED_ROW(PLAY,
                  "of games, sampling and initial weights; the same seed makes the same run (1)"),
    {.name = "iterations", .arg = "N", .kind = OPTION_INT64, .offset = AT(iterations), .min = 1,
     .max = 1e8,
     .help = "iterations of playing and training; with more, a finished run continues (500)"},
    {.name = "games", .arg = "N", .kind = OPTION_INT64, .offset = AT(games), .min = 1,
     .max = GAMES_MAX, .decides = 1,
     .help = "games per iteration (10000)"},
    OPTION_GROUP("Method:"),
    {.name = "method", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(method),
     .choices = method_names,
     .help = "search: learns what tree search prefers; policy: no search, every seat draws from "
             "the network's policy, one row a decision, and learns from the scores by a clipped "
             "policy gradient (PPO): curriculum, noise and move options then mean nothing (search)"},
    {.name = "ratio-clip", .arg = "X", .kind = OPTION_REAL, .offset = AT(ratio_clip), .min = 1e-3,
     .max = 10,
     .help = "policy: an action's probability is pushed no further than by this ratio from what it "
             "was when played (0.2)"},
    {.name = "entropy-weight", .arg = "X", .kind = OPTION_REAL, .offset = AT(entropy_weight),
     .min = 0, .max = 10,
     .help = "policy: reward for an undecided policy, per nat of entropy (0.01)"},
    {.name = "advantage-scale", .arg = "X", .kind = OPTION_REAL, .offset = AT(advantage_scale),
     .min = 0, .max = 1000,
     .help = "policy: factor of score less predicted value, both 0 to 1, before it meets the other "
             "weights; about 1 / its usual size (3)"},
    OPTION_GROUP("Games:"),
    PLAY_TABLE_ROWS(PLAY,
                    "players at a table: a number, or numbers with their shares "
                    "(4:0.15,5:0.70,6:0.15)",

                    "cards dealt to each player, likewise; with --format full, in the first "
                    "round (7)"),
    PLAY_FORMAT_ROW(PLAY, "full"),
    PLAY_RULES_ROWS(PLAY),
    OPTION_GROUP("Search:"),
    {.name = "curriculum", .arg = "LIST", .kind = OPTION_TEXT, .offset = AT(curriculum),
     .help = "worlds x simulations of a decision, and the iteration up to which they hold "
             "(1x15:50,2x25:150,3x35:300,4x45:450,5x50:500)"},
    PLAY_SEARCH_ROWS(PLAY),
    OPTION_GROUP("Exploration:"),
    PLAY_MOVE_ROWS(PLAY),
    OPTION_GROUP("Network:"),
    {.name = "width", .arg = "C", .kind = OPTION_INT, .offset = AT(width), .min = 32, .max = 8192,
     .decides = 1,
     .help = "width of the network, a multiple of 32 (256)"},
    {.name = "layers", .arg = "L", .kind = OPTION_INT, .offset = AT(layers), .min = 1, .max = 64,
     .decides = 1,
     .help = "encoder layers (6)"},
    {.name = "hidden", .arg = "N", .kind = OPTION_INT, .offset = AT(hidden), .min = 32,
     .max = 32768, .decides = 1,
     .help = "width of the feed-forward layers, a multiple of 32 (1024)"},
    {.name = "heads", .arg = "H", .kind = OPTION_INT, .offset = AT(heads), .min = 1, .max = 256,
     .decides = 1,
     .help = "attention heads; must divide the width (8)"},
    {.name = "policy-hidden", .arg = "N", .kind = OPTION_INT, .offset = AT(policy_hidden),
     .min = 32, .max = 8192, .decides = 1,
     .help = "width of the policy head, a multiple of 32 (256)"},
    {.name = "value-hidden", .arg = "N", .kind = OPTION_INT, .offset = AT(value_hidden), .min = 32,
     .max = 8192, .decides = 1,
     .help = "width of the value head, a multiple of 32 (128)"},
    OPTION_GROUP("Training:"),
    {.name = "epochs", .arg = "X", .kind = OPTION_REAL, .offset = AT(epochs), .min = 0.01,
     .max = 1000, .decides = 1,
     .help = "examples trained on in an iteration, per example played in it (10)"},
    {.name = "batch", .arg = "N", .kind = OPTION_INT, .offset = AT(batch), .min = 1, .max = 65536,
     .decides = 1,
     .help = "examples per batch (512)"},
    {.name = "accumulate", .arg = "N", .kind = OPTION_INT, .offset = AT(accumulate), .min = 1,
     .max = 1024, .decides = 1,
     .help = "batches whose gradients are averaged for one step (1)"},
    {.name = "rate", .arg = "X", .kind = OPTION_REAL, .offset = AT(rate), .min = 1e-9, .max = 10,
     .decides = 1,
     .help = "learning rate of AdamW (0.0005)"},
    {.name = "rate-schedule", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(rate_schedule),
     .choices = rate_names, .decides = 1,
     .help = "constant; cosine: falls to --rate-min at the end of the run, so that other "
             "--iterations later need --change (cosine)"},
    {.name = "rate-min", .arg = "X", .kind = OPTION_REAL, .offset = AT(rate_min), .min = 0,
     .max = 10, .decides = 1,
     .help = "rate at the end of a cosine schedule (0.00002)"},
    {.name = "warmup", .arg = "N", .kind = OPTION_INT64, .offset = AT(warmup), .min = 0,
     .max = 1e9, .decides = 1,
     .help = "steps over which the rate first rises from 0 (2000)"},
    {.name = "decay", .arg = "X", .kind = OPTION_REAL, .offset = AT(decay), .min = 0, .max = 10,
     .decides = 1,
     .help = "decoupled weight decay (0.01)"},
    {.name = "beta1", .arg = "X", .kind = OPTION_REAL, .offset = AT(beta1), .min = 0,
     .max = 0.999999, .decides = 1,
     .help = "AdamW: decay of the average gradient (0.9)"},
    {.name = "beta2", .arg = "X", .kind = OPTION_REAL, .offset = AT(beta2), .min = 0,
     .max = 0.99999999, .decides = 1,
     .help = "AdamW: decay of its average square (0.999)"},
    {.name = "clip", .arg = "X", .kind = OPTION_REAL, .offset = AT(clip), .min = 1e-6, .max = 1e6,
     .decides = 1,
     .help = "gradients are scaled down to this norm (1)"},
    {.name = "ema", .arg = "X", .kind = OPTION_REAL, .offset = AT(ema), .min = 0,
     .max = 0.99999999, .decides = 1,
     .help = "decay of the averaged weights, which play (0.999)"},
    {.name = "value-weight", .arg = "X", .kind = OPTION_REAL, .offset = AT(value_weight), .min = 0,
     .max = 1000, .decides = 1,
     .help = "weight of the value loss relative to the policy loss (1)"},
    OPTION_GROUP("Window of games that are trained on:"),
    {.name = "window-min", .arg = "GAMES", .kind = OPTION_INT64, .offset = AT(window_min),
     .min = 1, .max = GAMES_MAX, .decides = 1,
     .help = "the window holds all games up to this number (50000)"},
    {.name = "window-max", .arg = "GAMES", .kind = OPTION_INT64, .offset = AT(window_max),
     .min = 1, .max = GAMES_MAX, .decides = 1,
     .help = "and never more than this number (500000)"},
    {.name = "window-exponent", .arg = "X", .kind = OPTION_REAL, .offset = AT(window_exponent),
     .min = 0.01, .max = 1, .decides = 1,
     .help = "in between it grows as this power of all games played (0.75)"},
    {.name = "window-scale", .arg = "X", .kind = OPTION_REAL, .offset = AT(window_scale), .min = 0,
     .max = 1, .decides = 1,
     .help = "games it grows by for each one played, at first (0.4)"},
    {.name = "replay-compress", .arg = "0|1", .kind = OPTION_INT, .offset = AT(replay_compress),
     .min = 0, .max = 1,
     .help = "1: compresses replay files by zstd (1)"},
    OPTION_GROUP("Matches against the best network so far:"),
    {.name = "arena-every", .arg = "N", .kind = OPTION_INT, .offset = AT(match_every), .min = 0,
     .max = 1e6, .decides = 1,
     .help = "iterations between two matches; 0: no matches (25)"},
    {.name = "arena-deals", .arg = "N", .kind = OPTION_INT64, .offset = AT(match_deals), .min = 2,
     .max = 1e8, .decides = 1,
     .help = "deals of a match, at most; each is played twice with the seats swapped (2000)"},
    {.name = "arena-gate", .kind = OPTION_FLAG, .offset = AT(match_gate), .decides = 1,
     .help = "self-play uses the best network instead of the latest"},
    {.name = "arena-margin", .arg = "X", .kind = OPTION_REAL, .offset = AT(match_margin),
     .min = 0.001, .max = 100, .decides = 1,
     .help = "points a round that the sequential test asks of a better network (0.25)"},
    {.name = "arena-worlds", .arg = "W", .kind = OPTION_INT, .offset = AT(match_worlds), .min = 0,
     .max = 255, .decides = 1,
     .help = "worlds in matches; 0: as in self-play (0)"},
    {.name = "arena-simulations", .arg = "S", .kind = OPTION_INT, .offset = AT(match_simulations),
     .min = 0, .max = SEARCH_MAX_SIMULATIONS, .decides = 1,
     .help = "simulations in matches; 0: as in self-play (0)"},
    OPTION_GROUP("Device and output:"),
    {.name = "overlap", .kind = OPTION_FLAG, .offset = AT(overlap), .decides = 1,
     .help = "plays and trains at once: games are played by weights one iteration older"},
    {.name = "keep", .arg = "N", .kind = OPTION_INT, .offset = AT(keep), .min = 1, .max = 1e6,
     .help = "latest checkpoints that are kept (5)"},
    {.name = "precision", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(precision),
     .choices = precision_names,
     .help = "of training: float32; bf16 (cuda only); auto: bf16 on cuda, float32 on cpu (auto)"},
    PLAY_NETWORK_ROWS(PLAY, "play-precision", "of self-play: "),
    PLAY_DEVICE_ROWS(PLAY, "prints errors and the summary only, no progress"),
    {.name = NULL}};
/* clang-format on */

const OptionTable train_option_table = {
    .program = "blob-train",
    .about =
        "Learns Blob (Oh Hell) from scratch: plays against itself with tree search, trains a "
        "network on the games, plays with the better network, and so on.\v"
        "  blob-train --preset tiny                    # minutes on two cores\n"
        "  blob-train --preset small --players 4 --out four-seats\n"
        "  blob-train --preset tiny --iterations 200 --rate 0.0005 --change   # goes on for "
        "longer\n"
        "  blob-train --preset tiny --config my.json   # {\"games\": 3000, \"rate\": 0.002}\n\n"
        "Defaults are in parentheses. The folder of --out receives checkpoints, the games of the "
        "window, metrics.jsonl, and two networks for --weights of other programs: "
        "weights.safetensors, the latest, and best.safetensors, which won its matches. The columns "
        "printed for an iteration: loss, of policy and value; kl, from the search's policy to the "
        "network's; value, its squared error; accuracy, how often both prefer the same move; bids, "
        "the share that was made; score, points of a seat in a round; wait, the share of time that "
        "training waits for batches. Watch bids and score: as play improves the loss may rise, "
        "since the entropy of the search does. Stop at any time with Ctrl-C, or pull the plug: the "
        "same command resumes the run, which ends in the same bytes; with --change and other "
        "options it goes on with those. " NETWORK_ISA_HELP "Exit status: 0 finished or "
        "stopped, 1 failed, 2 an option or a file that it names was refused.",
    .options = train_options};

TrainOptions train_options_default(void) { return train_preset_options(TRAIN_PRESET_REFERENCE); }

static void add_real(cJSON *identity, const char *key, double x) {
    char text[64];
    snprintf(text, sizeof text, "%.17g", x);
    cJSON_AddStringToObject(identity, key, text);
}

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
    if (o->method == TRAIN_POLICY) {
        cJSON_AddStringToObject(identity, "method", method_names[o->method]);
        add_real(identity, "ratio_clip", o->ratio_clip);
        add_real(identity, "entropy_weight", o->entropy_weight);
        add_real(identity, "advantage_scale", o->advantage_scale);
    }
    if (!o->rate_schedule) return;
    snprintf(text, sizeof text, "%lld", (long long)o->iterations);
    cJSON_AddStringToObject(identity, "iterations", text);
}
