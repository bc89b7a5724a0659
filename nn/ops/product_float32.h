/* nn/ops/product_float32.h - the float32 product of inference and training on the CPU.
 *
 *   c[m][n] = fmaf(a[m][K-1], b[K-1][n], .. fmaf(a[m][1], b[1][n], fmaf(a[m][0], b[0][n], s)))
 *
 * One chain an output, ascending in k, from s = 0 or from the old c[m][n]. The definition is the
 * bits: a register tile computes just this, whatever its vectors, its size, the number of rows or
 * threads; and a sum stored after some k and loaded again goes on exactly. So every kernel, the
 * bodies in linear.h and plain_product.h, and a loop over fmaf agree to the bit (NaN: any NaN).
 *
 * b lies in panels of 16 columns, (N / 16, K, 16), then the rest of the columns as a narrower one:
 * the vectors of a tile are adjacent, and the whole takes K * N floats. */
#ifndef NN_OPS_PRODUCT_FLOAT32_H
#define NN_OPS_PRODUCT_FLOAT32_H

#include "device/core/isa.h"

enum {
    PRODUCT_PANEL = 16, /* columns of a panel */
    PRODUCT_SLACK = 15  /* floats behind b that may be read, and are not used */
};

typedef struct {
    const float *a; /* a[m][k] is a[m * a_row + k * a_k] */
    const float *b; /* (K, N) in panels, and PRODUCT_SLACK floats */
    float *c;       /* c[m][n] is c[m * c_row + n] */
    int64_t a_row, a_k, c_row;
    int m, n, k;      /* M, N, K */
    int first, count; /* columns computed: first a multiple of 16; all are 0, N */
    bool add;         /* chains begin with the old c, not with 0 */
} ProductFloat32Args;

/* Index of (k, n) among the panels of a (K, N) matrix. */
static inline int64_t product_panel_at(int K, int N, int k, int n) {
    const int first = n / PRODUCT_PANEL * PRODUCT_PANEL;
    const int width = N - first < PRODUCT_PANEL ? N - first : PRODUCT_PANEL;
    return (int64_t)first * K + (int64_t)k * width + (n - first);
}

EXTERN_C_BEGIN

/* On the caller's thread. `isa`: one that isa_has. */
void product_float32(Isa isa, const ProductFloat32Args *args);

/* The same with b in rows, b[k][n] at b[k * b_row + n], instead of args->b; all columns. It copies
 * b into panels as it goes, which 256 rows of c hide. */
void product_float32_rows(Isa isa, const ProductFloat32Args *args, const float *b, int64_t b_row);

EXTERN_C_END

#endif
