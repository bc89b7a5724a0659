/* device/replay/replay_cuda.cu - kernel launchers, twin of replay_cpu.c. */
#include "replay_kernels.cuh"
#include "replay_ops.h"

enum { THREADS = 128 }; /* a block */

static Status clear_cuda(const Replay *r, Stream stream) {
    LAUNCH(replay_clear_kernel, launch_blocks(r->capacity, 1, THREADS), THREADS, stream, *r);
    return STATUS_OK;
}

static Status add_cuda(const Replay *r, const uint16_t *records, const int32_t *at, int n,
                       Stream stream) {
    if (n == 0) return STATUS_OK;
    LAUNCH(replay_add_kernel<32>, launch_blocks(n, 32, THREADS), THREADS, stream, *r, records, at,
           n);
    return STATUS_OK;
}

static Status window_cuda(const Replay *r, int64_t first, int64_t end, void *temp,
                          size_t temp_bytes, Stream stream) {
    TRY(replay_window_check(r, first, end));
    int n = (int)(end - first);
    LAUNCH(replay_begin_kernel, 1, 32, stream, *r, first, end);
    LAUNCH(replay_count_kernel, launch_blocks(n + 1, 1, THREADS), THREADS, stream, *r, first, end);
    TRY(backend_cuda.scan(r->count, r->offset, n, temp, temp_bytes, stream));
    LAUNCH(replay_end_kernel, 1, 32, stream, *r);
    return STATUS_OK;
}

static Status gather_cuda(const GatherArgs *args, Stream stream) {
    if (args->rows == 0) return STATUS_OK;
    LAUNCH(gather_kernel<32>, launch_blocks(args->rows, 32, THREADS), THREADS, stream, *args);
    return STATUS_OK;
}

extern "C" const ReplayOps replay_cuda = {
    .clear = clear_cuda,
    .add = add_cuda,
    .window = window_cuda,
    .gather = gather_cuda,
};
