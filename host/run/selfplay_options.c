/* host/run/selfplay_options.c - the table of options, their defaults, and what they mean
 * together. */
#include "selfplay_options.h"

#include "device/search/root.h"
#include "host/options/network_options.h"

static const char *const rules_names[] = {"blob", "oh-hell", NULL};
static const char *const format_names[] = {"round", "full", NULL};
static const char *const trump_names[] = {"drawn", "S", "H", "C", "D", "N", NULL};
static const char *const search_names[] = {"puct", NULL};
static const char *const evaluator_names[] = {"net", "uniform", "hash", NULL};
static const char *const power_names[] = {"best", "1", "2", "4", NULL};
static const char *const budget_names[] = {"light", "medium", "heavy", NULL};

static const int power_values[] = {ROOT_BEST, 1, 2, 4};

static void budget_preset(void *options, int choice) {
    SelfplayOptions *o = options;
    o->worlds = selfplay_budgets[choice].worlds;
    o->simulations = selfplay_budgets[choice].simulations;
}

#define AT(field) offsetof(SelfplayOptions, field)
#define SEED_MAX  9007199254740991.0 /* 2^53 - 1: exact in JSON */

static const Option selfplay_options[] = {
    {"games", "N", "games in total; a run started again plays what is missing (4096)", OPTION_INT64,
     AT(games), 1, 1e12, NULL, NULL, 0},
    {"out", "DIR", "folder for the games; made if missing, resumed if it holds this run (games)",
     OPTION_TEXT, AT(out), 0, 0, NULL, NULL, 0},
    {"seed", "N", "same seed, same games, byte for byte (1)", OPTION_INT64, AT(seed), 0, SEED_MAX,
     NULL, NULL, 1},
    {"players", "P", "seats: 2..8, oh-hell 3..7 (4)", OPTION_INT, AT(players), 2, 8, NULL, NULL, 1},
    {"cards", "T", "cards dealt to each; of the first round with --format full (5)", OPTION_INT,
     AT(cards), 1, MAX_HAND, NULL, NULL, 1},
    {"rules", "NAME", "blob, or oh-hell as in OpenSpiel (blob)", OPTION_CHOICE, AT(rules), 0, 0,
     rules_names, NULL, 1},
    {"points", "N", "oh-hell: points a trick (1)", OPTION_INT, AT(points), 0, 255, NULL, NULL, 1},
    {"penalty", NULL, "oh-hell: a missed bid costs points a trick off", OPTION_FLAG, AT(penalty), 0,
     0, NULL, NULL, 1},
    {"format", "NAME", "round: a game is one round; full: the whole sequence (round)",
     OPTION_CHOICE, AT(format), 0, 0, format_names, NULL, 1},
    {"trump", "SUIT", "S H C D N pins the first round's trump (drawn)", OPTION_CHOICE, AT(trump), 0,
     0, trump_names, NULL, 1},
    {"dealer", "SEAT", "pins the first round's dealer; -1 draws it (-1)", OPTION_INT, AT(dealer),
     -1, 7, NULL, NULL, 1},
    {"budget", "NAME", "light 2x20, medium 3x30, heavy 5x50 worlds x simulations (medium)",
     OPTION_PRESET, 0, 0, 0, budget_names, budget_preset, 0},
    {"worlds", "W", "deals drawn for each decision, a tree each (3)", OPTION_INT, AT(worlds), 1,
     255, NULL, NULL, 1},
    {"simulations", "S", "descents in each tree (30)", OPTION_INT, AT(simulations), 1,
     SEARCH_MAX_SIMULATIONS, NULL, NULL, 1},
    {"leaves", "K", "descents of a tree before its rows are evaluated together (1)", OPTION_INT,
     AT(leaves), 1, SEARCH_MAX_LEAVES, NULL, NULL, 1},
    {"search", "NAME", "puct", OPTION_CHOICE, AT(search), 0, 0, search_names, NULL, 1},
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
    {"evaluator", "NAME", "net; uniform and hash need no network (net)", OPTION_CHOICE,
     AT(evaluator), 0, 0, evaluator_names, NULL, 1},
    {"weights", "FILE", "safetensors by PyTorch's names; without: a seeded random network",
     OPTION_TEXT, AT(weights), 0, 0, NULL, NULL, 0},
    {"weights-seed", "N", "seed of the random network (1)", OPTION_INT64, AT(weights_seed), 0,
     SEED_MAX, NULL, NULL, 0},
    {"precision", "NAME", NETWORK_PRECISION_HELP, OPTION_CHOICE, AT(precision), 0, 0,
     network_precision_words, NULL, 0},
    {"network", "NAME", NETWORK_WAY_HELP, OPTION_CHOICE, AT(network), 0, 0, network_words, NULL, 0},
    {"device", "NAME", "auto, cuda, cpu (auto)", OPTION_TEXT, AT(device), 0, 0, NULL, NULL, 0},
    {"parallel", "G", "games live at once; changes no game (what fills the device)", OPTION_INT,
     AT(parallel), 1, 1048576, NULL, NULL, 0},
    {"waves", "N", "waves between two looks of the host (simulations + 1)", OPTION_INT, AT(waves),
     1, 65536, NULL, NULL, 0},
    {"no-graph", NULL, "cuda: launch kernels one by one, to find the one that fails", OPTION_FLAG,
     AT(no_graph), 0, 0, NULL, NULL, 0},
    {"trace", "FILE",
     "draws the time line of the first 48 epochs, 64 MiB at most, for Perfetto or "
     "chrome://tracing",
     OPTION_TEXT, AT(timeline), 0, 0, NULL, NULL, 0},
    {"threads", "N", "CPU threads (all)", OPTION_INT, AT(threads), 1, 4096, NULL, NULL, 0},
    {"quiet", NULL, "no progress, only the summary", OPTION_FLAG, AT(quiet), 0, 0, NULL, NULL, 0},
    {NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};

const OptionTable selfplay_option_table = {
    "blob-gpu-selfplay",
    "Plays Blob (Oh Hell) against itself with batched tree search and a network, and writes every "
    "game as training data.\v"
    "  blob-gpu-selfplay --games 4096\n"
    "  blob-gpu-selfplay --games 100000 --players 5 --cards 7 --budget light --out five-seats\n\n"
    "The folder of --out gets shards of 4,096 games (games-NNNNNN.safetensors), run.json beside "
    "them. "
    "Stop at any time with Ctrl-C; the same command goes on and ends in the same bytes. "
    "blob-records checks and exports the folder. Exit status: 0 done or stopped, 1 failed, 2 "
    "an option, or what it names, was refused.",
    NULL, selfplay_options};

SelfplayOptions selfplay_options_default(void) {
    const SelfplayConfig c = selfplay_config_default();
    SelfplayOptions o;
    memset(&o, 0, sizeof o);
    o.games = 4096;
    o.seed = (int64_t)c.set.seed;
    o.weights_seed = 1;
    o.players = c.rules.players;
    o.cards = c.set.cards;
    o.points = 1;
    o.dealer = c.set.dealer;
    o.worlds = c.worlds;
    o.simulations = c.simulations;
    o.leaves = c.leaves;
    o.c_puct = c.c_puct;
    o.fpu = c.fpu;
    o.noise_weight = c.noise_weight;
    o.noise_alpha = (double)c.set.noise_alpha;
    o.explore_decisions = c.set.explore_decisions;
    while (power_values[o.move_power] != c.set.move_power) o.move_power++;
    o.device = "auto";
    o.out = "games";
    return o;
}

static Status refuse(const char *text) {
    fprintf(stderr, "%s\n", text);
    return STATUS_INPUT;
}

Status selfplay_options_check(const SelfplayOptions *o) {
    char text[256];
    SelfplayConfig c = selfplay_options_config(o);
    int variant = o->rules;
    if (o->players < rules_min_players(variant) || o->players > rules_max_players(variant)) {
        snprintf(text, sizeof text, "--players %d: must be %d..%d with --rules %s", o->players,
                 rules_min_players(variant), rules_max_players(variant), rules_names[variant]);
        return refuse(text);
    }
    if (o->cards > round_max_cards(&c.rules)) {
        snprintf(text, sizeof text, "--cards %d: must be 1..%d with --players %d%s", o->cards,
                 round_max_cards(&c.rules), o->players,
                 variant == RULES_OH_HELL ? " and a card turned up" : "");
        return refuse(text);
    }
    if (variant == RULES_OH_HELL && o->trump != 0)
        return refuse("--trump: not with --rules oh-hell, where a card is turned up");
    if (variant == RULES_BLOB && (o->points != 1 || o->penalty))
        return refuse("--points, --penalty: only with --rules oh-hell");
    if (o->dealer >= o->players) {
        snprintf(text, sizeof text, "--dealer %d: must be -1..%d with --players %d", o->dealer,
                 o->players - 1, o->players);
        return refuse(text);
    }
    int64_t visits = (int64_t)o->worlds * o->simulations;
    int power = power_values[o->move_power];
    if (visits > UINT16_MAX || !root_power_fits((uint64_t)visits, power)) {
        snprintf(text, sizeof text,
                 "--simulations %d: with --worlds %d the visits reach %lld; at most 65535, and to "
                 "the power of --move-power below 2^64",
                 o->simulations, o->worlds, (long long)visits);
        return refuse(text);
    }
    return STATUS_OK;
}

SelfplayConfig selfplay_options_config(const SelfplayOptions *o) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.variant = (uint8_t)o->rules;
    c.rules.players = (uint8_t)o->players;
    c.rules.points = (uint8_t)(o->rules == RULES_OH_HELL ? o->points : 0);
    c.rules.penalty = (uint8_t)(o->rules == RULES_OH_HELL && o->penalty);
    c.set.seed = (uint64_t)o->seed;
    c.set.cards = o->cards;
    c.set.full = o->format;
    c.set.dealer = o->dealer;
    c.set.trump = o->trump - 1; /* "drawn" is -1 */
    c.set.explore_decisions = o->explore_decisions;
    c.set.move_power = power_values[o->move_power];
    c.set.noise_alpha = (float)o->noise_alpha;
    c.parallel = o->parallel;
    c.worlds = o->worlds;
    c.simulations = o->simulations;
    c.leaves = o->leaves;
    c.waves = o->waves ? o->waves : o->simulations + 1;
    c.c_puct = o->c_puct;
    c.fpu = o->fpu;
    c.noise_weight = o->noise_weight;
    c.evaluator = (Evaluator)o->evaluator;
    c.graph = !o->no_graph;
    return c;
}
