/* host/files/float_tensor.h - tensors of a safetensors file as float32, each checked. */
#ifndef HOST_FILES_FLOAT_TENSOR_H
#define HOST_FILES_FLOAT_TENSOR_H

#include "nn/weights.h"
#include "safetensors.h"

enum { FLOAT_TENSOR_SHAPE = 200 };

typedef enum { FLOAT_TENSOR_F32, FLOAT_TENSOR_ANY } FloatTensorTypes; /* ANY: F16 and BF16 too */

/* How a parameter of a network is described in a file: F32, under its own name. */
SafeTensor float_tensor_describe(const WeightTensor *parameter);

/* "(256, 1024)" */
void float_tensor_print_shape(char text[FLOAT_TENSOR_SHAPE], int rank, const int64_t *dims);

/* Reads the tensor of `want`'s name, rank and dims into `to`, (the product of dims).
 * STATUS_INPUT: missing, of another shape or type, or not finite; one line says which. */
Status float_tensor_load(const Safetensors *file, const SafeTensor *want, FloatTensorTypes types,
                         float *to);

#endif
