/* nn/train/product_blas.h - the float32 products of training on the CPU: all calls of training into
 * oneDNN.
 *
 *   forward   Y (R, out)   = X (R, in) W           W transposed, (in, out)
 *   back      dX (R, in)   = dY (R, out) W         W (out, in)
 *   weights   dW (out, in) = dY^T X                sums over R rows
 *
 * A build without the library links tests/sim/product_blas_plain.c instead of product_blas.c. */
#ifndef NN_TRAIN_PRODUCT_BLAS_H
#define NN_TRAIN_PRODUCT_BLAS_H

#include "device/core/portable.h"
#include "device/core/status.h"

typedef enum { PRODUCT_AS_IT_IS, PRODUCT_TRANSPOSED, PRODUCT_TRANSPOSE_COUNT } ProductTranspose;
typedef enum { PRODUCT_SET, PRODUCT_ADD, PRODUCT_KIND_COUNT } ProductKind;

typedef struct {
    const float *a, *b; /* (m, k), or (k, m) transposed; (k, n) */
    float *c;           /* (m, n) */
    int m, n, k;
    int a_stride, b_stride, c_stride; /* floats from one row to the next, as stored */
    ProductTranspose transpose;       /* of a */
    ProductKind kind;                 /* c = a b, or c = c + a b */
} ProductBlasArgs;

EXTERN_C_BEGIN
/* The bits depend on the numbers and sizes alone. Uses one thread if the caller has called
 * omp_set_num_threads(1). STATUS_DEVICE: the library refused. */
Status product_blas(const ProductBlasArgs *args);
EXTERN_C_END

#endif
