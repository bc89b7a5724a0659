/* nn/weights.h - a network's parameters on the host, by PyTorch's names and shapes. */
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

EXTERN_C_BEGIN

/* How many tensors a network of this shape has, and the i-th of them. */
int weights_tensor_count(const ModelConfig *config);
WeightTensor weights_tensor(const ModelConfig *config, int i);
size_t weights_parameter_count(const ModelConfig *config);

/* Where a tensor lies, by name; NULL if the network has none of that name. */
float *weights_find(const Weights *weights, const char *name);

/* Zeroed parameters; the caller frees with weights_free. STATUS_ARGUMENT, STATUS_MEMORY. */
Status weights_alloc(Weights *out, const ModelConfig *config);
void weights_free(Weights *weights);

/* Seeded Xavier-uniform matrices, zero biases, unit norms; the same floats everywhere. */
void weights_init(Weights *weights, uint64_t seed);

EXTERN_C_END

#endif
