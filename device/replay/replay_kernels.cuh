/* device/replay/replay_kernels.cuh - index, guard, body; how they are launched is elsewhere. */
#ifndef DEVICE_REPLAY_REPLAY_KERNELS_CUH
#define DEVICE_REPLAY_REPLAY_KERNELS_CUH

#include "device/core/launch.cuh"
#include "gather.h"

static __global__ void replay_clear_kernel(Replay r) {
    int i = team_item<1>();
    if (i < r.capacity) replay_clear_one(&r, i);
}

template <int WIDTH>
static __global__ void replay_add_kernel(Replay r, const uint16_t *records, const int32_t *at,
                                         int n) {
    int i = team_item<WIDTH>();
    if (i < n) replay_add(&r, records + at[i], team_self<WIDTH>());
}

static __global__ void replay_begin_kernel(Replay r, int64_t first, int64_t end) {
    if (team_item<1>() == 0) replay_window_begin(&r, first, end);
}

static __global__ void replay_count_kernel(Replay r, int64_t first, int64_t end) {
    int i = team_item<1>();
    if (i <= end - first) replay_count_one(&r, first, end, i);
}

static __global__ void replay_end_kernel(Replay r) {
    if (team_item<1>() == 0) replay_window_end(&r);
}

template <int WIDTH>
static __global__ void gather_kernel(GatherArgs args) {
    int i = team_item<WIDTH>();
    if (i < args.rows) gather_one(&args, i, team_self<WIDTH>());
}

#endif
