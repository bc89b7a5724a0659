/* nn/train/train_schedule.h - which task of training may run now: a state machine that computes
 * nothing.
 *
 *   fill (slot, block) ─► rows (pass, block) ─► tile (pass, tile)
 *                                            ─► reduce ─► squares ─► count ─► update
 *
 * A step is `accumulate` batches, a batch some passes, a pass some blocks of rows. Two batches can
 * be filled and two passes saved at a time. Rows of pass i wait for their own block of the batch,
 * and for the arrays of pass i - 2; tile t of pass i for all rows of pass i and for tile t of pass
 * i - 1. From `reduce` on each kind waits for all of the one before. Rows come before tiles, so
 * that the last rows of a pass have tiles beside them; the batch after is filled last of all.
 *
 * All calls are made by one thread at a time. */
#ifndef NN_TRAIN_TRAIN_SCHEDULE_H
#define NN_TRAIN_TRAIN_SCHEDULE_H

#include "train_pool.h"

typedef enum {
    TRAIN_FILL,    /* index: slot, item: block of the batch */
    TRAIN_ROWS,    /* index: pass of the step, item: block of the pass */
    TRAIN_TILE,    /* index: pass of the step, item: tile of the weights */
    TRAIN_REDUCE,  /* one */
    TRAIN_SQUARES, /* item: a piece of the gradient */
    TRAIN_COUNT,   /* one */
    TRAIN_UPDATE,  /* item: a piece of the weights */
    TRAIN_TASK_COUNT
} TrainTaskKind;

enum { TRAIN_SLOTS = 2 };

typedef struct {
    int64_t batch; /* its number, or -1 */
    int handed;    /* blocks given out to be filled, in ascending order */
    bool *filled;  /* (blocks) */
} TrainSlot;

typedef struct {
    int blocks;                   /* of a batch */
    int pass_blocks;              /* of a pass, but perhaps the last of a batch */
    int accumulate;               /* batches a step */
    int pieces[TRAIN_TASK_COUNT]; /* of TRAIN_TILE and the kinds after it; 0: left out */

    TrainSlot slot[TRAIN_SLOTS]; /* batch b is in slot b % TRAIN_SLOTS */
    int *turn;                   /* (tiles) passes of this step that each tile has seen */
    int64_t batch, last_batch;   /* first of this step; the last that may be filled */
    int steps;                   /* still to make, this one included */
    int stage;                   /* TRAIN_ROWS: rows and tiles; else the kind that is under way */
    int front, front_block;      /* the next rows: pass, block */
    int back, back_tile;         /* the next tile */
    int complete;                /* passes whose tiles are all done */
    int rows_done[TRAIN_SLOTS], tiles_done[TRAIN_SLOTS]; /* of pass p at p % TRAIN_SLOTS */
    int piece, pieces_done;                              /* of the stage */
} TrainSchedule;

EXTERN_C_BEGIN

/* blocks, pass_blocks, accumulate and pieces are set. STATUS_MEMORY; call train_schedule_close. */
Status train_schedule_open(TrainSchedule *s);
void train_schedule_close(TrainSchedule *s);

/* Forgets what was read ahead. */
void train_schedule_drop(TrainSchedule *s);

/* The next `steps` steps, from `batch` on; nothing is under way. What was read ahead is used if it
 * is wanted. */
void train_schedule_begin(TrainSchedule *s, int64_t batch, int64_t last_batch, int steps);

PoolTurn train_schedule_next(TrainSchedule *s, PoolTask *task);
void train_schedule_done(TrainSchedule *s, const PoolTask *task);

/* After TRAIN_COUNT is done: leaves this step's update out, or all that is still to come. */
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
