/* nn/train/train_plan.h - where every tensor lies, and the columns of the vectors' gradients.
 *
 * Gradients of vectors are sums over rows. All of them lie side by side as columns, so that their
 * partial sums are one matrix (blocks, columns); `place` says where a column belongs. The last
 * LOSS_COUNT columns are the loss metrics, which belong right behind the gradient.
 *
 *   C channels   L layers   N parameters */
#ifndef NN_TRAIN_TRAIN_PLAN_H
#define NN_TRAIN_TRAIN_PLAN_H

#include "nn/ops/loss.h"
#include "nn/ops/pack.h"
#include "train.h"

/* A tensor: floats from the start of Weights.data, and its first column, if it is a vector. */
typedef struct {
    size_t at;
    int column;
} TrainVector;

typedef struct {
    size_t value, out, up, down; /* W_v: rows 2C..3C-1 of in_proj; W_o; linear1; linear2 */
    TrainVector value_bias, out_bias, up_bias, down_bias;
    TrainVector gain1, shift1, gain2, shift2;
} TrainLayer;

typedef struct {
    size_t position, embed; /* the gradient of position is that of embed_shift */
    TrainVector embed_bias, embed_gain, embed_shift;
    TrainLayer layer[PACK_LAYERS_MAX];
    size_t policy_up, policy_down, value_up, value_down; /* policy_fc.0, .3, value_fc.0, .3 */
    TrainVector policy_up_bias, policy_down_bias, value_up_bias, value_down_bias;
    int metrics;  /* first column of the loss metrics */
    int columns;  /* of all vectors and metrics */
    size_t count; /* N */
} TrainPlan;

/* A layer's matrix, or a vector with in 1: what an update takes in pieces of whole rows. */
typedef struct {
    size_t at;
    int out, in;
    bool product; /* forward multiplies by it */
} TrainTensor;

EXTERN_C_BEGIN

/* `place` (columns) is filled unless it is NULL; the column count does not depend on it. */
void train_plan_make(const ModelConfig *config, TrainPlan *out, int32_t *place);

/* The i-th tensor, Q and K rows of in_proj apart from V's; false beyond the last. */
bool train_plan_tensor(const ModelConfig *config, int i, TrainTensor *out);

EXTERN_C_END

#endif
