/* device/search/search_kernels.cuh - index, guard, body; how they are launched is elsewhere. */
#ifndef DEVICE_SEARCH_SEARCH_KERNELS_CUH
#define DEVICE_SEARCH_SEARCH_KERNELS_CUH

#include "device/core/launch.cuh"
#include "descend.h"
#include "root.h"

static __global__ void begin_kernel(Search search, const RoundState *states) {
    int b = team_item<1>();
    if (b < search.B) root_begin(&search, b, &states[b]);
}

template <int WIDTH>
static __global__ void descend_kernel(Search search) {
    int b = team_item<WIDTH>();
    if (b < search.B) descend_one(&search, b, team_self<WIDTH>());
}

template <int WIDTH>
static __global__ void backup_kernel(Search search) {
    int b = team_item<WIDTH>();
    if (b < search.B) backup_one(&search, b, team_self<WIDTH>());
}

#endif
