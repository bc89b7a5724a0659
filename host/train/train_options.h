/* host/train/train_options.h - what a person may ask of blob-train, and what it means. */
#ifndef HOST_TRAIN_TRAIN_OPTIONS_H
#define HOST_TRAIN_TRAIN_OPTIONS_H

#include "nn/train/train.h"
#include "host/options/play_options.h"
#include "schedule.h"

typedef enum {
    TRAIN_PRESET_TINY,
    TRAIN_PRESET_SMALL,
    TRAIN_PRESET_REFERENCE,
    TRAIN_PRESET_COUNT
} TrainPreset;

typedef struct {
    PlayOptions play; /* but worlds and simulations: the curriculum says them */
    const char *out, *curriculum;
    int fresh, salvage, overlap, keep, replay_compress;
    int64_t iterations, games;
    int precision; /* of training; a word of network_options.h */
    /* the network */
    int width, layers, hidden, heads, policy_hidden, value_hidden;
    /* training */
    double epochs, rate, rate_min, decay, beta1, beta2, clip, ema, value_weight;
    int batch, accumulate, rate_schedule;
    int64_t warmup, window_min, window_max;
    double window_exponent, window_scale;
    /* match */
    int match_every, match_gate, match_worlds, match_simulations;
    int64_t match_deals;
    double match_margin;
} TrainOptions;

/* What the options mean, checked. */
typedef struct {
    TableMix mix;
    Schedule schedule;
    ModelConfig model;
    TrainSettings set;
    SelfplayConfig play; /* of iteration 0: every iteration has its own worlds and simulations, by
                            train_setup_play; parallel 0 is left for the caller, as are precision,
                            network and replay */
} TrainSetup;

extern const OptionTable train_option_table;
extern const char *const train_preset_names[]; /* (TRAIN_PRESET_COUNT + 1) NULL at the end */

/* Every option as the preset has it: a preset of --preset, and the defaults of all the others. */
TrainOptions train_preset_options(TrainPreset preset);

/* The same, of an option's word. options: TrainOptions. */
void train_preset_apply(void *options, int preset);

/* The settings of --preset reference in the folder "run". */
TrainOptions train_options_default(void);

/* Reads the lists, and checks what no single option can say. STATUS_INPUT: said in one line. */
Status train_options_resolve(const TrainOptions *o, TrainSetup *out);

/* Adds what decides a run's content to `identity`, as texts: every deciding option, lists in one
 * way of writing them, the versions of what is read back, and the program's name. --iterations is
 * among them only with a cosine rate, which depends on it. Precision, backend, instruction set and
 * library are the caller's to add. */
void train_options_identity(const TrainOptions *o, const TrainSetup *setup, cJSON *identity);

/* The self-play of an iteration: its stage of the curriculum. */
SelfplayConfig train_setup_play(const TrainSetup *setup, const TrainOptions *o, int64_t iteration);

/* Worlds and simulations of an match after `iteration`: as asked, or as it has played. */
ScheduleStage train_setup_match(const TrainSetup *setup, const TrainOptions *o, int64_t iteration);

#endif
