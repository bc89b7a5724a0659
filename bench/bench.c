/* bench/bench.c - clock, medians, the work of a row. */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

double bench_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, compare_double);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

bool bench_is_cpu(const BenchOptions *o) { return strcmp(o->device->backend->name, "cpu") == 0; }

double bench_row_flops(const ModelConfig *m) {
    double C = m->width, layer = C * C + 2.0 * C * m->hidden;
    double heads = C * m->policy_hidden + (double)m->policy_hidden * m->actions +
                   C * m->value_hidden + (double)m->value_hidden * m->values;
    return 2 * (m->inputs * C + m->layers * layer + heads);
}
