/* host/run/selfplay_options.h - what a person may ask of blob-gpu-selfplay, and what it means. */
#ifndef HOST_RUN_SELFPLAY_OPTIONS_H
#define HOST_RUN_SELFPLAY_OPTIONS_H

#include "device/play/selfplay.h"
#include "host/options/options.h"

typedef struct {
    int64_t games, seed, weights_seed;
    int players, cards, rules, points, penalty, format, trump, dealer;
    int worlds, simulations, leaves, search, evaluator;
    double c_puct, fpu, noise_weight, noise_alpha;
    int explore_decisions, move_power;
    int parallel, waves, threads, precision, network, no_graph, quiet;
    const char *device, *weights, *out, *timeline;
} SelfplayOptions;

extern const OptionTable selfplay_option_table;

SelfplayOptions selfplay_options_default(void);

/* What no single option can say: cards for the players, visits for the power. STATUS_INPUT. */
Status selfplay_options_check(const SelfplayOptions *o);

/* The run's settings; parallel and waves 0 (automatic) are left for the caller. */
SelfplayConfig selfplay_options_config(const SelfplayOptions *o);

#endif
