/* tests/sim/product_blas_plain.c - the products of the CPU's trainer as loops.
 *
 * Replaces nn/train/product_blas.c in a build without oneDNN. Terms are added in ascending
 * order. */
#include "nn/train/product_blas.h"

Status product_blas(const ProductBlasArgs *p) {
    for (int m = 0; m < p->m; m++)
        for (int n = 0; n < p->n; n++) {
            float sum = p->kind == PRODUCT_ADD ? p->c[(size_t)m * (size_t)p->c_stride + (size_t)n]
                                               : 0.0f;
            for (int k = 0; k < p->k; k++) {
                const int row = p->transpose == PRODUCT_TRANSPOSED ? k : m;
                const int column = p->transpose == PRODUCT_TRANSPOSED ? m : k;
                sum = sum + p->a[(size_t)row * (size_t)p->a_stride + (size_t)column] *
                                p->b[(size_t)k * (size_t)p->b_stride + (size_t)n];
            }
            p->c[(size_t)m * (size_t)p->c_stride + (size_t)n] = sum;
        }
    return STATUS_OK;
}
