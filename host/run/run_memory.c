/* host/run/run_memory.c - fits a run into memory. */
#include "run_memory.h"

#include <string.h>

#include "summary.h"

/* The rest is left to libraries and to other users of the device. */
static size_t usable(size_t free_bytes) { return free_bytes / 10 * 9; }

Status run_memory_choose(SelfplayConfig *c, int64_t games, const Device *device,
                         SelfplayBytes *bytes, size_t *free_bytes) {
    enum { FILL_CPU = 1024, FILL_CUDA = 24576 };
    size_t total_bytes;
    bool automatic = c->parallel == 0;
    if (automatic) c->parallel = strcmp(device->backend->name, "cuda") == 0 ? FILL_CUDA : FILL_CPU;
    if (c->parallel > games) c->parallel = (int)games;
    TRY(device->backend->memory(free_bytes, &total_bytes));
    int fits = selfplay_largest_parallel(c, device, usable(*free_bytes));
    if (automatic && fits >= 1 && fits < c->parallel) c->parallel = fits;
    selfplay_measure(c, device, bytes);
    if (fits >= c->parallel) return STATUS_OK;
    char need[16], have[16];
    summary_bytes_text(bytes->model + bytes->trees + bytes->wave + bytes->games, need, sizeof need);
    summary_bytes_text(usable(*free_bytes), have, sizeof have);
    fprintf(stderr,
            "--parallel %d: needs %s of memory, %s are available; the largest that fits is %d\n",
            c->parallel, need, have, fits);
    return STATUS_INPUT;
}

Status run_memory_refuse(const SelfplayConfig *c, const Device *device) {
    size_t free_bytes = 0, total_bytes = 0;
    int fits = 0;
    if (device->backend->memory(&free_bytes, &total_bytes) == STATUS_OK)
        fits = selfplay_largest_parallel(c, device, usable(free_bytes));
    if (fits >= c->parallel) fits = c->parallel / 2; /* free memory is fragmented */
    fprintf(stderr, "--parallel %d: memory ran out; %d should fit\n", c->parallel, fits);
    return STATUS_INPUT;
}
