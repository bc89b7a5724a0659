/* bench/bench_sweep.h - self-play measured once, and again for each value of one setting. */
#ifndef BENCH_BENCH_SWEEP_H
#define BENCH_BENCH_SWEEP_H

#include "bench.h"

/* Medians over the repeats. */
typedef struct {
    SelfplayConfig config; /* as it ran */
    SelfplayBytes bytes;
    double rows_per_second, games_per_minute, rows_a_game;
    double ceiling; /* rows/s that GEMM beside it would allow */
    double share;   /* of the ceiling, median of pairs */
    double outside; /* part of the time outside the network; negative: not known */
} SelfplayFigures;

/* STATUS_INPUT: the device has no such network, said. STATUS_MEMORY: it does not fit. */
Status bench_selfplay_measure(const BenchOptions *o, SelfplayFigures *f);

/* A table with a row for each value of o->sweep; what the device cannot is a row that says so. */
Status bench_sweep(const BenchOptions *o);

#endif
