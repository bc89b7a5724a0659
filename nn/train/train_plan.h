/* nn/train/train_plan.h - the columns of the vectors' gradients, and the tensors of an update, for
 * training on the CPU.
 *
 * Gradients of vectors are sums over rows. All of them lie side by side as columns, so that their
 * partial sums are one matrix (blocks, columns); a table holds the offset of each column in the
 * gradient. The last LOSS_COUNT columns are the loss metrics, which follow the gradient.
 *
 *   C channels   L layers */
#ifndef NN_TRAIN_TRAIN_PLAN_H
#define NN_TRAIN_TRAIN_PLAN_H

#include "nn/ops/loss.h"
#include "nn/ops/pack.h"
#include "train.h"

typedef struct {
    int gain, shift;
} NormColumns;

/* The first column of each vector: a linear layer's bias, a norm's gain and shift. */
typedef struct {
    int value_proj, out_proj, linear1, linear2;
    NormColumns norm1, norm2;
} LayerColumns;

typedef struct {
    int input_embedding;
    NormColumns input_norm; /* the gradient of its shift is also that of positional_encoding */
    LayerColumns layer[MODEL_LAYERS_MAX];
    int policy_fc0, policy_fc3, value_fc0, value_fc3;
    int metrics;
    int count; /* columns of all vectors and metrics */
} TrainColumns;

typedef struct {
    WeightsOffsets at;
    TrainColumns column;
} TrainPlan;

/* A matrix, or a vector as a matrix with in = 1. An update takes it in pieces of whole rows. */
typedef struct {
    size_t at; /* floats from the start of Weights.data */
    int out, in;
    bool product; /* forward multiplies by it */
} TrainTensor;

EXTERN_C_BEGIN

/* column_offset (columns), the offset of each column's parameter, is filled unless it is NULL. */
void train_plan_make(const ModelConfig *config, TrainPlan *out, int32_t *column_offset);

/* The i-th tensor, with the rows of in_proj for queries and keys apart from those for values; false
 * beyond the last. */
bool train_plan_tensor(const ModelConfig *config, int i, TrainTensor *out);

EXTERN_C_END

#endif
