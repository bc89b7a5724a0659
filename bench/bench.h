/* bench/bench.h - what the benches share: options, clock, medians, reports.
 *
 * Every metric stands beside its ceiling, measured in the same run on the same machine. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "device/play/selfplay.h"
#include "host/options/options.h"

enum { BENCH_REPEATS_MAX = 16 };

typedef enum {
    SWEEP_NONE,
    SWEEP_PARALLEL,
    SWEEP_LEAVES,
    SWEEP_NETWORK,
    SWEEP_PRECISION,
    SWEEP_COUNT
} Sweep;

typedef struct {
    int players, cards, worlds, simulations, leaves, threads, repeats;
    int parallel;           /* 0: what fills the device */
    int rows;               /* one more count for `rows`, or 0 */
    int precision, network; /* words of host/options/network_options.h */
    int no_graph;
    int sweep; /* Sweep */
    int64_t seed;
    double seconds;          /* how long one measurement lasts, about */
    const char *device_name; /* as asked for */
    const char *csv, *json;  /* files, or NULL */
    const Device *device;    /* opened */
    char machine[320];       /* the processor or GPU in words */
} BenchOptions;

EXTERN_C_BEGIN

/* One bench: a row of the table in blob_bench.c. */
typedef Status (*BenchFunction)(const BenchOptions *o);

Status bench_selfplay(const BenchOptions *o);
Status bench_rows(const BenchOptions *o);
Status bench_tree(const BenchOptions *o);
Status bench_gemm(const BenchOptions *o);
Status bench_copy(const BenchOptions *o);
Status bench_worlds(const BenchOptions *o);
Status bench_replay(const BenchOptions *o);
Status bench_train(const BenchOptions *o);
Status bench_signature(const BenchOptions *o);

double bench_clock(void);

/* The middle one; sorts x (n). */
double bench_median(double *x, int n);

bool bench_is_cpu(const BenchOptions *o);

/* Prints "name  value unit   share of ceiling" and keeps it. ceiling 0: none is known. */
void bench_report(const BenchOptions *o, const char *name, double value, const char *unit,
                  double ceiling, const char *ceiling_name);

/* Keeps the metric without printing it, for those that print a table: a line of the CSV file,
 * machine,name,value,unit,ceiling,its name, at once, and an object of the JSON file. */
void bench_add(const BenchOptions *o, const char *name, double value, const char *unit,
               double ceiling, const char *ceiling_name);

/* Before anything is measured: opens the CSV file, to append to it, and looks whether the JSON file
 * could be written. STATUS_INPUT: one of them cannot, said. */
Status bench_begin(const BenchOptions *o);

/* Closes the CSV file and writes the JSON file of all that was kept, in place of an older one.
 * STATUS_FILE: one of them is not whole, said. STATUS_MEMORY. */
Status bench_save(const BenchOptions *o);

/* FLOP/s of plain single-precision GEMM (oneDNN) on all threads, at the shapes of the network's
 * layers in their proportions, each thread its own blocks of `rows` rows, for about `seconds`. */
double bench_gemm_flops(int rows, double seconds);

/* The best of a few block heights: the ceiling. */
double bench_gemm_ceiling(double seconds);

/* Multiply-adds of one row, twice: folded blobnet. */
double bench_row_flops(const ModelConfig *model);

EXTERN_C_END

#endif
