/* nn/infer/product_cpu.c - the float32 product through oneDNN. */
#include "product_cpu.h"

#include <dnnl.h>
#include <dnnl_debug.h>
#include <stdio.h>

Status product_float32(const Linear *l, const float *x, int x_stride, float *y, int rows) {
    dnnl_status_t status = dnnl_sgemm('N', 'N', rows, l->out, l->in, 1.0f, x, x_stride,
                                      (const float *)l->weight, l->out, 0.0f, y, l->out);
    if (status == dnnl_success) return STATUS_OK;
    fprintf(stderr, "oneDNN: %s\n", dnnl_status2str(status));
    return STATUS_DEVICE;
}

void product_describe(char *isa, size_t isa_bytes, char *library, size_t library_bytes) {
    const dnnl_version_t *version = dnnl_version();
    snprintf(isa, isa_bytes, "onednn isa %#x", (unsigned)dnnl_get_effective_cpu_isa());
    snprintf(library, library_bytes, "onednn %d.%d.%d", version->major, version->minor,
             version->patch);
}
