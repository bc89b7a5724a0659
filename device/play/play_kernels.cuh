/* device/play/play_kernels.cuh - index, guard, body; how they are launched is elsewhere. */
#ifndef DEVICE_PLAY_PLAY_KERNELS_CUH
#define DEVICE_PLAY_PLAY_KERNELS_CUH

#include "device/core/launch.cuh"
#include "observe_rows.h"
#include "refill.h"
#include "sides.h"

/* The network reads bf16 on a GPU, whatever its own precision. */
template <int WIDTH>
static __global__ void observe_kernel(ObserveArgs args) {
    int b = team_item<WIDTH>();
    args.bf16 = true;
    if (b < args.search.B) observe_rows_one(&args, b, team_self<WIDTH>());
}

/* A fixed grid of `workers` threads, each with a scratch of its own, strides over the slots. */
static __global__ void move_kernel(Play play) {
    int t = team_item<1>();
    if (t >= play.workers) return;
    for (int g = t; g < play.G; g += play.workers) move_one(&play, g, play.scratch + t);
}

template <int WIDTH>
static __global__ void emit_kernel(Play play) {
    int g = team_item<WIDTH>();
    if (g < play.G) emit_one(&play, g, team_self<WIDTH>());
}

static __global__ void refill_kernel(Play play) {
    int t = team_item<1>();
    if (t >= play.workers) return;
    for (int g = t; g < play.G; g += play.workers) refill_one(&play, g, play.scratch + t);
}

static __global__ void split_kernel(Search search, Sides sides) {
    int b = team_item<1>();
    if (b < search.B) sides_split_one(&search, &sides, b);
}

static __global__ void join_kernel(Search search, Sides sides) {
    int b = team_item<1>();
    if (b <= search.B) sides_join_one(&search, &sides, b);
}

static __global__ void tally_kernel(Play play) {
    if (team_item<1>() == 0) tally_one(&play);
}

#endif
