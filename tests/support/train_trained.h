/* tests/support/train_trained.h - a small trainer on CUDA with its rows, and how its parameters
 * compare. */
#ifndef TESTS_SUPPORT_TRAIN_TRAINED_H
#define TESTS_SUPPORT_TRAIN_TRAINED_H

#include "check.h"
#include "train_reference.h"

enum { CHECKED_STEPS = 5 };

/* A trainer with its source, and its state on the host. */
typedef struct {
    Trainer *trainer;
    TrainRows rows; /* the source's context */
    TrainState state;
    TrainReport reports[32];
    Stream stream;
    int64_t batch; /* next */
    int accumulate;
} Trained;

/* Small, with widths that all differ; the value head's matrices are not aligned to 16 bytes among
 * the parameters. */
static inline ModelConfig checked_model(void) {
    ModelConfig c = {.inputs = 96,
                     .width = 32,
                     .heads = 2,
                     .hidden = 64,
                     .layers = 2,
                     .policy_hidden = 40,
                     .actions = 52,
                     .value_hidden = 24,
                     .values = 8,
                     .value_head = VALUE_SIGMOID};
    return c;
}

/* A greater epsilon than usual, or the effect of a tiny gradient on a weight would be chance. */
static inline TrainSpec checked_spec(const ModelConfig *model, Precision precision) {
    TrainSpec s;
    memset(&s, 0, sizeof s);
    s.model = *model;
    s.precision = precision;
    s.settings = train_settings_default();
    s.settings.epsilon = 1e-4;
    s.settings.value_weight = 0.75;
    s.settings.decay = 0.1;
    s.settings.clip = 0.1;
    s.rows = 80;
    s.accumulate = 1;
    s.graph = true;
    return s;
}

/* Initial weights, but nothing is exactly 0 or 1, which would hide mistakes. */
static inline void checked_weights(Weights *w) {
    weights_init(w, 3);
    for (size_t i = 0; i < w->count; i++) {
        const uint64_t u = splitmix64(i + 77);
        w->data[i] += ((float)(u >> 40 & 1023) - 511.5f) / 8192.0f;
    }
}

static inline void trained_open(Trained *t, const TrainSpec *spec, const TrainReduce *reduce) {
    const TrainReduce alone = {NULL, NULL, 1};
    const ModelConfig *c = &spec->model;
    memset(t, 0, sizeof *t);
    t->rows = (TrainRows){.seed = 9,
                          .rows = spec->rows,
                          .inputs = c->inputs,
                          .actions = c->actions,
                          .values = c->values,
                          .bad_first = -1,
                          .bad_end = -1};
    t->accumulate = spec->accumulate;
    const TrainSource source = {&t->rows, train_rows_fill_cuda};
    CHECK(train_state_alloc(&t->state, c) == STATUS_OK);
    checked_weights(&t->state.weights);
    memcpy(t->state.ema.data, t->state.weights.data, t->state.ema.count * sizeof(float));
    CHECK(backend_cuda.stream_open(&t->stream) == STATUS_OK);
    CHECK(train_cuda.create(&t->trainer, spec, &source, reduce ? reduce : &alone) == STATUS_OK);
    if (!t->trainer) exit(check_report());
    CHECK(train_cuda.load(t->trainer, &t->state, t->stream) == STATUS_OK);
}

static inline void trained_close(Trained *t) {
    train_cuda.destroy(t->trainer);
    backend_cuda.stream_close(t->stream);
    train_state_free(&t->state);
}

static inline float checked_rate(int64_t step) { return 1e-3f * (float)(1 + step % 3); }

/* `steps` more steps, then the state is saved. */
static inline void trained_run(Trained *t, int steps) {
    float rates[32];
    for (int i = 0; i < steps; i++) rates[i] = checked_rate(t->batch / t->accumulate + i);
    CHECK(train_cuda.run(t->trainer, t->batch, t->batch + steps * t->accumulate - 1, rates, steps,
                         t->reports, t->stream) == STATUS_OK);
    t->batch += (int64_t)steps * t->accumulate;
    CHECK(train_cuda.save(t->trainer, &t->state, t->stream) == STATUS_OK);
}

static inline bool same_floats(const Weights *a, const Weights *b) {
    return memcmp(a->data, b->data, a->count * sizeof *a->data) == 0;
}

static inline bool same_state(const TrainState *a, const TrainState *b) {
    return same_floats(&a->weights, &b->weights) && same_floats(&a->ema, &b->ema) &&
           same_floats(&a->m, &b->m) && same_floats(&a->v, &b->v) &&
           memcmp(&a->counters, &b->counters, sizeof a->counters) == 0;
}

/* |x - y| <= abs + rel * |y| for every parameter, by tensor. */
static inline bool near_tensors(const Weights *x, const double *y, double absolute, double relative,
                                const char *what) {
    bool all = true;
    for (int i = 0; i < weights_tensor_count(&x->config); i++) {
        const WeightTensor t = weights_tensor(&x->config, i);
        double worst = 0;
        for (size_t k = t.offset; k < t.offset + t.count; k++) {
            const double off = fabs(x->data[k] - y[k]) / (absolute + relative * fabs(y[k]));
            if (!(off <= worst)) worst = off;
        }
        if (worst <= 1) continue;
        fprintf(stderr, "%s of %s: %.3g times what is allowed\n", what, t.name, worst);
        all = false;
    }
    return all;
}

/* The cosine between x and y, tensor by tensor; none may be 0. */
static inline bool along_tensors(const Weights *x, const double *y, double least) {
    bool all = true;
    for (int i = 0; i < weights_tensor_count(&x->config); i++) {
        const WeightTensor t = weights_tensor(&x->config, i);
        double xx = 0, yy = 0, xy = 0;
        for (size_t k = t.offset; k < t.offset + t.count; k++) {
            xx += (double)x->data[k] * x->data[k];
            yy += y[k] * y[k];
            xy += x->data[k] * y[k];
        }
        if (yy > 0 && xy / sqrt(xx * yy) >= least) continue;
        fprintf(stderr, "moments of %s: cosine %.6f\n", t.name, xy / sqrt(xx * yy));
        all = false;
    }
    return all;
}

static inline bool near(double x, double y, double relative) {
    return fabs(x - y) <= relative * fabs(y) + relative * 1e-3;
}

#endif
