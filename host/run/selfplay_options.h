/* host/run/selfplay_options.h - the options of blob-gpu-selfplay, and what they mean. */
#ifndef HOST_RUN_SELFPLAY_OPTIONS_H
#define HOST_RUN_SELFPLAY_OPTIONS_H

#include "host/options/play_options.h"

typedef struct {
    PlayOptions play; /* without its lists of players and cards: all tables have one size */
    int64_t games, weights_seed;
    int players, cards, trump, dealer, evaluator;
    const char *weights, *out, *timeline;
} SelfplayOptions;

extern const OptionTable selfplay_option_table;

SelfplayOptions selfplay_options_default(void);

/* Checks options against each other. STATUS_INPUT: refused and reported in one line. */
Status selfplay_options_check(const SelfplayOptions *o);

/* The settings of the run. The caller sets precision, network, model and, where it is 0,
 * parallel. */
SelfplayConfig selfplay_options_config(const SelfplayOptions *o);

#endif
