/* host/run/selfplay_options.h - what a person may ask of blob-gpu-selfplay, and what it means. */
#ifndef HOST_RUN_SELFPLAY_OPTIONS_H
#define HOST_RUN_SELFPLAY_OPTIONS_H

#include "host/options/play_options.h"

typedef struct {
    PlayOptions play; /* but its lists of players and cards: all tables are of one size */
    int64_t games, weights_seed;
    int players, cards, trump, dealer, evaluator;
    const char *weights, *out, *timeline;
} SelfplayOptions;

extern const OptionTable selfplay_option_table;

SelfplayOptions selfplay_options_default(void);

/* What no single option can say: cards for the players, visits for the power. STATUS_INPUT. */
Status selfplay_options_check(const SelfplayOptions *o);

/* The run's settings; parallel and waves 0 (automatic) are left for the caller. */
SelfplayConfig selfplay_options_config(const SelfplayOptions *o);

#endif
