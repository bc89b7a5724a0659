/* bench/bench_replay_gpu.h - what bench_replay measures with the ring in a GPU's memory. */
#ifndef BENCH_BENCH_REPLAY_GPU_H
#define BENCH_BENCH_REPLAY_GPU_H

#include "bench.h"

/* STATUS_MEMORY; STATUS_DEVICE; STATUS_FAULT: self-play raised a fault. */
Status bench_replay_gpu(const BenchOptions *o);

#endif
