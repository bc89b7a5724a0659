/* device/replay/replay_cpu.c - loop launchers, twin of replay_cuda.cu. */
#include "replay_ops.h"

enum {
    CHUNK = 64, /* records a thread takes at once */
    FEW = 256   /* so many or fewer are one thread's: waking others costs more */
};

static Status clear_cpu(const Replay *r, Stream stream) {
    (void)stream;
    for (int64_t i = 0; i < r->capacity; i++) replay_clear_one(r, i);
    return STATUS_OK;
}

static Status add_cpu(const Replay *r, const uint16_t *records, const int32_t *at, int n,
                      Stream stream) {
    (void)stream;
#pragma omp parallel for schedule(dynamic, CHUNK) if (n > FEW)
    for (int i = 0; i < n; i++) replay_add(r, records + at[i], TEAM_OF_ONE);
    return STATUS_OK;
}

static Status window_cpu(const Replay *r, int64_t first, int64_t end, void *temp, size_t temp_bytes,
                         Stream stream) {
    TRY(replay_window_check(r, first, end));
    int n = (int)(end - first);
    replay_window_begin(r, first, end);
#pragma omp parallel for schedule(static) if (n > FEW)
    for (int i = 0; i <= n; i++) replay_count_one(r, first, end, i);
    TRY(backend_cpu.scan(r->count, r->offset, n, temp, temp_bytes, stream));
    replay_window_end(r);
    return STATUS_OK;
}

static Status gather_cpu(const GatherArgs *args, Stream stream) {
    (void)stream;
    for (int i = 0; i < args->rows; i++) gather_one(args, i, TEAM_OF_ONE);
    return STATUS_OK;
}

const ReplayOps replay_cpu = {
    .clear = clear_cpu,
    .add = add_cpu,
    .window = window_cpu,
    .gather = gather_cpu,
};
