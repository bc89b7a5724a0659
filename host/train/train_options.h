/* host/train/train_options.h - the options of blob-train, and what they mean. */
#ifndef HOST_TRAIN_TRAIN_OPTIONS_H
#define HOST_TRAIN_TRAIN_OPTIONS_H

#include "nn/train/train.h"
#include "host/options/play_options.h"
#include "schedule.h"

typedef enum {
    TRAIN_PRESET_TINY,
    TRAIN_PRESET_POLICY,
    TRAIN_PRESET_SMALL,
    TRAIN_PRESET_REFERENCE,
    TRAIN_PRESET_COUNT
} TrainPreset;

typedef enum {
    TRAIN_SEARCH, /* games by tree search, whose visits are the targets */
    TRAIN_POLICY  /* games by the network's policy, and a policy gradient */
} TrainMethod;

typedef struct {
    PlayOptions play; /* without worlds and simulations, which the curriculum sets */
    const char *out, *curriculum, *weights; /* weights: NULL: random ones */
    int fresh, change, salvage, overlap, keep, replay_compress;
    int64_t iterations, games;
    int precision; /* of training; words: auto, float32, bf16 */
    /* the network */
    int width, layers, hidden, heads, policy_hidden, value_hidden;
    /* training */
    int method; /* TrainMethod */
    double ratio_clip, entropy_weight, advantage_scale;
    double epochs, rate, rate_min, decay, beta1, beta2, clip, ema, value_weight;
    int batch, accumulate, rate_schedule;
    int64_t warmup, window_min, window_max;
    double window_exponent, window_scale;
    /* match */
    int match_every, match_gate, match_worlds, match_simulations;
    int64_t match_deals;
    double match_margin;
} TrainOptions;

/* What the options mean; checked. */
typedef struct {
    TableMix mix;
    Schedule schedule;
    ModelConfig model;
    TrainSettings settings;
    SelfplayConfig play; /* of iteration 0; train_setup_play sets the worlds and simulations of
                            another. The caller sets precision, network, replay and, where it is 0,
                            parallel */
} TrainSetup;

extern const OptionTable train_option_table;
extern const char *const train_preset_names[]; /* (TRAIN_PRESET_COUNT + 1) NULL at the end */

/* The preset, and the defaults of the options that no preset decides. */
TrainOptions train_preset_options(TrainPreset preset);

/* The same, for the table of options. options: TrainOptions. */
void train_preset_apply(void *options, int preset);

/* The preset "reference". */
TrainOptions train_options_default(void);

/* Reads the lists and checks options against each other. STATUS_INPUT: refused and reported in one
 * line. */
Status train_options_resolve(const TrainOptions *o, TrainSetup *out);

/* Adds what decides a run's content to `identity`, as texts: every deciding option, lists in
 * canonical form, the versions of the formats that are read back, and the program. --iterations is
 * included only with a cosine rate, which depends on it. The caller adds precision, backend,
 * instruction set and library. */
void train_options_identity(const TrainOptions *o, const TrainSetup *setup, cJSON *identity);

/* Self-play in an iteration, by its stage of the curriculum. */
SelfplayConfig train_setup_play(const TrainSetup *setup, const TrainOptions *o, int64_t iteration);

/* Worlds and simulations of the match after `iteration`: as given, or those of its self-play. */
ScheduleStage train_setup_match(const TrainSetup *setup, const TrainOptions *o, int64_t iteration);

#endif
