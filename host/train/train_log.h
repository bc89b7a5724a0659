/* host/train/train_log.h - metrics of a training run, a line per iteration.
 *
 *   RUN/metrics.jsonl   one object per line, keys as the fields below; null: not known
 *   RUN/tensorboard/    the same for TensorBoard, by iteration
 *   stderr              the most telling columns */
#ifndef HOST_TRAIN_TRAIN_LOG_H
#define HOST_TRAIN_TRAIN_LOG_H

#include <cjson/cJSON.h>

#include "tensorboard.h"

/* A match of the weights just trained against others. */
typedef struct {
    char opponent[24];            /* "best", ..: a plain word; "": no match in this iteration */
    char verdict[24];             /* "promoted", ..: a plain word */
    int64_t deals;                /* pairs of games with the seats exchanged */
    double difference, low, high; /* score per seat and round, new minus opponent; 95% interval */
} TrainMatch;

/* NAN: not known. */
typedef struct {
    int64_t iteration, step; /* step: of the optimizer, at the end of the iteration */
    double seconds;          /* of the iteration, wall time */

    int64_t games; /* played in it */
    double games_per_minute, rows_per_second;
    int64_t window_games, window_examples; /* the batches were drawn from */
    int64_t worlds, simulations;
    double score_mean;     /* points per seat and round */
    double bids_hit_frac;  /* 0..1, of bids made */
    double search_entropy; /* nats, of visits / sum, mean over decisions */

    double examples_per_second, waiting_frac; /* 0..1, of the training threads' time */
    double loss, policy_loss, value_loss;     /* means over the iteration's steps */
    double target_entropy;                    /* nats: the lower bound of policy_loss */
    double policy_kl; /* policy_loss - target_entropy; written by train_log_add */
    double accuracy;  /* 0..1 */
    double
        clip_frac; /* 0..1, of rows whose policy gradient was clipped; not with --method search */
    double gradient_norm, rate;
    int64_t skipped; /* steps of the iteration that changed nothing */

    TrainMatch match;
} TrainLine;

/* All NAN, zero and empty. */
TrainLine train_line_empty(void);

typedef struct {
    int fd;               /* of metrics.jsonl; -1: none is open */
    int64_t size;         /* bytes of whole lines */
    bool quiet, reported; /* reported: a failed write has been */
    int lines;            /* printed to stderr by this process */
    Tensorboard board;
    char path[DURABLE_PATH];
} TrainLog;

/* Writes the lines again that the file should have and has not, from `history`: an array of an
 * object per iteration, which every checkpoint holds. Says so in one line.
 * STATUS_INPUT, STATUS_FILE: reported. STATUS_MEMORY. */
Status train_log_restore(const char *folder, const cJSON *history);

/* For a run that begins or resumes at iteration `first`; the folder exists. Lines of that iteration
 * or later, left by an earlier start, and a torn last line are dropped, durably; other unreadable
 * lines stay. After a failure nothing is open.
 * STATUS_INPUT, STATUS_FILE: reported. STATUS_MEMORY. */
Status train_log_open(TrainLog *log, const char *folder, int64_t first, bool quiet);

/* Appends the line; it is on disk on return. After a failure, which is reported, the file ends with
 * its last whole line and the run continues without it. */
void train_log_add(TrainLog *log, const TrainLine *line);

void train_log_close(TrainLog *log);

#endif
