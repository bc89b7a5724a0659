/* host/train/train_log.h - how a training run goes: a line an iteration, for people and for
 * programs.
 *
 *   RUN/metrics.jsonl   one object a line, keys as the fields below; what is not a number is null
 *   RUN/tensorboard/    the same for TensorBoard, by iteration
 *   stderr              the most telling of it, in columns */
#ifndef HOST_TRAIN_TRAIN_LOG_H
#define HOST_TRAIN_TRAIN_LOG_H

#include "tensorboard.h"

/* A match of the weights just trained against others. */
typedef struct {
    char opponent[24];            /* "best", ..: a plain word; "": no match in this iteration */
    char verdict[24];             /* "promoted", ..: a plain word */
    int64_t deals;                /* pairs, each played with the seats changed */
    double difference, low, high; /* score a seat and round, new less opponent; 95% interval */
} TrainMatch;

/* What is not known is NAN. */
typedef struct {
    int64_t iteration, step; /* step: of the optimizer, at the end of the iteration */
    double seconds;          /* of the iteration, wall time */

    int64_t games; /* played in it */
    double games_per_minute, rows_per_second;
    int64_t window_games, window_examples; /* that batches were drawn from */
    int64_t worlds, simulations;
    double score_mean;     /* points a seat and round */
    double bids_hit_frac;  /* 0..1, of bids made */
    double search_entropy; /* nats, of visits / sum, mean over decisions */

    double examples_per_second, waiting_frac; /* 0..1, of the training threads' time */
    double loss, policy_loss, value_loss;     /* means over the iteration's steps */
    double target_entropy;                    /* nats: the least policy_loss there can be */
    double policy_kl; /* policy_loss - target_entropy; written by train_log_add */
    double accuracy;  /* 0..1 */
    double gradient_norm, rate;
    int64_t skipped; /* steps that changed nothing, in the iteration */

    TrainMatch match;
} TrainLine;

/* All NAN, zero and empty. */
TrainLine train_line_empty(void);

typedef struct {
    int fd;           /* of metrics.jsonl; -1: none is open */
    int64_t size;     /* bytes of whole lines */
    bool quiet, said; /* said: that a line could not be written */
    int lines;        /* printed to stderr by this process */
    Tensorboard board;
    char path[DURABLE_PATH];
} TrainLog;

/* For a run that begins with, or goes on at, iteration `first`; the folder is there. Lines of that
 * iteration or later, which an earlier start has left, and a torn last line are dropped, durably;
 * lines that cannot be read otherwise are kept. After a failure nothing is open.
 * STATUS_INPUT, STATUS_FILE: said. STATUS_MEMORY. */
Status train_log_open(TrainLog *log, const char *folder, int64_t first, bool quiet);

/* Appends the line, on disk when it returns. After a failure, which is said, the file ends in the
 * last whole line and the run goes on without it. */
void train_log_add(TrainLog *log, const TrainLine *line);

void train_log_close(TrainLog *log);

#endif
