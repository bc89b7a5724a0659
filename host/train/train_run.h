/* host/train/train_run.h - a training run in one process: its memory, and the steps of an
 * iteration.
 *
 *   iteration n, alternating:   play n ─► share ─► window .. n     ─► train ─► match ─► save n + 1
 *                --overlap:     ┌ play n ───────────────────────┐
 *                               └ train on window .. n - 1 ─────┴─► share ─► match ─► save n + 1
 *
 * Either way the games of n are played by the averaged weights as they stood when n began (with a
 * gate: by the best ones), so that nothing depends on how fast anything was. Checkpoint n is the
 * state after n iterations; a run that goes on from it makes the same bytes as one that was never
 * stopped. Of several processes each plays its share of the ids and trains on its rows of every
 * batch; the first one writes the files. */
#ifndef HOST_TRAIN_TRAIN_RUN_H
#define HOST_TRAIN_TRAIN_RUN_H

#include "device/core/comm.h"
#include "device/play/device.h"
#include "host/process/progress.h"
#include "run_folder.h"
#include "train_log.h"
#include "train_options.h"

typedef struct TrainSaver TrainSaver;

/* What came of the games of an iteration, in all processes. */
typedef struct {
    int64_t examples, seats, bids_hit, score;
    double entropy; /* nats, mean over examples */
    double seconds; /* of this process */
    int64_t games;  /* that this process played in them */
    int64_t rows;   /* evaluations in this process */
} PlayResult;

/* What came of its training: means over its steps. */
typedef struct {
    int steps, skipped;
    int64_t window_games, window_examples; /* that was drawn from */
    double policy_loss, value_loss, target_entropy, accuracy, gradient_norm, rate;
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

    Stream stream; /* of training, and of copies from the ring */
    Trainer *trainer;
    size_t trainer_bytes;
    TrainState state;        /* as the last iteration left it */
    Weights best;            /* has won its matches, or is the first */
    int64_t best_checkpoint; /* whose averaged weights `best` are; 0: the first, untrained */

    RunFolder folder;
    TrainLog log;
    TrainSaver *saver;
    cJSON *identity;   /* what decides the run's content, as texts */
    cJSON *history;    /* an object an iteration: how it went, clocks left out */
    int64_t iteration; /* that is under way; so many are done */
    int64_t salvaged;  /* games of iterations before it are not trained on: some were damaged */
    bool alone;        /* a failure now is not known to the other processes */
} TrainRun;

/* What several files of the run ask: whether this process writes files and lines. */
static inline bool train_run_leads(const TrainRun *run) { return run->comm.rank == 0; }

/* Games 0 .. this one's are played once `iterations` are done. */
static inline int64_t train_run_games(const TrainRun *run, int64_t iterations) {
    return iterations * run->options.games;
}

/* The first iteration whose games are trained on when `newest` is the last. */
static inline int64_t train_run_window(const TrainRun *run, int64_t newest) {
    int64_t first = schedule_window_first(&run->setup.schedule, newest);
    return first > run->salvaged ? first : run->salvaged;
}

/* Whose weights play: the averaged ones, or with a gate the best. */
static inline const Weights *train_run_player(const TrainRun *run) {
    return run->options.match_gate ? &run->best : &run->state.ema;
}

/* train_memory.c - sizes, and memory taken once. STATUS_INPUT: it does not fit, said. */
Status train_memory_open(TrainRun *run);
void train_memory_close(TrainRun *run);
void train_memory_print(const TrainRun *run, FILE *out);

/* train_play.c - what self-play will take: parallel, way and memory of run->iteration's. */
Status train_play_measure(TrainRun *run);

/* train_play.c - the games of run->iteration into the ring. train_play_open on the main thread,
 * then train_play_run on any; train_play_share on the main thread again. stop: set where a person
 * asked to stop, and the games are not all there. */
Status train_play_open(TrainRun *run);
Status train_play_run(TrainRun *run, int quiet, PlayResult *out, bool *stop);
Status train_play_share(TrainRun *run, PlayResult *out);

/* train_learn.c - steps over the games of iterations .. `newest`; run->state follows.
 * STATUS_FAULT: too many steps were bad; said, the batch is dumped. */
Status train_learn(TrainRun *run, int64_t newest, int64_t new_examples, LearnResult *out,
                   bool *stop);

/* train_dump.c - this process's rows of a batch into bad_batch.safetensors; says where. */
Status train_dump_batch(TrainRun *run, int64_t batch);

/* train_match.c - the averaged weights against the best; promotes. */
Status train_match(TrainRun *run, TrainMatch *out, bool *stop);

/* train_save.c - replay file, checkpoint, weights and log line of an iteration, in the background;
 * one at a time. save copies what it needs. Both report what the one before met. */
Status train_save_open(TrainRun *run);
Status train_save(TrainRun *run, const TrainLine *line);
Status train_save_close(TrainRun *run);

/* train_resume.c - the newest checkpoint that can be gone on from, or the beginning. */
Status train_resume(TrainRun *run);

#endif
