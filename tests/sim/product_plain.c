/* tests/sim/product_plain.c - the float32 product of the CPU's network as loops.
 *
 * Replaces nn/infer/product_cpu.c in a build without oneDNN. Inputs are added in ascending
 * order. */
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
