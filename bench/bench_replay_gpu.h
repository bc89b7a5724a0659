/* bench/bench_replay_gpu.h - what bench_replay measures where the ring is in a GPU's memory. */
#ifndef BENCH_BENCH_REPLAY_GPU_H
#define BENCH_BENCH_REPLAY_GPU_H

#include "bench.h"

/* STATUS_MEMORY; STATUS_DEVICE; STATUS_FAULT: self-play met one. */
Status bench_replay_gpu(const BenchOptions *o);

#endif
