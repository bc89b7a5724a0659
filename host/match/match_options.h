/* host/match/match_options.h - the options of blob-arena, and what they mean. */
#ifndef HOST_MATCH_MATCH_OPTIONS_H
#define HOST_MATCH_MATCH_OPTIONS_H

#include "host/options/play_options.h"
#include "match.h"

typedef struct {
    PlayOptions play;
    int64_t deals;
    double margin;
    int block;
    const char *json;
} MatchOptions;

extern const OptionTable match_option_table;

MatchOptions match_options_default(void);

/* Checks options against each other and reads the lists of --players and --cards. STATUS_INPUT:
 * refused and reported in one line. */
Status match_options_check(const MatchOptions *o, TableMix *mix);

/* The match. The caller sets the sides and their weights, model, precision, network and, where it
 * is 0, parallel. */
MatchConfig match_options_config(const MatchOptions *o, const TableMix *mix);

/* One of the two players, as the command line names it. */
typedef struct {
    PlayerKind kind;  /* any but PLAYER_NET_B */
    const char *file; /* of weights; NULL: a bot, or random weights */
    uint64_t seed;    /* of random weights */
    int worlds;       /* of PLAYER_PIMC */
} MatchPlayer;

/* "random", "rule", "pimc:N", "cheat:pimc", "net:SEED", or a file. STATUS_INPUT: not a number of
 * worlds or a seed, reported in one line. */
Status match_player_parse(const char *word, MatchPlayer *out);

#endif
