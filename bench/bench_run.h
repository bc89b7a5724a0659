/* bench/bench_run.h - self-play in its steady state, measured in windows of time.
 *
 *   open ─► spread the slots, cheaply ─► some epochs as they will be measured ─► [ window ]*
 *
 * Games that start together end together, in bursts that no short window averages out; hence the
 * slots are first brought out of phase. */
#ifndef BENCH_BENCH_RUN_H
#define BENCH_BENCH_RUN_H

#include "bench.h"

/* The work of a window: all that began in it also ended in it. */
typedef struct {
    double rows, games, waves, seconds;
    double phases[PHASE_COUNT]; /* seconds, by Backend.phases_read */
    double phases_total;        /* their sum; 0 if no epoch of the window was timed */
} BenchWindow;

/* Opens self-play as the options say, with the full network and seeded weights; *config receives
 * what was chosen. The caller calls selfplay_close in every case. STATUS_INPUT: the device has no
 * such network, already reported. STATUS_MEMORY: it does not fit. */
Status bench_run_open(Selfplay *sp, const BenchOptions *o, SelfplayConfig *config);

/* Whether config->parallel live games fit into the device's memory. */
bool bench_run_fits(const BenchOptions *o, const SelfplayConfig *config);

/* Runs epochs for about `seconds`, each enqueued before the previous one is waited for.
 * STATUS_FAULT. */
Status bench_run_window(Selfplay *sp, double seconds, BenchWindow *w);

/* Medians over the repeats. */
typedef struct {
    SelfplayConfig config; /* as it ran */
    SelfplayBytes bytes;
    double rows_per_second, games_per_minute, rows_a_game;
    double ceiling; /* rows/s that the GEMM measured beside it would allow */
    double share;   /* rate / ceiling, the median of the pairs */
    double outside; /* fraction of the time outside the network; negative: unknown */
} SelfplayMetrics;

/* A run from opening to closing; each window follows a measurement of its ceiling. STATUS_INPUT,
 * STATUS_MEMORY: see bench_run_open. */
Status bench_run_measure(const BenchOptions *o, SelfplayMetrics *m);

#endif
