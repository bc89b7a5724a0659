/* bench/bench_sweep.h - self-play measured once for each value of one setting. */
#ifndef BENCH_BENCH_SWEEP_H
#define BENCH_BENCH_SWEEP_H

#include "bench.h"

/* Prints a table with a row for each value of o->sweep; where the device cannot, the row says
 * so. */
Status bench_sweep(const BenchOptions *o);

#endif
