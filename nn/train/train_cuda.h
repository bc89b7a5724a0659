/* nn/train/train_cuda.h - a trainer on CUDA: its arrays, and the parts of a step.
 *
 *   train_cuda.cu    memory, loading, saving, steps as a graph
 *   train_pass.cu    one batch: fill ─► forward ─► loss ─► backward ─► gradients of matrices
 *   train_update.cu  one batch: gradients of vectors; one step: clip ─► AdamW ─► EMA ─► counters
 *
 * What is summed over rows is saved for all layers and summed at the end of a batch, for all layers
 * at once: a single layer fills only a small part of a GPU.
 *
 * Arrays of rows have `rows` rows, R rounded up to whole blocks; those from R on are and stay
 * zero.
 *
 *   R rows of a batch   C_in inputs   C channels   F hidden   L layers   A actions   V values */
#ifndef NN_TRAIN_TRAIN_CUDA_H
#define NN_TRAIN_TRAIN_CUDA_H

#include "device/core/arena.h"
#include "nn/ops/adamw.h"
#include "nn/ops/loss.h"
#include "train.h"
#include "train_gemm.h"
#include "train_plan.h"

enum { TRAIN_RUN_STEPS = 1024 }; /* steps whose rates and reports fit on the device */

/* The products by shape; those of the layers are shared by all layers. */
typedef enum {
    GEMM_INPUT_EMBEDDING,
    GEMM_VALUE_PROJ,
    GEMM_OUT_PROJ,
    GEMM_LINEAR1,
    GEMM_LINEAR2,
    GEMM_POLICY_FC0,
    GEMM_POLICY_FC3,
    GEMM_VALUE_FC0,
    GEMM_VALUE_FC3,
    GEMM_LINEARS /* their number; each has all three products */
} TrainLinear;

/* Groups of columns in the partial sums of a layer, in this order; below, those of everything else.
 * C wide unless another width is named. */
typedef enum {
    SUMS_NORM2_SHIFT,
    SUMS_NORM2_GAIN,
    SUMS_LINEAR2,
    SUMS_NORM1_SHIFT,
    SUMS_NORM1_GAIN,
    SUMS_OUT_PROJ,
    SUMS_VALUE_PROJ,
    SUMS_LINEAR1, /* F */
    SUMS_LAYER_COUNT
} TrainLayerSums;

typedef enum {
    SUMS_POSITIONAL_ENCODING,
    SUMS_INPUT_NORM_SHIFT,
    SUMS_INPUT_NORM_GAIN,
    SUMS_INPUT_EMBEDDING,
    SUMS_POLICY_FC0, /* policy_hidden */
    SUMS_VALUE_FC0,  /* value_hidden */
    SUMS_POLICY_FC3, /* A */
    SUMS_VALUE_FC3,  /* V */
    SUMS_METRICS,    /* LOSS_COUNT */
    SUMS_REST_COUNT
} TrainRestSums;

/* Arrays whose first dimension is L or L + 1 hold all layers one after another. All arrays are in
 * the trainer's one block of device memory, which it owns; void arrays hold elements of its
 * precision. */
struct Trainer {
    TrainSpec spec;
    TrainSource source;
    TrainReduce reduce;
    WeightsOffsets at;
    int padded_rows;                /* R rounded up to whole blocks */
    int logit_stride, value_stride; /* A and V rounded up to whole 16 bytes of bf16 */
    bool warm;                      /* a step has run without a graph: all kernels are loaded */
    Graph graph;                    /* a step; NULL: not captured yet */
    TrainGemms *gemms;
    double busy; /* seconds */
    void *memory, *staging;

    /* from step to step */
    float *p, *ema, *m, *v; /* (parameters) */
    float *g;         /* (parameters + LOSS_COUNT) gradient, then the sums of the rows' metrics */
    uint16_t *p_bf16; /* p in bf16, see train_bf16_offset; NULL in float32 */
    TrainCounters *counters;
    AdamwStep *step;
    int64_t *batch; /* number of the next batch to fill */
    int32_t *next;  /* index of the next step in rates and reports */
    float *rates;   /* (TRAIN_RUN_STEPS) */
    TrainReport *reports;
    int32_t *layer_column_offset; /* (columns) of partial sums: offsets from layer 0 in g */
    int32_t *rest_column_offset;  /* (columns) of partial sums: offsets in g */
    float *squares;               /* (chunks) */
    void *workspace;

    /* forward */
    TrainBatch in;         /* rows beyond R are never written */
    void *x;               /* (rows, C_in) elements: in.x itself in bf16 */
    void *input_embedding; /* (rows, C) before the norm */
    void *residual;        /* (L + 1, rows, C) inputs of the layers; the last: of the heads */
    void *value_proj;      /* (L, rows, C) */
    void *sum1, *sum2;     /* (L, rows, C) before norm1, norm2, residual included */
    void *norm1;           /* (L, rows, C) after it */
    void *linear1;         /* (L, rows, F) after ReLU */
    void *policy_fc0;      /* (rows, policy_hidden) after ReLU */
    void *value_fc0;       /* (rows, value_hidden) after ReLU */
    float *logits;         /* (rows, logit_stride) without bias */
    float *values;         /* (rows, value_stride) without bias, before the head's function */
    float *metrics;        /* (rows, LOSS_COUNT) */

    /* backward: dx is the gradient with respect to x above, with the same shape */
    void *dlogits, *dvalues, *dpolicy_fc0, *dvalue_fc0;
    void *dresidual;
    void *dsum2, *dlinear1, *dnorm1;
    void *dsum1, *dvalue_proj, *dinput_embedding;
    float *stats_input_norm, *stats_norm1, *stats_norm2; /* (rows, 2), (L, rows, 2) of the norms */
    float *layer_partial, *rest_partial; /* (L, blocks, columns), (blocks, columns) */
};

/* Columns before group i of the partial sums; with the count as i, all of them. */
int train_layer_column(const ModelConfig *c, int i);
int train_rest_column(const ModelConfig *c, int i);

static inline int train_blocks(const Trainer *t) { return t->padded_rows / BLOCK_ROWS; }

/* The start of layer l in an array with `each` elements a layer. */
static inline void *train_at(const Trainer *t, void *array, int l, int64_t each) {
    return (char *)array + (size_t)l * (size_t)each * element_bytes(t->spec.precision);
}

/* The offset of parameter i in the bf16 copy: i, but from value_fc0 on so much more that the value
 * head's matrices are aligned to 16 bytes too. */
static inline size_t train_bf16_shift(const Trainer *t) {
    return (8 - t->at.value_fc0.weight % 8) % 8;
}
static inline size_t train_bf16_offset(const Trainer *t, size_t i) {
    return i < t->at.value_fc0.weight ? i : i + train_bf16_shift(t);
}

/* Opens the trainer's products. */
Status train_pass_open(Trainer *t);

/* These enqueue on `stream`. i: the batch's index in the step; the first sets the gradient, later
 * ones add to it. */
Status train_pass(Trainer *t, int i, Stream stream);
Status train_sums(Trainer *t, int i, Stream stream);
Status train_update(Trainer *t, Stream stream);

#endif
