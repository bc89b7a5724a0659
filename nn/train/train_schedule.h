/* nn/train/train_schedule.h - which task of training may run now: a state machine without any
 * arithmetic of the network.
 *
 *   fill (slot, block) ─► rows (pass, block) ─► tile (pass, tile)
 *                                            ─► reduce ─► squares ─► count ─► update
 *
 * A step is `accumulate` batches, a batch several passes, a pass several blocks of rows. Two
 * batches can be filled and two passes saved at a time. Rows of pass i wait for their own block of
 * the batch, and until the arrays of pass i - 2 are free; tile t of pass i waits for all rows of
 * pass i and for tile t of pass i - 1. From `reduce` on, each kind waits for all tasks of the kind
 * before. Rows come before tiles, so that tiles run beside the last rows of a pass; reading a batch
 * ahead comes last.
 *
 * Only one thread at a time may call these functions. */
#ifndef NN_TRAIN_TRAIN_SCHEDULE_H
#define NN_TRAIN_TRAIN_SCHEDULE_H

#include "train_pool.h"

typedef enum {
    TRAIN_FILL,    /* index: slot, item: block of the batch */
    TRAIN_ROWS,    /* index: pass of the step, item: block of the pass */
    TRAIN_TILE,    /* index: pass of the step, item: tile of the weights */
    TRAIN_REDUCE,  /* a single task */
    TRAIN_SQUARES, /* item: a piece of the gradient */
    TRAIN_COUNT,   /* a single task */
    TRAIN_UPDATE,  /* item: a piece of the weights */
    TRAIN_TASK_COUNT
} TrainTaskKind;

enum { TRAIN_SLOTS = 2 };

typedef struct {
    int64_t batch; /* its number, or -1 */
    int handed;    /* blocks handed out to be filled, in ascending order */
    bool *filled;  /* (blocks) */
} TrainSlot;

typedef struct {
    int blocks;                   /* of a batch */
    int pass_blocks;              /* of a pass; the last of a batch may have fewer */
    int accumulate;               /* batches a step */
    int pieces[TRAIN_TASK_COUNT]; /* of TRAIN_TILE and the kinds after it; 0: left out */

    TrainSlot slot[TRAIN_SLOTS]; /* batch b is in slot b % TRAIN_SLOTS */
    int *turn;                   /* (tiles) passes of this step done by each tile */
    int64_t batch, last_batch;   /* first of this step; the last that may be filled */
    int steps;                   /* still to make, this one included */
    int stage;                   /* TRAIN_ROWS: rows and tiles; else the kind now running */
    int front, front_block;      /* the next rows: pass, block */
    int back, back_tile;         /* the next tile: pass, tile */
    int complete;                /* passes whose tiles are all done */
    int rows_done[TRAIN_SLOTS], tiles_done[TRAIN_SLOTS]; /* of pass p at p % TRAIN_SLOTS */
    int piece, pieces_done;                              /* of the stage */
} TrainSchedule;

EXTERN_C_BEGIN

/* The caller has set blocks, pass_blocks, accumulate and pieces, and calls train_schedule_close,
 * also after STATUS_MEMORY. */
Status train_schedule_open(TrainSchedule *s);
void train_schedule_close(TrainSchedule *s);

/* Forgets the batches read ahead. */
void train_schedule_drop(TrainSchedule *s);

/* Begins the next `steps` steps, from `batch` on, while no task is running. Batches read ahead are
 * used if they are wanted. */
void train_schedule_begin(TrainSchedule *s, int64_t batch, int64_t last_batch, int steps);

PoolTurn train_schedule_next(TrainSchedule *s, PoolTask *task);
void train_schedule_done(TrainSchedule *s, const PoolTask *task);

/* After TRAIN_COUNT is done: skips this step's update, or ends the run. */
void train_schedule_skip(TrainSchedule *s);
void train_schedule_stop(TrainSchedule *s);

/* A pass of a step: its batch, its first block in the batch, its blocks. */
static inline int train_schedule_passes(const TrainSchedule *s) {
    return (s->blocks + s->pass_blocks - 1) / s->pass_blocks;
}
static inline int64_t train_schedule_batch(const TrainSchedule *s, int pass) {
    return s->batch + pass / train_schedule_passes(s);
}
static inline int train_schedule_first(const TrainSchedule *s, int pass) {
    return pass % train_schedule_passes(s) * s->pass_blocks;
}
static inline int train_schedule_blocks(const TrainSchedule *s, int pass) {
    int rest = s->blocks - train_schedule_first(s, pass);
    return rest < s->pass_blocks ? rest : s->pass_blocks;
}

EXTERN_C_END

#endif
