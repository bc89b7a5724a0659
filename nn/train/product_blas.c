/* nn/train/product_blas.c - training's float32 products through oneDNN. */
#include "product_blas.h"

#include <dnnl.h>
#include <dnnl_debug.h>
#include <stdio.h>

Status product_blas(const ProductBlasArgs *p) {
    dnnl_status_t status = dnnl_sgemm(p->transpose == PRODUCT_TRANSPOSED ? 'T' : 'N', 'N', p->m,
                                      p->n, p->k, 1.0f, p->a, p->a_stride, p->b, p->b_stride,
                                      p->kind == PRODUCT_ADD ? 1.0f : 0.0f, p->c, p->c_stride);
    if (status == dnnl_success) return STATUS_OK;
    fprintf(stderr, "oneDNN: %s\n", dnnl_status2str(status));
    return STATUS_DEVICE;
}
