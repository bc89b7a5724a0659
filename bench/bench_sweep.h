/* bench/bench_sweep.h - self-play measured once, and again for each value of one setting. */
#ifndef BENCH_BENCH_SWEEP_H
#define BENCH_BENCH_SWEEP_H

#include "bench.h"

/* A table with a row for each value of o->sweep; what the device cannot is a row that says so. */
Status bench_sweep(const BenchOptions *o);

#endif
