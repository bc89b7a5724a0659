/* tests/support/train_checks.h - what a trainer on CUDA must do, on a GPU and on the simulator. */
#ifndef TESTS_SUPPORT_TRAIN_CHECKS_H
#define TESTS_SUPPORT_TRAIN_CHECKS_H

#include "train_trained.h"

/* Five steps against the reference: in float32 every parameter; in bf16 as closely as rounding
 * permits. */
static inline void agrees_with_reference(const ModelConfig *model, Precision precision) {
    const bool exact = precision == PRECISION_FLOAT32;
    const TrainSpec spec = checked_spec(model, precision);
    Trained t;
    Ref ref;
    trained_open(&t, &spec, NULL);
    ref_open(&ref, &t.state.weights, &spec.settings);
    trained_run(&t, CHECKED_STEPS);
    for (int i = 0; i < CHECKED_STEPS && !checks_failed; i++) {
        const TrainReport *r = &t.reports[i];
        const double limit = exact ? 1e-5 : 0.02;
        ref_step(&ref, &t.rows, (int64_t)i * spec.rows, spec.rows, (double)checked_rate(i));
        CHECK(near(r->policy_loss, ref.metrics[0], limit));
        CHECK(near(r->value_loss, ref.metrics[1], limit));
        CHECK(near(r->target_entropy, ref.metrics[2], 1e-5));
        CHECK(near(r->accuracy, ref.metrics[3], exact ? 1e-5 : 0.3));
        CHECK(near(r->gradient_norm, ref.norm, limit));
        CHECK(r->rate == checked_rate(i) && r->skipped == 0);
    }
    CHECK(ref.norm > spec.settings.clip); /* or clipping would not be tested */
    if (exact) {
        CHECK(near_tensors(&t.state.weights, ref.p, 2e-6, 2e-6, "weights"));
        CHECK(near_tensors(&t.state.ema, ref.ema, 2e-6, 2e-6, "averages"));
        CHECK(near_tensors(&t.state.m, ref.m, 1e-7, 1e-4, "first moments"));
        CHECK(near_tensors(&t.state.v, ref.v, 1e-10, 1e-3, "second moments"));
    } else {
        CHECK(along_tensors(&t.state.m, ref.m, 0.99));
        CHECK(near_tensors(&t.state.weights, ref.p, 5e-3, 1e-2, "weights"));
    }
    CHECK(t.state.counters.steps == CHECKED_STEPS && t.state.counters.updates == CHECKED_STEPS);
    ref_close(&ref);
    trained_close(&t);
}

static inline Status checked_fill_cpu(void *context, const int64_t *batch, int first, int rows,
                                      const TrainBatch *out, Stream stream) {
    const TrainRowsArgs args = {.of = *(const TrainRows *)context,
                                .batch = batch,
                                .out = *out,
                                .precision = PRECISION_FLOAT32,
                                .first = first,
                                .count = rows};
    (void)stream;
    for (int i = 0; i < rows; i++) train_rows_one(&args, i, TEAM_OF_ONE);
    return STATUS_OK;
}

/* Trains on the CPU from the same state and rows. */
static inline void checked_run_cpu(const TrainSpec *like, TrainRows *rows, const TrainState *start,
                                   const float *rates, int steps, TrainReport *reports,
                                   TrainState *end) {
    const TrainReduce alone = {NULL, NULL, 1};
    const TrainSource source = {rows, checked_fill_cpu};
    TrainSpec spec = *like;
    Trainer *trainer = NULL;
    spec.precision = PRECISION_FLOAT32;
    CHECK(train_cpu.create(&trainer, &spec, &source, &alone) == STATUS_OK);
    if (!trainer) exit(check_report());
    CHECK(train_cpu.load(trainer, start, NULL) == STATUS_OK);
    CHECK(train_cpu.run(trainer, 0, steps * spec.accumulate - 1, rates, steps, reports, NULL) ==
          STATUS_OK);
    CHECK(train_cpu.save(trainer, end, NULL) == STATUS_OK);
    train_cpu.destroy(trainer);
}

/* Three steps of two batches against the CPU's trainer. */
static inline void agrees_with_cpu(const ModelConfig *model, Precision precision,
                                   double ratio_clip) {
    enum { STEPS = 3 };
    const bool exact = precision == PRECISION_FLOAT32;
    const double limit = exact ? 1e-4 : 0.02;
    const float rates[STEPS] = {checked_rate(0), checked_rate(1), checked_rate(2)};
    TrainSpec spec = checked_spec(model, precision);
    TrainReport reports[STEPS];
    TrainState state;
    Trained t;
    spec.accumulate = 2;
    spec.settings.ratio_clip = ratio_clip;
    trained_open(&t, &spec, NULL);
    CHECK(train_state_alloc(&state, model) == STATUS_OK);
    checked_run_cpu(&spec, &t.rows, &t.state, rates, STEPS, reports, &state);
    trained_run(&t, STEPS);
    double *m = (double *)calloc(state.m.count, sizeof *m);
    CHECK(m != NULL);
    for (size_t i = 0; m && i < state.m.count; i++) m[i] = state.m.data[i];
    for (int i = 0; i < STEPS; i++) {
        CHECK(near(t.reports[i].policy_loss, reports[i].policy_loss, limit));
        CHECK(near(t.reports[i].value_loss, reports[i].value_loss, limit));
        CHECK(near(t.reports[i].gradient_norm, reports[i].gradient_norm, limit));
        CHECK(near(t.reports[i].clipped, reports[i].clipped, exact ? limit : 0.2));
        CHECK((reports[i].clipped > 0) == (ratio_clip > 0));
    }
    if (m) CHECK(along_tensors(&t.state.m, m, exact ? 0.99999 : 0.99));
    CHECK(memcmp(&t.state.counters, &state.counters, sizeof state.counters) == 0);
    free(m);
    train_state_free(&state);
    trained_close(&t);
}

/* As a graph and launch by launch; in one run and in several, with the state saved and loaded in
 * between; and by two processes with the same rows each. */
static inline void every_kind_of_run_gives_the_same_bits(const ModelConfig *model,
                                                         Precision precision) {
    TrainSpec spec = checked_spec(model, precision);
    Trained a, b;
    int sums = 0;
    const TrainReduce two = {&sums, train_rows_twice_cuda, 2};
    trained_open(&a, &spec, NULL);
    trained_run(&a, CHECKED_STEPS);

    spec.graph = false;
    trained_open(&b, &spec, NULL);
    trained_run(&b, CHECKED_STEPS);
    CHECK(same_state(&a.state, &b.state));
    CHECK(memcmp(a.reports, b.reports, CHECKED_STEPS * sizeof *a.reports) == 0);
    trained_close(&b);

    spec.graph = true;
    trained_open(&b, &spec, NULL);
    trained_run(&b, 1);
    trained_run(&b, 2);
    CHECK(train_cuda.load(b.trainer, &b.state, b.stream) == STATUS_OK);
    trained_run(&b, 1);
    train_cuda.destroy(b.trainer);
    const TrainSource source = {&b.rows, train_rows_fill_cuda};
    const TrainReduce alone = {NULL, NULL, 1};
    CHECK(train_cuda.create(&b.trainer, &spec, &source, &alone) == STATUS_OK);
    CHECK(train_cuda.load(b.trainer, &b.state, b.stream) == STATUS_OK);
    trained_run(&b, CHECKED_STEPS - 4);
    CHECK(same_state(&a.state, &b.state));
    trained_close(&b);

    trained_open(&b, &spec, &two);
    trained_run(&b, CHECKED_STEPS);
    CHECK(same_state(&a.state, &b.state));
    CHECK(memcmp(a.reports, b.reports, CHECKED_STEPS * sizeof *a.reports) == 0);
    CHECK(sums == 2); /* the first step, and the capture */
    trained_close(&b);
    trained_close(&a);
}

typedef enum { ROWS_ALONE, ROWS_BY_SIZE, ROWS_COUNT } RowsKind;

/* Two batches of 64 rows equal one of 128 up to rounding; ROWS_ALONE: a row's bits do not depend on
 * the number of rows, so its metrics are equal to the bit. */
static inline void batches_add_up(const ModelConfig *model, RowsKind kind) {
    TrainSpec spec = checked_spec(model, PRECISION_FLOAT32);
    double *m;
    Trained a, b;
    spec.rows = 128;
    trained_open(&a, &spec, NULL);
    trained_run(&a, 1);
    spec.rows = 64;
    spec.accumulate = 2;
    trained_open(&b, &spec, NULL);
    trained_run(&b, 1);
    m = (double *)calloc(a.state.m.count, sizeof *m);
    CHECK(m != NULL);
    for (size_t i = 0; m && i < a.state.m.count; i++) m[i] = a.state.m.data[i];
    CHECK(m && near_tensors(&b.state.m, m, 1e-8, 1e-5, "moments of two batches"));
    const TrainReport *x = a.reports, *y = b.reports;
    CHECK(near(x->policy_loss, y->policy_loss, 1e-6) && near(x->value_loss, y->value_loss, 1e-6));
    if (kind == ROWS_ALONE)
        CHECK(x->policy_loss == y->policy_loss && x->value_loss == y->value_loss &&
              x->accuracy == y->accuracy);
    trained_run(&a, 2);
    trained_run(&b, 2); /* as a graph: the second batch adds there too */
    for (size_t i = 0; m && i < a.state.m.count; i++) m[i] = a.state.m.data[i];
    CHECK(m && near_tensors(&b.state.m, m, 1e-7, 1e-4, "later moments of two batches"));
    free(m);
    trained_close(&a);
    trained_close(&b);
}

/* Batches that are not finite change only the counters; eight in a row stop the run for good. */
static inline void bad_batches_are_skipped(const ModelConfig *model, Precision precision) {
    const TrainSpec spec = checked_spec(model, precision);
    TrainState before;
    Trained t;
    trained_open(&t, &spec, NULL);
    CHECK(train_state_alloc(&before, model) == STATUS_OK);
    trained_run(&t, 2);
    memcpy(before.weights.data, t.state.weights.data, before.weights.count * sizeof(float));
    t.rows.bad_first = 2;
    t.rows.bad_end = 4;
    trained_close(&t);

    trained_open(&t, &spec, NULL);
    t.rows.bad_first = 2;
    t.rows.bad_end = 4;
    trained_run(&t, 4);
    CHECK(t.reports[1].skipped == 0 && t.reports[2].skipped == 1 && t.reports[3].skipped == 1);
    CHECK(same_floats(&t.state.weights, &before.weights));
    CHECK(t.state.counters.steps == 4 && t.state.counters.updates == 2);
    CHECK(t.state.counters.skipped == 2 && t.state.counters.bad_in_a_row == 2);
    CHECK(t.state.counters.last[0] == 3 && t.state.counters.stopped == 0);
    trained_run(&t, 1);
    CHECK(t.reports[0].skipped == 0 && t.state.counters.bad_in_a_row == 0);
    CHECK(!same_floats(&t.state.weights, &before.weights));
    trained_close(&t);

    trained_open(&t, &spec, NULL);
    t.rows.bad_first = 2;
    t.rows.bad_end = 2 + TRAIN_BAD_IN_A_ROW;
    trained_run(&t, 2 + TRAIN_BAD_IN_A_ROW + 2);
    CHECK(t.state.counters.stopped == 1);
    CHECK(t.state.counters.steps == 2 + TRAIN_BAD_IN_A_ROW && t.state.counters.updates == 2);
    CHECK(t.reports[2 + TRAIN_BAD_IN_A_ROW].skipped == 1);
    CHECK(same_floats(&t.state.weights, &before.weights));
    trained_close(&t);
    train_state_free(&before);
}

/* Sizes that are not supported are refused before anything runs. */
static inline void sizes_are_refused(void) {
    const ModelConfig model = checked_model();
    const TrainReduce alone = {NULL, NULL, 1}, nobody = {NULL, NULL, 0};
    const TrainSource source = {NULL, train_rows_fill_cuda};
    TrainSpec good = checked_spec(&model, PRECISION_BF16), bad[6];
    Trainer *t = NULL;
    for (int i = 0; i < 6; i++) bad[i] = good;
    bad[0].precision = PRECISION_INT8;
    bad[1].rows = 0;
    bad[2].rows = 65537;
    bad[3].accumulate = 1025;
    bad[4].model.policy_hidden = 36;
    bad[5].model.actions = 68;
    for (int i = 0; i < 6; i++) {
        CHECK(train_cuda.bytes(&bad[i]) == 0);
        CHECK(train_cuda.create(&t, &bad[i], &source, &alone) == STATUS_ARGUMENT && !t);
    }
    CHECK(train_cuda.create(&t, &good, &source, &nobody) == STATUS_ARGUMENT && !t);
    CHECK(train_cuda.bytes(&good) > 1 << 16);
}

#endif
