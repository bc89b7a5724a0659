/* nn/weights.h - a network's parameters on the host, with PyTorch's names and shapes. */
#ifndef NN_WEIGHTS_H
#define NN_WEIGHTS_H

#include "device/core/portable.h"
#include "config.h"

typedef struct {
    char name[64];     /* as in PyTorch's state_dict */
    int dims[3], rank; /* shape, (out, in) for a linear layer */
    size_t offset;     /* floats from the start of Weights.data */
    size_t count;      /* floats */
} WeightTensor;

typedef struct {
    ModelConfig config;
    float *data;  /* (count) all tensors one after another in the order of weights_tensor; owned */
    size_t count; /* parameters */
} Weights;

/* Offsets of a linear layer, or of a norm (gain, shift): floats from the start of Weights.data. */
typedef struct {
    size_t weight, bias;
} TensorOffset;

typedef struct {
    TensorOffset in_proj;    /* W_q, W_k and W_v, (3 C, C) */
    TensorOffset value_proj; /* W_v, the last C rows of in_proj */
    TensorOffset out_proj, linear1, linear2, norm1, norm2;
} LayerOffsets;

/* The only table of offsets, by PyTorch's names; the layers lie one after another. */
typedef struct {
    size_t positional_encoding;
    TensorOffset input_embedding, input_norm;
    LayerOffsets layer[MODEL_LAYERS_MAX]; /* (layers) */
    size_t layer_stride;                  /* floats from one layer to the next */
    TensorOffset policy_fc0, policy_fc3, value_fc0, value_fc3;
    size_t count; /* parameters */
} WeightsOffsets;

EXTERN_C_BEGIN

void weights_offsets(const ModelConfig *config, WeightsOffsets *out);

/* How many tensors a network of this shape has, and the i-th of them. */
int weights_tensor_count(const ModelConfig *config);
WeightTensor weights_tensor(const ModelConfig *config, int i);
size_t weights_parameter_count(const ModelConfig *config);

/* The start of the tensor with this name; NULL if the network has none. */
float *weights_find(const Weights *weights, const char *name);

/* Zeroed parameters, which the caller frees with weights_free. STATUS_ARGUMENT: a size out of
 * range; STATUS_MEMORY. */
Status weights_alloc(Weights *out, const ModelConfig *config);
void weights_free(Weights *weights);

/* Matrices from a seed, Xavier-uniform (Glorot and Bengio 2010); zero biases, unit norms. The same
 * floats on every machine. */
void weights_init(Weights *weights, uint64_t seed);

EXTERN_C_END

#endif
