/* device/replay/replay_ops.h - the launches of the replay: add, window, gather. */
#ifndef DEVICE_REPLAY_REPLAY_OPS_H
#define DEVICE_REPLAY_REPLAY_OPS_H

#include "gather.h"

/* One table a backend. Same contract on each:
 *   memory    the caller owns every array; nothing is allocated or retained
 *   ordering  asynchronous on `stream` (cuda), complete on return (cpu)
 *   errors    STATUS_DEVICE: the launch was refused */
typedef struct {
    /* Empties every slot; before anything else. */
    Status (*clear)(const Replay *r, Stream stream);
    /* n records, number i at records + at[i], as replay_add takes them; device memory. Their ids
     * differ modulo the capacity. Several threads may add other records at the same time. */
    Status (*add)(const Replay *r, const uint16_t *records, const int32_t *at, int n,
                  Stream stream);
    /* Draws are from the games first .. end - 1 from now on: fills count, offset, *window. `temp`
     * is replay_window_bytes of the device. A game that is not there: window->missing, no examples.
     * STATUS_ARGUMENT: more games than slots, or than 2^31 examples could come from. */
    Status (*window)(const Replay *r, int64_t first, int64_t end, void *temp, size_t temp_bytes,
                     Stream stream);
    /* Rows of a batch; may be captured. On the cpu the calling thread does it alone, and any number
     * of threads may do so at once. */
    Status (*gather)(const GatherArgs *args, Stream stream);
} ReplayOps;

static inline size_t replay_window_bytes(const Replay *r, const Backend *backend) {
    return backend->scan_bytes((int)r->capacity);
}

/* A decision takes four words or more, and examples are counted in 32 bits. */
static inline Status replay_window_check(const Replay *r, int64_t first, int64_t end) {
    int64_t games = end - first, most = (r->stride - RECORD_HEAD_WORDS) / 4 + 1;
    bool fits = first >= 0 && games >= 0 && games <= r->capacity && games <= INT32_MAX / most;
    return fits ? STATUS_OK : STATUS_ARGUMENT;
}

EXTERN_C_BEGIN
extern const ReplayOps replay_cpu, replay_cuda;
EXTERN_C_END

#endif
