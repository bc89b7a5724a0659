/* nn/infer/agree.c - the distances between two sets of outputs, row by row, and their spread. */
#include "agree.h"

#include <stdlib.h>

#include "device/core/real.h"

static double value_distance(const float *a, const float *b, int values) {
    double worst = 0;
    for (int v = 0; v < values; v++) {
        double d = (double)a[v] - (double)b[v];
        if (d < 0) d = -d;
        if (!(d < (double)INFINITY)) return (double)INFINITY; /* NaN too */
        if (d > worst) worst = d;
    }
    return worst;
}

/* Log of the sum of exp over the legal actions; infinity if one of their logits is not finite. */
static double log_sum(const float *logits, uint64_t legal, int actions) {
    double most = -(double)INFINITY, sum = 0;
    for (int c = 0; c < actions; c++) {
        if (!(legal >> c & 1)) continue;
        if (!((double)logits[c] - (double)logits[c] == 0)) return (double)INFINITY;
        if ((double)logits[c] > most) most = (double)logits[c];
    }
    for (int c = 0; c < actions; c++) {
        double below = (double)logits[c] - most; /* exp(-200) is negligible beside 1 */
        if ((legal >> c & 1) && below > -200) sum += real_exp_core(below);
    }
    return most + real_log_core(sum);
}

static double policy_distance(const float *a, const float *b, uint64_t legal, int actions) {
    double a_sum = log_sum(a, legal, actions), b_sum = log_sum(b, legal, actions), kl = 0;
    if (!(a_sum < (double)INFINITY && b_sum < (double)INFINITY)) return (double)INFINITY;
    for (int c = 0; c < actions; c++) {
        if (!(legal >> c & 1)) continue;
        double log_p = (double)a[c] - a_sum, log_q = (double)b[c] - b_sum;
        if (log_p > -200) kl += real_exp_core(log_p) * (log_p - log_q);
    }
    return kl > 0 ? kl : 0; /* only rounding makes it negative */
}

static int compare_rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts x (n). */
static AgreeSpread spread_of(double *x, int n) {
    AgreeSpread s;
    double sum = 0;
    qsort(x, (size_t)n, sizeof *x, compare_rising);
    for (int i = 0; i < n; i++) sum += x[i];
    s.mean = sum / n;
    s.p90 = x[((int64_t)n * 90 + 99) / 100 - 1]; /* the least value that 90% do not exceed */
    s.p99 = x[((int64_t)n * 99 + 99) / 100 - 1];
    s.max = x[n - 1];
    return s;
}

Status agree_compare(Agreement *out, const AgreeOutputs *a, const AgreeOutputs *b,
                     const uint64_t *legal, int rows, int actions, int values) {
    if (rows < 1 || actions < 1 || actions > 64 || values < 1) return STATUS_ARGUMENT;
    double *distance = (double *)malloc((size_t)rows * sizeof *distance);
    if (!distance) return STATUS_MEMORY;
    for (int r = 0; r < rows; r++) {
        int64_t at = (int64_t)r * values;
        distance[r] = value_distance(a->values + at, b->values + at, values);
    }
    out->value = spread_of(distance, rows);
    for (int r = 0; r < rows; r++) {
        int64_t at = (int64_t)r * actions;
        distance[r] = policy_distance(a->logits + at, b->logits + at, legal[r], actions);
    }
    out->policy = spread_of(distance, rows);
    free(distance);
    return STATUS_OK;
}

AgreeLimits agree_limits(Precision precision) {
    static const AgreeLimits limits[PRECISION_COUNT] = {
        [PRECISION_FLOAT32] = {.value_p99 = 1e-4,
                               .value_max = 1e-4,
                               .policy_p99 = 1e-6,
                               .policy_max = 1e-6},
        [PRECISION_BF16] = {.value_p99 = 0.02,
                            .value_max = 0.05,
                            .policy_p99 = 0.002,
                            .policy_max = 0.004},
        [PRECISION_INT8] = {.value_p99 = 0, .value_max = 0, .policy_p99 = 0, .policy_max = 0},
    };
    return limits[precision];
}

static double share(double x, double limit) {
    if (limit > 0) return x / limit;
    return x > 0 ? (double)INFINITY : 0;
}

double agree_used(const Agreement *agreement, const AgreeLimits *limits) {
    double used[4] = {share(agreement->value.p99, limits->value_p99),
                      share(agreement->value.max, limits->value_max),
                      share(agreement->policy.p99, limits->policy_p99),
                      share(agreement->policy.max, limits->policy_max)};
    double most = 0;
    for (int i = 0; i < 4; i++)
        if (used[i] > most) most = used[i];
    return most;
}
