/* tests/sim/product_plain.c - the CPU network's float32 product by loops: for nn/infer/product_cpu.c.
 *
 * For a build without oneDNN; a sum is added up input by input. */
#include "nn/infer/product_cpu.h"

Status product_float32(const Linear *l, const float *x, int x_stride, float *y, int rows) {
    const float *weight = (const float *)l->weight; /* (in, out) */
    for (int r = 0; r < rows; r++) {
        float *sums = y + (size_t)r * (size_t)l->out;
        for (int o = 0; o < l->out; o++) sums[o] = 0;
        for (int i = 0; i < l->in; i++)
            for (int o = 0; o < l->out; o++)
                sums[o] += x[(size_t)r * (size_t)x_stride + (size_t)i] *
                           weight[(size_t)i * (size_t)l->out + (size_t)o];
    }
    return STATUS_OK;
}

void product_describe(char *isa, size_t isa_bytes, char *library, size_t library_bytes) {
    snprintf(isa, isa_bytes, "any");
    snprintf(library, library_bytes, "none");
}
