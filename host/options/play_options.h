/* host/options/play_options.h - how games are played: the options that blob-gpu-selfplay,
 * blob-arena and blob-train share.
 *
 * A program embeds a PlayOptions in its own options and lists the rows it uses; fields without a
 * row keep their defaults. */
#ifndef HOST_OPTIONS_PLAY_OPTIONS_H
#define HOST_OPTIONS_PLAY_OPTIONS_H

#include "device/play/selfplay.h"
#include "network_options.h"
#include "options.h"
#include "table_mix.h"

typedef struct {
    int64_t seed;
    /* the tables */
    const char *players, *cards; /* lists of table_mix.h */
    int rules, points, penalty, format;
    /* the search */
    int worlds, simulations, leaves;
    double c_puct, fpu;
    /* the moves of self-play */
    double noise_weight, noise_alpha;
    int explore_decisions, move_power; /* move_power: an index of play_move_powers */
    /* the device; the first two are words of network_options.h */
    int precision, network;
    const char *device;
    int parallel, waves; /* 0: automatic */
    int no_graph, threads, quiet;
} PlayOptions;

extern const int play_move_powers[]; /* what the words of --move-power mean */

/* Words of options, NULL at the end; for the rows below. */
extern const char *const play_rules_words[],
    *const play_format_words[], *const play_power_words[], *const play_budget_words[];

/* Sets a budget's worlds and simulations. options: PlayOptions. */
void play_budget_apply(void *options, int budget);

/* Sets every default but those of players, cards and format, which differ from program to
 * program. */
void play_options_default(PlayOptions *o);

/* Checks options against each other: points and penalty suit the rules, and worlds x simulations
 * the counters of visits; without simulations there is one world. STATUS_INPUT: refused and reported in one line. */
Status play_options_check(const PlayOptions *o);

/* Whether a decision's visits fit 16 bits, so that 64 hold them to any power of --move-power. */
enum { PLAY_VISITS_MAX = UINT16_MAX };
bool play_visits_fit(int worlds, int simulations);

/* Waves of an epoch unless --waves says: about one decision, or some without search. */
int play_waves(int simulations);

/* Games and search, but not the tables. The caller sets precision, network, model and, where it is
 * 0, parallel. */
SelfplayConfig play_options_config(const PlayOptions *o);

/* The tables of --players and --cards. */
void play_config_tables(SelfplayConfig *config, const TableMix *mix);

/* options_identity, and before the key `after_search` the name of the search, "puct". There is no
 * other, but files have named it from the beginning. */
void play_options_identity(const OptionTable *table, const void *options, const char *after_search,
                           cJSON *identity);

/* The rows. AT is the offset of the PlayOptions in the program's options; texts that differ from
 * program to program are arguments too. */
#define PLAY_AT(AT, FIELD) ((AT) + offsetof(PlayOptions, FIELD))

/* clang-format off */
#define PLAY_SEED_ROW(AT, HELP)                                                               \
    {.name = "seed", .arg = "N", .kind = OPTION_INT64, .offset = PLAY_AT(AT, seed), .min = 0, \
     .max = OPTION_SEED_MAX, .decides = 1,                                                    \
     .help = HELP}

/* Lists. An identity holds their canonical form, so these rows do not decide. */
#define PLAY_TABLE_ROWS(AT, PLAYERS_HELP, CARDS_HELP)                                      \
    {.name = "players", .arg = "MIX", .kind = OPTION_TEXT, .offset = PLAY_AT(AT, players), \
     .help = PLAYERS_HELP},                                                                \
    {.name = "cards", .arg = "MIX", .kind = OPTION_TEXT, .offset = PLAY_AT(AT, cards),     \
     .help = CARDS_HELP}

#define PLAY_RULES_ROWS(AT)                                                                     \
    {.name = "rules", .arg = "NAME", .kind = OPTION_CHOICE, .offset = PLAY_AT(AT, rules),       \
     .choices = play_rules_words, .decides = 1,                                                 \
     .help = "blob, or oh-hell as in OpenSpiel (blob)"},                                        \
    {.name = "points", .arg = "N", .kind = OPTION_INT, .offset = PLAY_AT(AT, points), .min = 0, \
     .max = 255, .decides = 1,                                                                  \
     .help = "oh-hell: points for each trick taken (1)"},                                       \
    {.name = "penalty", .kind = OPTION_FLAG, .offset = PLAY_AT(AT, penalty), .decides = 1,      \
     .help = "oh-hell: a missed bid costs --points for each trick over or under it"}

#define PLAY_FORMAT_ROW(AT, DEFAULT)                                                         \
    {.name = "format", .arg = "NAME", .kind = OPTION_CHOICE, .offset = PLAY_AT(AT, format),  \
     .choices = play_format_words, .decides = 1,                                             \
     .help = "round: a game is one round; full: the whole sequence of rounds (" DEFAULT ")"}

#define PLAY_BUDGET_ROWS(AT)                                                                    \
    {.name = "budget", .arg = "NAME", .kind = OPTION_PRESET, .offset = (AT),                    \
     .choices = play_budget_words, .preset = play_budget_apply,                                 \
     .help = "sets worlds x simulations: light 2x20, medium 3x30, heavy 5x50 (medium)"},        \
    {.name = "worlds", .arg = "W", .kind = OPTION_INT, .offset = PLAY_AT(AT, worlds), .min = 1, \
     .max = 255, .decides = 1,                                                                  \
     .help = "worlds sampled for each decision: deals of the hidden cards, with a tree each "   \
             "(3)"},                                                                            \
    {.name = "simulations", .arg = "S", .kind = OPTION_INT, .offset = PLAY_AT(AT, simulations), \
     .min = 0, .max = SEARCH_MAX_SIMULATIONS, .decides = 1,                                     \
     .help = "simulations in each tree; 0: no search, one row a decision, moves by the "        \
             "network's policy, with --worlds 1 (30)"}

#define PLAY_SEARCH_ROWS(AT)                                                                    \
    {.name = "leaves", .arg = "K", .kind = OPTION_INT, .offset = PLAY_AT(AT, leaves), .min = 1, \
     .max = SEARCH_MAX_LEAVES, .decides = 1,                                                    \
     .help = "leaves of a tree that are evaluated together (1)"},                               \
    {.name = "c-puct", .arg = "X", .kind = OPTION_REAL, .offset = PLAY_AT(AT, c_puct),          \
     .min = 1e-6, .max = 1000, .decides = 1,                                                    \
     .help = "PUCT's exploration constant (1.5)"},                                              \
    {.name = "fpu", .arg = "X", .kind = OPTION_REAL, .offset = PLAY_AT(AT, fpu), .min = 0,      \
     .max = 1000, .decides = 1,                                                                 \
     .help = "first-play urgency: reduction of the value of untried actions (0.1)"}

#define PLAY_MOVE_ROWS(AT)                                                                       \
    {.name = "noise-weight", .arg = "X", .kind = OPTION_REAL,                                    \
     .offset = PLAY_AT(AT, noise_weight), .min = 0, .max = 1, .decides = 1,                      \
     .help = "share of Dirichlet noise in the priors of the root (0.25)"},                       \
    {.name = "noise-alpha", .arg = "X", .kind = OPTION_REAL, .offset = PLAY_AT(AT, noise_alpha), \
     .min = 1, .max = 10000, .decides = 1,                                                       \
     .help = "Dirichlet concentration, summed over the legal actions (10)"},                     \
    {.name = "explore-decisions", .arg = "N", .kind = OPTION_INT,                                \
     .offset = PLAY_AT(AT, explore_decisions), .min = 0, .max = 1000, .decides = 1,              \
     .help = "decisions at the start of a round drawn in proportion to the visits (4)"},         \
    {.name = "move-power", .arg = "N", .kind = OPTION_CHOICE, .offset = PLAY_AT(AT, move_power), \
     .choices = play_power_words, .decides = 1,                                                  \
     .help = "later ones in proportion to visits^N: 1, 2, 4; best: the most visited (4)"}

#define PLAY_NETWORK_ROWS(AT, PRECISION_NAME, OF)                                             \
    {.name = PRECISION_NAME, .arg = "NAME", .kind = OPTION_CHOICE,                            \
     .offset = PLAY_AT(AT, precision), .choices = network_precision_words,                    \
     .help = OF NETWORK_PRECISION_HELP},                                                      \
    {.name = "network", .arg = "NAME", .kind = OPTION_CHOICE, .offset = PLAY_AT(AT, network), \
     .choices = network_words,                                                                \
     .help = OF NETWORK_HELP}

#define PLAY_DEVICE_ROWS(AT, QUIET_HELP)                                                          \
    {.name = "device", .arg = "NAME", .kind = OPTION_TEXT, .offset = PLAY_AT(AT, device),         \
     .choices = network_device_words,                                                             \
     .help = "cpu, cuda; auto: cuda where there is a GPU (auto)"},                                \
    {.name = "parallel", .arg = "G", .kind = OPTION_INT, .offset = PLAY_AT(AT, parallel),         \
     .min = 1, .max = 1048576,                                                                    \
     .help = "games played at once; changes no result (as many as fill the device)"},             \
    {.name = "waves", .arg = "N", .kind = OPTION_INT, .offset = PLAY_AT(AT, waves), .min = 1,     \
     .max = 65536,                                                                                \
     .help = "waves between two checks by the host (at most simulations + 1)"},                   \
    {.name = "no-graph", .kind = OPTION_FLAG, .offset = PLAY_AT(AT, no_graph),                    \
     .help = "cuda: launch kernels one by one, to find one that fails"},                          \
    {.name = "threads", .arg = "N", .kind = OPTION_INT, .offset = PLAY_AT(AT, threads), .min = 1, \
     .max = 4096,                                                                                 \
     .help = "CPU threads (all cores)"},                                                          \
    {.name = "quiet", .kind = OPTION_FLAG, .offset = PLAY_AT(AT, quiet),                          \
     .help = QUIET_HELP}

/* clang-format on */
#endif
