/* bench/bench.h - what the benches share: options, clock, medians, reports.
 *
 * Every metric is reported beside its ceiling, measured in the same run on the same machine. */
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
    int parallel;           /* live games; 0: as many as fill the device */
    int rows;               /* an additional row count for the bench `rows`, or 0 */
    int precision, network; /* words of host/options/network_options.h */
    int no_graph;
    int sweep; /* Sweep */
    int64_t seed;
    double seconds;          /* of one measurement, about */
    const char *device_name; /* of the option */
    const char *csv, *json;  /* files, or NULL */
    const Device *device;    /* open */
    char machine[320];       /* name of the processor or GPU */
} BenchOptions;

EXTERN_C_BEGIN

/* A bench; blob_bench.c has the table of them. */
typedef Status (*BenchFunction)(const BenchOptions *o);

Status bench_selfplay(const BenchOptions *o);
Status bench_rows(const BenchOptions *o);
Status bench_tree(const BenchOptions *o);
Status bench_gemm(const BenchOptions *o);
Status bench_copy(const BenchOptions *o);
Status bench_worlds(const BenchOptions *o);
Status bench_solve(const BenchOptions *o);
Status bench_replay(const BenchOptions *o);
Status bench_train(const BenchOptions *o);
Status bench_signature(const BenchOptions *o);

double bench_clock(void);

/* The median of x (n), which it sorts. */
double bench_median(double *x, int n);

bool bench_is_cpu(const BenchOptions *o);

/* Prints "name  value unit   share of ceiling" and adds the metric to the files. ceiling 0: none is
 * known. */
void bench_report(const BenchOptions *o, const char *name, double value, const char *unit,
                  double ceiling, const char *ceiling_name);

/* Adds the metric to the files without printing it, for benches that print a table: at once to the
 * CSV file, as machine,name,value,unit,ceiling,ceiling name; at the end to the JSON file. */
void bench_add(const BenchOptions *o, const char *name, double value, const char *unit,
               double ceiling, const char *ceiling_name);

/* To be called before anything is measured: opens the CSV file to append to it, and checks that the
 * JSON file can be written. STATUS_INPUT: one of them cannot, already reported. */
Status bench_begin(const BenchOptions *o);

/* Closes the CSV file, and writes the JSON file of all metrics, replacing an older one.
 * STATUS_FILE: one of them is incomplete, already reported. STATUS_MEMORY. */
Status bench_save(const BenchOptions *o);

/* Operations of one row through the folded network: two for each multiply-add. */
double bench_row_flops(const ModelConfig *model);

EXTERN_C_END

#endif
