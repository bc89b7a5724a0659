/* bench/bench_run.h - a run of self-play in steady state, and windows of its time.
 *
 *   open ─► spread the slots, cheaply ─► some epochs as they are to be measured ─► [ window ]*
 *
 * Games that start together end together, in bursts that no short window could average: so the
 * slots are brought out of phase first. */
#ifndef BENCH_BENCH_RUN_H
#define BENCH_BENCH_RUN_H

#include "bench.h"

/* What happened in a window: everything that was begun in it also ended in it. */
typedef struct {
    double rows, games, waves, seconds;
    double phases[PHASE_COUNT]; /* seconds; see Backend.phases_read */
    double phases_total;        /* their sum; 0: no epoch of the window was timed */
} BenchWindow;

/* Self-play with the full network of seeded weights, as the options say. In *config what was
 * chosen. The caller calls selfplay_close in every case. STATUS_INPUT: the device has no such
 * network, said. STATUS_MEMORY: it does not fit. */
Status bench_run_open(Selfplay *sp, const BenchOptions *o, SelfplayConfig *config);

/* Whether that many live games fit into the memory of the device. */
bool bench_run_fits(const BenchOptions *o, const SelfplayConfig *config);

/* Epochs for about `seconds`, the next enqueued before the last is waited for. STATUS_FAULT. */
Status bench_run_window(Selfplay *sp, double seconds, BenchWindow *w);

/* Medians over the repeats. */
typedef struct {
    SelfplayConfig config; /* as it ran */
    SelfplayBytes bytes;
    double rows_per_second, games_per_minute, rows_a_game;
    double ceiling; /* rows/s that GEMM beside it would allow */
    double share;   /* of the ceiling, median of pairs */
    double outside; /* part of the time outside the network; negative: not known */
} SelfplayMetrics;

/* A run from open to close, each window beside the ceiling measured just before it. STATUS_INPUT,
 * STATUS_MEMORY as bench_run_open. */
Status bench_run_measure(const BenchOptions *o, SelfplayMetrics *m);

#endif
