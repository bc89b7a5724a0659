/* tests/sim/scan_plain.cu - the scan of backend_cuda without CUB: one thread runs the plain body.
 *
 * Linked in place of device/core/scan_cub.cu, whose oracle that body is. */
#include "device/core/launch.cuh"
#include "device/core/scan.h"

static __global__ void scan_kernel(ScanArgs args) {
    if (team_item<1>() == 0) scan_one(&args);
}

/* Memory as CUB would ask for it: checked, but not used. */
enum { TEMP_BYTES = 768 };

Status scan_cuda(const int32_t *in, int32_t *out, int n, void *temp, size_t temp_bytes,
                 Stream stream) {
    ScanArgs args = {in, out, n};
    if (!temp || temp_bytes < TEMP_BYTES) return STATUS_ARGUMENT;
    LAUNCH(scan_kernel, 1, 32, stream, args);
    return STATUS_OK;
}

size_t scan_bytes_cuda(int n) {
    (void)n;
    return TEMP_BYTES;
}
