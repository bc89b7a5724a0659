/* device/core/scan.h - exclusive sums, the offsets of rows, records and new games.
 *
 *   out[i] = in[0] + .. + in[i - 1] for i in 0..n, so that out[n] is the total; in[n] is 0. */
#ifndef DEVICE_CORE_SCAN_H
#define DEVICE_CORE_SCAN_H

#include "backend.h"

typedef struct {
    const int32_t *in; /* (n + 1) */
    int32_t *out;      /* (n + 1) */
    int n;
} ScanArgs;

/* The whole scan, one item: what the CPU runs, and the oracle of the library's on a GPU. */
HD void scan_one(const ScanArgs *args) {
    int32_t sum = 0;
    for (int i = 0; i <= args->n; i++) {
        int32_t x = args->in[i];
        args->out[i] = sum;
        sum += x;
    }
}

EXTERN_C_BEGIN

/* backend_cuda's scan, in a file of its own since it calls a library; see Backend. */
Status scan_cuda(const int32_t *in, int32_t *out, int n, void *temp, size_t temp_bytes,
                 Stream stream);
size_t scan_bytes_cuda(int n);

EXTERN_C_END

#endif
