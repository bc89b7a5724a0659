/* host/train/train_run.h - one process of a training run: memory, steps of an iteration.
 *
 *   iteration n, alternating:   play n ─► share ─► window .. n     ─► train ─► match ─► save n + 1
 *                --overlap:     ┌ play n ───────────────────────┐
 *                               └ train on window .. n - 1 ─────┴─► share ─► match ─► save n + 1
 *
 * Either way the games of n are played by the averaged weights of the moment when n begins (with a
 * gate: by the best ones), so that nothing depends on timing. Checkpoint n is the state after n
 * iterations; a run that resumes from it writes the same bytes as one that never stopped. Each of
 * several processes plays its share of the ids and trains on its rows of every batch; the first
 * one writes the files. */
#ifndef HOST_TRAIN_TRAIN_RUN_H
#define HOST_TRAIN_TRAIN_RUN_H

#include <stdatomic.h>

#include "device/core/comm.h"
#include "device/play/device.h"
#include "host/process/progress.h"
#include "run_folder.h"
#include "train_change.h"
#include "train_log.h"
#include "train_options.h"

typedef struct TrainSaver TrainSaver;

/* Results of an iteration's games, in all processes. */
typedef struct {
    int64_t examples, seats, bids_hit, score;
    double entropy; /* nats, mean over examples */
    double seconds; /* of this process */
    int64_t games;  /* that this process played in these seconds */
    int64_t rows;   /* evaluations in this process */
} PlayResult;

/* Results of its training: means over its steps. */
typedef struct {
    int steps, skipped;
    int64_t window_games, window_examples; /* examples were drawn from */
    double policy_loss, value_loss, target_entropy, accuracy, clipped, gradient_norm, rate;
    double seconds, waiting_frac;
} LearnResult;

typedef struct {
    TrainOptions options;
    TrainSetup setup;
    const Device *device;
    char device_text[256];
    char network_text[256]; /* the implementation chosen, and why */
    Comm comm;
    Precision precision, play_precision;
    Network network;

    Replay replay; /* in replay_block */
    void *replay_block, *window_temp;
    size_t replay_bytes, window_temp_bytes;

    Selfplay selfplay; /* of `stage`; closed between stages */
    ScheduleStage stage;
    SelfplayBytes selfplay_bytes;

    Stream stream; /* for training and for copies from the ring */
    Trainer *trainer;
    size_t trainer_bytes;
    TrainState state;        /* after the last iteration */
    Weights best;            /* won its matches, or is the initial network */
    int64_t best_checkpoint; /* whose averaged weights are `best`; 0: the initial ones */

    RunFolder folder;
    TrainLog log;
    TrainSaver *saver;
    cJSON *identity;   /* what determines the run's content, as strings */
    cJSON *history;    /* an object per iteration: its metrics without times */
    int64_t iteration; /* under way; also the number completed */
    int64_t salvaged;  /* iterations before it are not trained on: damaged games, or such as were
                          no more needed when a change made the window larger */
    cJSON *before;     /* what run_folder_peek found; NULL: nothing, or --fresh */
    cJSON *changes;    /* of options, by iteration: train_change.h */
    char start[48];    /* a hash of what --weights holds */
    bool alone;        /* the other processes do not learn of a failure now */
} TrainRun;

/* Whether this process writes files and messages. */
static inline bool train_run_leads(const TrainRun *run) { return run->comm.rank == 0; }

/* The number of games after `iterations` iterations: also the id of the next iteration's first. */
static inline int64_t train_run_games(const TrainRun *run, int64_t iterations) {
    return train_change_games(run->changes, run->options.games, iterations);
}

/* The first iteration of the window that ends with `newest`. */
static inline int64_t train_run_window(const TrainRun *run, int64_t newest) {
    int64_t first = train_change_window(&run->setup.schedule, run->changes, newest);
    return first > run->salvaged ? first : run->salvaged;
}

/* The weights that play: the averaged ones, or with a gate the best. With a policy gradient the
 * latest: averaged ones lag behind, and clipping would hold the policy near them. */
static inline const Weights *train_run_player(const TrainRun *run) {
    if (run->options.method == TRAIN_POLICY) return &run->state.weights;
    return run->options.match_gate ? &run->best : &run->state.ema;
}

/* train_folder.c - train_folder_peek reads what run the folder holds; later train_folder_open makes
 * the identity and, in the first process, takes the folder; once a checkpoint is loaded
 * train_folder_change writes what --change changed to run.json. */
Status train_folder_peek(TrainRun *run);
Status train_folder_open(TrainRun *run);
Status train_folder_change(TrainRun *run);

/* Whether iterations of this run may have other options. */
bool train_folder_changes(const TrainRun *run);

/* Whether run.json says that these options hold from checkpoint `number` on. */
bool train_folder_pending(const TrainRun *run, int64_t number);

/* train_start.c - train_start_load loads --weights, if given, into run->state and run->best, before
 * the folder is touched: weights and averaged weights of a checkpoint, else one for both.
 * train_start_state begins the state with them or with random weights; train_start_best sets the
 * best to the initial network, which read_file may have on disk.
 * STATUS_INPUT: the file is refused, or it is needed and not given. */
Status train_start_load(TrainRun *run);
Status train_start_state(TrainRun *run);
Status train_start_best(TrainRun *run, bool (*read_file)(TrainRun *run));

/* train_memory.c - measures and takes all memory once. STATUS_INPUT: it does not fit, reported. */
Status train_memory_open(TrainRun *run);
void train_memory_close(TrainRun *run);
void train_memory_print(const TrainRun *run, FILE *out);

/* train_play.c - what self-play of run->iteration will use: parallel games and memory. */
Status train_play_measure(TrainRun *run);

/* train_play.c - plays the games of run->iteration into the ring: train_play_open on the main
 * thread, then train_play_run on any, then train_play_share on the main thread. *quiet: no progress
 * is shown; it may change meanwhile. *stop: a person asked to stop, and not all games were
 * played. */
Status train_play_open(TrainRun *run);
Status train_play_run(TrainRun *run, const atomic_int *quiet, PlayResult *out, bool *stop);
Status train_play_share(TrainRun *run, PlayResult *out);

/* train_learn.c - trains on the window that ends with `newest`; updates run->state.
 * STATUS_FAULT: too many steps were not finite; reported, and the batch is dumped. */
Status train_learn(TrainRun *run, int64_t newest, int64_t new_examples, LearnResult *out,
                   bool *stop);

/* train_dump.c - saves this process's rows of a batch to bad_batch.safetensors and prints the
 * path. */
Status train_dump_batch(TrainRun *run, int64_t batch);

/* train_match.c - plays the averaged weights against the best, and promotes them if they win. */
Status train_match(TrainRun *run, TrainMatch *out, bool *stop);

/* train_save.c - writes replay file, checkpoint, weights and log line of an iteration in the
 * background, one iteration at a time. train_save copies what it needs. It and train_save_close
 * return the status of the write before. */
Status train_save_open(TrainRun *run);
Status train_save(TrainRun *run, const TrainLine *line);
Status train_save_close(TrainRun *run);

/* train_resume.c - loads the newest checkpoint that the run can resume from, or begins. */
Status train_resume(TrainRun *run);

#endif
