/* nn/train/train_cpu.h - the trainer on the CPU, shared by its files and private to them.
 *
 * A block of BLOCK_ROWS rows goes forward and backward in one thread. The inputs of the gradients
 * of matrices are saved: such a gradient, a sum over rows, is one product over a whole pass, split
 * into tiles of its outputs, and its chains go on in the next pass.
 *
 *   C channels   F hidden   A actions   V values */
#ifndef NN_TRAIN_TRAIN_CPU_H
#define NN_TRAIN_TRAIN_CPU_H

#include "device/core/arena.h"
#include "device/core/isa.h"
#include "train_count.h"
#include "train_plan.h"
#include "train_schedule.h"

/* With 2, 4 and 8 blocks a pass, batches of 512 rows ran at 75, 78 and 78% of the speed of plain
 * GEMM: the smallest of the fast ones saves the least memory. */
enum { TRAIN_PASS_BLOCKS = 4 };

/* (rows of a pass, width) each, with the width in the comment; dx is the gradient with respect to
 * x. */
typedef struct {
    float *residual;      /* C, input of the layer */
    float *value_proj;    /* C */
    float *sum1, *sum2;   /* C, products on their way into a norm, without bias */
    float *norm1;         /* C, between the norms */
    float *linear1;       /* F, after ReLU */
    float *dvalue_proj;   /* C */
    float *dsum1, *dsum2; /* C */
    float *dlinear1;      /* F, before ReLU */
} TrainSavedLayer;

typedef struct {
    float *input_embedding, *dinput_embedding; /* C, the product before the first norm */
    TrainSavedLayer layer[MODEL_LAYERS_MAX];
    float *residual;                 /* C, input of the heads */
    float *policy_fc0, *value_fc0;   /* hidden layers of the heads, after ReLU */
    float *dpolicy_fc0, *dvalue_fc0; /* before ReLU */
    float *dlogits, *dvalues;        /* A, V; dvalues before the head's function */
    float *partial;                  /* (TRAIN_PASS_BLOCKS, columns) sums over a block's rows */
} TrainSaved;

/* A thread's working arrays: (BLOCK_ROWS, width) each. */
typedef struct {
    float *dy;              /* C */
    float *logits, *values; /* A, V */
    float *metrics;         /* LOSS_COUNT */
    float *stats;           /* 2, of a norm */
} TrainScratch;

/* A tile dW[o][i] (outs, ins) of a matrix: sums over rows of dy[o] * x[i]. */
typedef struct {
    const float *dy[TRAIN_SLOTS]; /* first of its outputs, for both saved passes */
    const float *x[TRAIN_SLOTS];  /* first of its inputs; NULL: the observations, from x_at */
    size_t at;                    /* offset of dW in the gradient */
    int x_at, outs, ins;
    int dy_stride, x_stride;
} TrainTileArgs;

/* Rows of a tensor that are updated together. */
typedef struct {
    size_t tensor;            /* offset of the whole tensor */
    int first, rows, out, in; /* rows first .. first + rows - 1 of (out, in) */
    bool product;             /* as in TrainTensor */
} TrainPiece;

struct Trainer {
    TrainSpec spec;
    TrainSource source;
    TrainReduce reduce;
    TrainPlan plan;
    Isa isa;
    int threads, tiles, pieces;
    void *memory;           /* all arrays that follow, owned */
    float *p, *m, *v, *ema; /* (parameters) in the order of Weights.data */
    float *forward_panels;  /* (parameters) matrices as (in, out) in panels, at the same offsets */
    float *back_panels;     /* (parameters) the same as (out, in): see product_float32.h */
    float *g;               /* (parameters + LOSS_COUNT) gradient, then sums of the metrics */
    float *squares;         /* (chunks) */
    int32_t *column_offset; /* (columns) */
    TrainBatch batch[TRAIN_SLOTS];
    TrainSaved saved[TRAIN_SLOTS];
    TrainScratch *scratch; /* (threads) */
    TrainTileArgs *tile;   /* (tiles) */
    TrainPiece *piece;     /* (pieces) */
    TrainSchedule schedule;
    TrainPool *pool;
    TrainCounters counters;
    AdamwStep step;
    TrainCountArgs count;
    int32_t at; /* steps of this run counted so far */
};

/* Blocks of rows in a batch. */
int train_blocks_cpu(const TrainSpec *spec);

/* The only list of the arrays: run dry it measures, run again it places. */
void train_layout_cpu(Trainer *t, Arena *arena);

/* The tiles of all matrices and the pieces of an update; without memory they are only counted. */
void train_tiles_cpu(Trainer *t);
void train_pieces_cpu(Trainer *t);

/* Block `block` of pass `pass`: forward, loss, backward, in the scratch of `worker`; fills its rows
 * of the saved arrays. */
void train_rows_cpu(const Trainer *t, int pass, int block, int worker);

#endif
