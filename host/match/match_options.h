/* host/match/match_options.h - what a person may ask of blob-arena, and what it means. */
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

/* What no single option can say, and the lists of --players and --cards. STATUS_INPUT: said in one
 * line. */
Status match_options_check(const MatchOptions *o, TableMix *mix);

/* The match: its sides and their weights, the model, precision, network and, where it is 0,
 * parallel are left for the caller. */
MatchConfig match_options_config(const MatchOptions *o, const TableMix *mix);

/* One of the two players, as its word says. */
typedef struct {
    PlayerKind kind;  /* PLAYER_NET, PLAYER_RANDOM or PLAYER_RULE */
    const char *file; /* of weights; NULL: a bot, or seeded */
    uint64_t seed;    /* of random weights, where there is no file */
} MatchPlayer;

/* "random", "rule", "net:SEED", or a file. STATUS_INPUT: the seed is none, said in one line. */
Status match_player_parse(const char *word, MatchPlayer *out);

#endif
