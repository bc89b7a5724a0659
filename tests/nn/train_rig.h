/* tests/nn/train_rig.h - small networks to train, and batches that are formulas of their number.
 *
 * Row r of batch b is example q = b * R + r, so two batches of R rows equal one of 2 R. */
#ifndef TESTS_NN_TRAIN_RIG_H
#define TESTS_NN_TRAIN_RIG_H

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "device/core/rng.h"
#include "nn/train/train.h"
#include "tests/support/check.h"

/* A rig's source: how it behaves, and what it was asked for. */
typedef struct {
    ModelConfig model;
    int rows;        /* R, the stride of example numbers */
    int64_t modulus; /* number of examples, q is taken modulo it; 0: endless */
    int64_t bad;     /* batches from this one to bad_end - 1 have a NaN among their observations */
    int64_t bad_end;
    int64_t fails;       /* filling this batch fails; -1: none */
    int fails_after_us;  /* microseconds until it fails */
    atomic_llong filled; /* rows */
    atomic_llong last;   /* the greatest batch number asked for */
} RigSource;

/* Example q, as train_batch() in scripts/golden.py makes it, into row r. */
static inline void rig_row(const ModelConfig *c, uint64_t q, int r, const TrainBatch *out) {
    float *x = (float *)out->x + (size_t)r * (size_t)c->inputs;
    for (int i = 0; i < c->inputs; i++) {
        uint64_t u = splitmix64((uint64_t)1 << 60 | q << 16 | (uint64_t)i), kind = u & 15;
        x[i] = kind < 3 ? 1.0f : kind == 3 ? (float)((int)((u >> 8) % 17) - 8) / 8 : 0.0f;
    }
    uint64_t legal = splitmix64((uint64_t)2 << 60 | q) & splitmix64((uint64_t)3 << 60 | q);
    legal &= ((uint64_t)1 << c->actions) - 1;
    if (legal == 0) legal = 1;
    float *policy = out->policy + (size_t)r * (size_t)c->actions, sum = 0;
    for (int a = 0; a < c->actions; a++) {
        uint64_t u = splitmix64((uint64_t)4 << 60 | q << 16 | (uint64_t)a);
        policy[a] = legal >> a & 1 ? (float)(1 + (u >> 56)) : 0.0f;
        sum += policy[a];
    }
    for (int a = 0; a < c->actions; a++) policy[a] /= sum;
    out->legal[r] = legal;
    if (out->action) out->action[r] = bits_lowest(legal);
    out->seats[r] = (int32_t)(2 + splitmix64((uint64_t)5 << 60 | q) % 7);
    for (int s = 0; s < c->values; s++) {
        uint64_t u = splitmix64((uint64_t)6 << 60 | q << 16 | (uint64_t)s);
        out->value[(size_t)r * (size_t)c->values + (size_t)s] = s < out->seats[r]
                                                                    ? (float)(u >> 56) / 256
                                                                    : 0.0f;
    }
}

static inline Status rig_fill(void *context, const int64_t *batch, int first, int rows,
                              const TrainBatch *out, Stream stream) {
    RigSource *s = (RigSource *)context;
    long long seen = atomic_load(&s->last);
    (void)stream;
    while (seen < *batch && !atomic_compare_exchange_weak(&s->last, &seen, *batch)) {
    }
    if (*batch == s->fails) {
        usleep((unsigned)s->fails_after_us);
        return STATUS_INPUT;
    }
    for (int r = first; r < first + rows; r++) {
        int64_t q = *batch * s->rows + r;
        rig_row(&s->model, (uint64_t)(s->modulus ? q % s->modulus : q), r, out);
        if (*batch >= s->bad && *batch < s->bad_end && r == 1)
            ((float *)out->x)[(size_t)r * (size_t)s->model.inputs] = NAN;
    }
    atomic_fetch_add(&s->filled, rows);
    return STATUS_OK;
}

/* A trainer, its state on the host, and its source. */
typedef struct {
    RigSource source;
    TrainReduce reduce;
    TrainSpec spec;
    TrainState state;
    Trainer *trainer;
} Rig;

static inline ModelConfig rig_model(void) {
    ModelConfig c = {.inputs = 64,
                     .width = 32,
                     .heads = 4,
                     .hidden = 64,
                     .layers = 2,
                     .policy_hidden = 32,
                     .actions = 52,
                     .value_hidden = 32,
                     .values = 8,
                     .value_head = VALUE_SIGMOID};
    return c;
}

static inline TrainSpec rig_spec(int rows, int accumulate) {
    TrainSpec s = {.model = rig_model(),
                   .precision = PRECISION_FLOAT32,
                   .settings = train_settings_default(),
                   .rows = rows,
                   .accumulate = accumulate,
                   .graph = false};
    return s;
}

/* A rig with an endless, sound source and the weights of weights_init, also as their average. */
static inline bool rig_open(Rig *g, const TrainOps *ops, const TrainSpec *spec,
                            const TrainReduce *reduce) {
    static const TrainReduce alone = {NULL, NULL, 1};
    memset(g, 0, sizeof *g);
    g->spec = *spec;
    g->reduce = reduce ? *reduce : alone;
    g->source.model = spec->model;
    g->source.rows = spec->rows;
    g->source.fails = -1;
    atomic_store(&g->source.last, -1);
    if (train_state_alloc(&g->state, &spec->model) != STATUS_OK) return false;
    weights_init(&g->state.weights, 5);
    memcpy(g->state.ema.data, g->state.weights.data, g->state.ema.count * sizeof(float));
    TrainSource source = {&g->source, rig_fill};
    return ops->create(&g->trainer, spec, &source, &g->reduce) == STATUS_OK &&
           ops->load(g->trainer, &g->state, NULL) == STATUS_OK;
}

static inline void rig_close(Rig *g, const TrainOps *ops) {
    ops->destroy(g->trainer);
    train_state_free(&g->state);
}

/* `steps` steps from `batch` on at one rate, then saves the state; reads nothing ahead. */
static inline Status rig_run(Rig *g, const TrainOps *ops, int64_t batch, int steps, float rate,
                             TrainReport *reports) {
    float rates[1024];
    for (int i = 0; i < steps; i++) rates[i] = rate;
    int64_t last = batch + (int64_t)steps * g->spec.accumulate - 1;
    Status status = ops->run(g->trainer, batch, last, rates, steps, reports, NULL);
    ops->save(g->trainer, &g->state, NULL);
    return status;
}

static inline bool rig_same_floats(const Weights *a, const Weights *b) {
    return a->count == b->count && memcmp(a->data, b->data, a->count * sizeof(float)) == 0;
}

static inline bool rig_same(const TrainState *a, const TrainState *b) {
    return rig_same_floats(&a->weights, &b->weights) && rig_same_floats(&a->ema, &b->ema) &&
           rig_same_floats(&a->m, &b->m) && rig_same_floats(&a->v, &b->v) &&
           memcmp(&a->counters, &b->counters, sizeof a->counters) == 0;
}

#endif
