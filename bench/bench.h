/* bench/bench.h - what the benches share: clock, medians, positions, ceilings, reports.
 *
 * Every figure stands beside its ceiling, measured in the same run on the same machine. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "../device/play/selfplay.h"
#include "../host/options.h"

typedef struct {
    int players, cards, worlds, simulations, leaves, parallel, threads, repeats, rows;
    int precision;
    int64_t seed;
    double seconds;     /* how long one measurement lasts, about */
    const char *device; /* of rows, tree, selfplay, signature */
    const char *csv;    /* appended to, or NULL */
} BenchOptions;

/* One bench: a row of the table in blob_bench.c. */
typedef Status (*BenchFunction)(const BenchOptions *o);

Status bench_selfplay(const BenchOptions *o);
Status bench_rows(const BenchOptions *o);
Status bench_tree(const BenchOptions *o);
Status bench_gemm(const BenchOptions *o);
Status bench_worlds(const BenchOptions *o);
Status bench_signature(const BenchOptions *o);

double bench_clock(void);

/* The middle one; sorts x (n). */
double bench_median(double *x, int n);

/* Prints "name  value unit   share of ceiling", and appends machine,name,value,unit,ceiling,share
 * to the CSV file. ceiling 0: none is known. */
void bench_report(const BenchOptions *o, const char *name, double value, const char *unit,
                  double ceiling, const char *ceiling_name);

/* Rounds of P seats and T cards stopped at random decisions with a choice: states (n). */
void bench_positions(const Rules *rules, int cards, uint64_t seed, int n, RoundState *states);

/* FLOP/s of plain single-precision GEMM (oneDNN) on all threads, at the shapes of the network's
 * layers in their proportions, each thread its own blocks of `rows` rows, for about `seconds`. */
double bench_gemm_flops(int rows, double seconds);

/* The best of a few block heights: the ceiling. */
double bench_gemm_ceiling(double seconds);

/* Multiply-adds of one row, twice: folded blobnet. */
double bench_row_flops(const ModelConfig *model);

#endif
