/* nn/ops/pack.h - weights as forward reads them: attention folded, heads joined, in one block.
 *
 *   input_embedding   C_in -> C
 *   self_attn         C -> C              of each layer
 *   linear1           C -> hidden         of each layer
 *   linear2           hidden -> C         of each layer
 *   fc0               C -> policy_hidden + value_hidden
 *   policy_fc3        policy_hidden -> A
 *   value_fc3         value_hidden -> V
 *
 * The names are PyTorch's. With one token self_attn is W_o W_v, one matrix (fold.h). The first
 * layers of both heads, policy_fc.0 and value_fc.0, read the same row and are one matrix, fc0. */
#ifndef NN_OPS_PACK_H
#define NN_OPS_PACK_H

#include "device/core/arena.h"
#include "nn/config.h"
#include "nn/weights.h"
#include "product_float32.h"

enum {
    PACK_PANEL = 64, /* outputs of a panel */
    PACK_INT8 = 16   /* bytes: a row of int8 weights is a multiple of them */
};

/* The order of a row-major matrix: PACK_IN_OUT (in, out), the right operand of a row-major product;
 * PACK_OUT_IN (out, in), PyTorch's own order, the transposed operand of cuBLASLt. PACK_PANELS is
 * for vector instructions: float32 as product_float32.h has it, (out / 16, in, 16).
 * int8 has PACK_OUT_IN, rows of linear_stride(in) bytes, and PACK_PANELS, (out / 64, in / 4, 64,
 * 4), where an instruction adds four products at once; and PACK_PAIRS, as 16 bits each, (out / 16,
 * in / 2, 16, 2), where one adds two; and PACK_FLOATS, as floats, (out / 16, in, 16), where one
 * adds one. Inputs that are only padding have weight 0. */
typedef enum {
    PACK_IN_OUT,
    PACK_OUT_IN,
    PACK_PANELS,
    PACK_PAIRS,
    PACK_FLOATS,
    PACK_COUNT
} PackOrder;

typedef struct {
    int in, out;
    void *weight;       /* elements, or numbers of int8, in a PackOrder */
    float *bias;        /* (out) */
    void *bias_element; /* (out) elements, for an epilogue; with float32 and int8 `bias` itself */
    float *scale;       /* int8: (out) an output's weights are scale * weight; else NULL */
    int32_t *offset;    /* PACK_PANELS: (blocks of in, linear_padded(out)) -128 * sum of weights */
} Linear;

/* Bytes of a row of int8 weights in PACK_OUT_IN. */
static inline int linear_stride(int in) { return (in + PACK_INT8 - 1) / PACK_INT8 * PACK_INT8; }

/* Bytes of a number of int8. */
static inline size_t pack_number(PackOrder order) {
    return order == PACK_FLOATS ? sizeof(float) : order == PACK_PAIRS ? sizeof(int16_t) : 1;
}

/* Outputs, rounded up to whole panels. */
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
void packed_layout(Packed *p, const ModelConfig *config, Precision precision, PackOrder order,
                   Arena *arena);

/* Fills `p`, already placed in host memory for this precision and order; folds in float32, then
 * converts. STATUS_ARGUMENT: weights of another shape, nothing written; STATUS_MEMORY: no room for
 * one folded matrix. */
Status packed_fill(const Packed *p, const ModelConfig *config, Precision precision, PackOrder order,
                   const Weights *weights);

EXTERN_C_END

#endif
