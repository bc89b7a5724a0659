/* tests/support/train_rows.h - rows of training batches from a formula, the same on every device.
 *
 * Row r of batch b is row b * R + r of one endless list. Every number is exact in float32, and the
 * observations in bf16. */
#ifndef TESTS_SUPPORT_TRAIN_ROWS_H
#define TESTS_SUPPORT_TRAIN_ROWS_H

#include "device/core/rng.h"
#include "nn/element.h"
#include "nn/train/train.h"

typedef struct {
    uint64_t seed;
    int64_t rows; /* R of a batch */
    int inputs, actions, values;
    int64_t bad_first, bad_end; /* batches whose row 3 holds a NaN */
} TrainRows;

typedef struct {
    TrainRows of;
    const int64_t *batch;
    TrainBatch out;
    Precision precision; /* of out.x */
    int first, count;    /* rows first .. first + count - 1 of the batch go to out's from `first` */
} TrainRowsArgs;

HD uint64_t train_rows_draw(const TrainRows *of, int64_t row, int what) {
    return splitmix64(of->seed ^ splitmix64((uint64_t)row * 4096 + (uint64_t)what));
}

HD float train_rows_input(const TrainRows *of, int64_t row, int c) {
    const uint64_t u = train_rows_draw(of, row, c);
    return u % 5 < 3 ? (float)(u % 5 == 1) : ((float)(u >> 40 & 255) - 128.0f) / 64.0f;
}

HD uint64_t train_rows_legal(const TrainRows *of, int64_t row) {
    const uint64_t all = of->actions < 64 ? ((uint64_t)1 << of->actions) - 1 : ~(uint64_t)0;
    const uint64_t u = train_rows_draw(of, row, 2048), v = train_rows_draw(of, row, 2049);
    return ((u & v) | (uint64_t)1 << v % (uint64_t)of->actions) & all;
}

/* A target may be 0. */
HD int train_rows_weight(const TrainRows *of, int64_t row, int a) {
    if (!(train_rows_legal(of, row) >> a & 1)) return 0;
    return (int)(train_rows_draw(of, row, 2100 + a) % 7);
}

HD int train_rows_seats(const TrainRows *of, int64_t row) {
    return 1 + (int)(train_rows_draw(of, row, 2050) % (uint64_t)of->values);
}

HD float train_rows_value(const TrainRows *of, int64_t row, int s) {
    if (s >= train_rows_seats(of, row)) return 0.0f;
    return (float)(train_rows_draw(of, row, 2200 + s) % 257) / 256.0f;
}

HD float train_rows_policy(const TrainRows *of, int64_t row, int a) {
    int all = 0;
    for (int c = 0; c < of->actions; c++) all += train_rows_weight(of, row, c);
    if (all == 0) return bits_lowest(train_rows_legal(of, row)) == a ? 1.0f : 0.0f;
    return (float)train_rows_weight(of, row, a) / (float)all;
}

/* One that the policy may have drawn. */
HD int train_rows_action(const TrainRows *of, int64_t row) {
    int a = 0;
    while (a < of->actions && train_rows_policy(of, row, a) == 0.0f) a++;
    return a;
}

/* Row first + i. */
HD void train_rows_one(const TrainRowsArgs *a, int i, Team team) {
    const int64_t r = a->first + i, row = *a->batch * a->of.rows + r;
    const bool bad = *a->batch >= a->of.bad_first && *a->batch < a->of.bad_end && r == 3;
    TEAM_FOR(c, a->of.inputs, team)
    element_store(a->out.x, a->precision, r * a->of.inputs + c,
                  bad && c == 5 ? NAN : train_rows_input(&a->of, row, c));
    TEAM_FOR(c, a->of.actions, team)
    a->out.policy[r * a->of.actions + c] = train_rows_policy(&a->of, row, c);
    TEAM_FOR(s, a->of.values, team)
    a->out.value[r * a->of.values + s] = train_rows_value(&a->of, row, s);
    if (team.lane != 0) return;
    a->out.legal[r] = train_rows_legal(&a->of, row);
    a->out.seats[r] = train_rows_seats(&a->of, row);
    a->out.action[r] = train_rows_action(&a->of, row);
}

EXTERN_C_BEGIN
/* TrainSource.fill of train_cuda; the context is a TrainRows. In train_rows.cu. */
Status train_rows_fill_cuda(void *context, const int64_t *batch, int first, int rows,
                            const TrainBatch *out, Stream stream);
/* TrainReduce.all_reduce_sum of two processes with the same gradient; the context is an int that
 * counts the calls, or NULL. In train_rows.cu. */
Status train_rows_twice_cuda(void *context, float *data, size_t count, Stream stream);
EXTERN_C_END

#endif
