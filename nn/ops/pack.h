/* nn/ops/pack.h - weights as forward reads them: attention folded, heads joined, in one block.
 *
 *   input_embedding  C_in -> C                              fc0         C -> policy_fc0 and
 *   value_fc0 self_attn  C -> C     linear1  C -> hidden              policy_fc3  policy_hidden ->
 *   A
 *                         linear2  hidden -> C              value_fc3   value_hidden -> V
 *
 * Names are PyTorch's. With one token self_attn is W_o W_v, one matrix (fold.h). The first layers
 * of both heads read the same row, so they are one matrix. */
#ifndef NN_OPS_PACK_H
#define NN_OPS_PACK_H

#include "device/core/arena.h"
#include "nn/config.h"
#include "nn/weights.h"

enum {
    PACK_PANEL = 64, /* outputs of a panel */
    PACK_INT8 = 16   /* a row of int8 weights is a multiple of so many bytes */
};

/* A matrix by rows: PACK_IN_OUT (in, out), what a row-major product wants on its right;
 * PACK_OUT_IN (out, in), PyTorch's own order, the transposed operand of cuBLASLt.
 * int8 knows PACK_OUT_IN, rows of linear_stride(in), and PACK_PANELS, which is (out / 64, in / 4,
 * 64, 4), what vector instructions that add four products at once want. Inputs that only fill up
 * have weight 0. */
typedef enum { PACK_IN_OUT, PACK_OUT_IN, PACK_PANELS, PACK_COUNT } PackOrder;

typedef struct {
    int in, out;
    void *weight;       /* (in, out) or (out, in) elements, or int8 in an order of its own */
    float *bias;        /* (out) */
    void *bias_element; /* (out) elements, for an epilogue; `bias` itself in float32 and int8 */
    float *scale;       /* int8: (out) an output's weights are scale * weight; else NULL */
    int32_t *offset;    /* PACK_PANELS: (blocks of in, linear_padded(out)) -128 * sum of weights */
} Linear;

/* Bytes of a row of int8 weights in PACK_OUT_IN. */
static inline int linear_stride(int in) { return (in + PACK_INT8 - 1) / PACK_INT8 * PACK_INT8; }

/* Outputs of whole panels. */
static inline int linear_padded(int out) {
    return (out + PACK_PANEL - 1) / PACK_PANEL * PACK_PANEL;
}

typedef struct {
    float *gain, *shift; /* (C) */
} Norm;

typedef struct {
    Linear input_embedding;
    Norm input_norm;
    float *positional_encoding; /* (C) added after input_norm */
    struct {
        Linear self_attn, linear1, linear2;
        Norm norm1, norm2;
    } layer[MODEL_LAYERS_MAX];
    Linear fc0, policy_fc3, value_fc3;
} Packed;

EXTERN_C_BEGIN

/* The list of the arrays: run dry it measures, run again it places. */
void packed_layout(Packed *p, const ModelConfig *config, Precision precision, Arena *arena);

/* Fills a placed `p` in host memory; all is folded in float32 before it is converted.
 * STATUS_ARGUMENT: weights of another shape, nothing written; STATUS_MEMORY: no room for one folded
 * matrix. */
Status packed_fill(const Packed *p, const ModelConfig *config, Precision precision, PackOrder order,
                   const Weights *weights);

EXTERN_C_END

#endif
