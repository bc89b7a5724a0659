/* nn/infer/product_cpu.h - the float32 product of the network on the CPU: all calls of inference
 * into oneDNN.
 *
 * A build without the library links tests/sim/product_plain.c instead of product_cpu.c.
 *
 *   R  rows     C_in  l->in     C_out  l->out */
#ifndef NN_INFER_PRODUCT_CPU_H
#define NN_INFER_PRODUCT_CPU_H

#include "nn/ops/pack.h"

EXTERN_C_BEGIN

/* y (R, C_out) = x (R, C_in) times the weights, PACK_IN_OUT; x has x_stride floats a row. The bits
 * of a row depend on R, not on the other rows. Uses one thread if the caller is in a parallel
 * region and has set the next level to one. STATUS_DEVICE: the library refused. */
Status product_float32(const Linear *l, const float *x, int x_stride, float *y, int rows);

/* What else those bits depend on: instruction set, library and version. */
void product_describe(char *isa, size_t isa_bytes, char *library, size_t library_bytes);

EXTERN_C_END

#endif
