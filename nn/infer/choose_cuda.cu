/* nn/infer/choose_cuda.cu - chooses the implementation for this GPU: by preference, after a trial
 * of agreement. */
#include <stdlib.h>

#include "device/core/bf16.h"
#include "device/core/rng.h"
#include "agree.h"
#include "net_cuda.h"

enum { TRIAL_ROWS = 4096 };

/* The rows of the trial and two implementations' outputs for them, on the host; all owned. */
typedef struct {
    uint16_t *rows;   /* (TRIAL_ROWS, C_in) bf16 */
    uint64_t *legal;  /* (TRIAL_ROWS) */
    float *logits[2]; /* (TRIAL_ROWS, A) */
    float *values[2]; /* (TRIAL_ROWS, V) */
} Trial;

static void trial_close(Trial *t) {
    for (int i = 0; i < 2; i++) {
        free(t->logits[i]);
        free(t->values[i]);
    }
    free(t->legal);
    free(t->rows);
}

/* Fixed rows with about as many ones and fractions as observations have. */
static Status trial_open(Trial *t, const ModelConfig *c) {
    const size_t R = TRIAL_ROWS, inputs = (size_t)c->inputs;
    memset(t, 0, sizeof *t);
    t->rows = (uint16_t *)calloc(R * inputs, sizeof *t->rows);
    t->legal = (uint64_t *)calloc(R, sizeof *t->legal);
    bool all = t->rows && t->legal;
    for (int i = 0; i < 2; i++) {
        t->logits[i] = (float *)calloc(R * (size_t)c->actions, sizeof(float));
        t->values[i] = (float *)calloc(R * (size_t)c->values, sizeof(float));
        all = all && t->logits[i] && t->values[i];
    }
    if (!all) return STATUS_MEMORY;
    for (size_t i = 0; i < R * inputs; i++) {
        uint64_t u = splitmix64(i);
        float x = (u & 15) < 3 ? 1.0f : (u & 15) == 3 ? (float)(u >> 8 & 15) / 32 : 0.0f;
        t->rows[i] = bf16_from_float(x);
    }
    for (size_t r = 0; r < R; r++) { /* each action with probability 1/4, and one for sure */
        uint64_t u = splitmix64(R * inputs + r), more = splitmix64(u);
        t->legal[r] = (u & more) | (uint64_t)1 << (u >> 32) % (uint64_t)c->actions;
    }
    return STATUS_OK;
}

/* The arrays of one forward pass on the device. */
typedef struct {
    void *rows;
    float *logits, *values;
    int32_t *count;
} TrialDevice;

static void device_layout(TrialDevice *d, const ModelConfig *c, Arena *arena) {
    const size_t R = TRIAL_ROWS;
    d->rows = arena_take(arena, R * (size_t)c->inputs, sizeof(uint16_t));
    d->logits = (float *)arena_take(arena, R * (size_t)c->actions, sizeof *d->logits);
    d->values = (float *)arena_take(arena, R * (size_t)c->values, sizeof *d->values);
    d->count = (int32_t *)arena_take(arena, 1, sizeof *d->count);
}

static Status trial_forward(Trial *t, int i, Net *net, const Weights *weights, TrialDevice *d,
                            Stream stream) {
    const ModelConfig *c = &weights->config;
    const size_t R = TRIAL_ROWS;
    const int32_t count = TRIAL_ROWS;
    TRY(backend_cuda.to_device(d->rows, t->rows, R * (size_t)c->inputs * sizeof *t->rows, stream));
    TRY(backend_cuda.to_device(d->count, &count, sizeof count, stream));
    TRY(net_cuda.load(net, weights, stream));
    TRY(net_cuda.forward(net, d->rows, d->count, d->logits, d->values, stream));
    TRY(backend_cuda.to_host(t->logits[i], d->logits, R * (size_t)c->actions * sizeof(float),
                             stream));
    TRY(backend_cuda.to_host(t->values[i], d->values, R * (size_t)c->values * sizeof(float),
                             stream));
    return STATUS_OK;
}

/* Runs the trial's rows through an implementation, into outputs i of the two. */
static Status trial_run(Trial *t, int i, Network network, const NetSpec *like,
                        const Weights *weights) {
    NetSpec spec = *like;
    spec.network = network;
    spec.capacity = TRIAL_ROWS;
    spec.fault = NULL;
    Status status, synced;
    Net *net = NULL;
    void *block = NULL;
    Stream stream = NULL;
    TrialDevice d;
    Arena dry = {NULL, 0, 0};
    device_layout(&d, &spec.model, &dry);
    Arena arena = {NULL, 0, dry.used};
    TRY_GOTO(status, backend_cuda.stream_open(&stream));
    TRY_GOTO(status, backend_cuda.alloc(&block, dry.used));
    arena.base = (char *)block;
    device_layout(&d, &spec.model, &arena);
    TRY_GOTO(status, net_cuda.create(&net, &spec));
    status = trial_forward(t, i, net, weights, &d, stream);
    synced = backend_cuda.stream_sync(stream); /* the stream may still read what is freed below */
    if (status == STATUS_OK) status = synced;
fail:
    net_cuda.destroy(net);
    if (block) backend_cuda.release(block);
    if (stream) backend_cuda.stream_close(stream);
    return status;
}

/* Plain first, as the reference. *refused: layers failed on this device, which is not an error. */
static Status trial_both(Trial *t, const NetSpec *spec, const Weights *weights, bool *refused) {
    TRY(trial_open(t, &spec->model));
    TRY(trial_run(t, 0, NETWORK_PLAIN, spec, weights));
    Status status = trial_run(t, 1, NETWORK_LAYERS, spec, weights);
    *refused = status == STATUS_DEVICE;
    return *refused ? STATUS_OK : status;
}

/* Sets *out to layers if it agrees with plain, and says why or why not. */
static Status try_layers(const NetSpec *spec, const Weights *weights, Network *out, char *why,
                         size_t why_bytes) {
    const AgreeLimits limits = agree_limits(spec->precision);
    bool refused = false;
    Agreement off;
    Trial t;
    Status status = trial_both(&t, spec, weights, &refused);
    if (status == STATUS_OK && !refused) {
        AgreeOutputs plain = {.logits = t.logits[0], .values = t.values[0]};
        AgreeOutputs layers = {.logits = t.logits[1], .values = t.values[1]};
        status = agree_compare(&off, &plain, &layers, t.legal, TRIAL_ROWS, spec->model.actions,
                               spec->model.values);
    }
    trial_close(&t);
    TRY(status);
    if (refused) {
        snprintf(why, why_bytes, "plain: the library or the device refused layers");
        return STATUS_OK;
    }
    const bool within = agree_used(&off, &limits) <= 1;
    if (within) *out = NETWORK_LAYERS;
    snprintf(
        why, why_bytes,
        within ? "layers: within %.2g (values) and %.2g (KL of policies) of plain"
               : "plain: layers differs by up to %.2g (values) and %.2g (KL of policies), too far",
        off.value.max, off.policy.max);
    return STATUS_OK;
}

/* Whether this build and device have the implementation asked for by name; if not, one line says
 * why. */
static Status take_named(Network asked, const NetSpec *spec) {
    const NetImplementation *other = net_implementations[NETWORK_LAYERS];
    const bool layers = other && other->check(spec) == STATUS_OK;
    const char *allowed = layers ? "auto, plain, layers" : "auto, plain";
    const char *reason = "not in this build";
    if (asked == NETWORK_LAYERS && net_implementations[asked])
        reason = spec->precision == PRECISION_INT8 ? "not available with --precision int8 on cuda"
                                                   : "not available for a model of this shape";
    if (net_implementations[asked] && net_implementations[asked]->check(spec) == STATUS_OK)
        return STATUS_OK;
    fprintf(stderr, "--network %s: %s; allowed here: %s\n", network_name(asked), reason, allowed);
    return STATUS_INPUT;
}

Status choose_cuda(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                   char *why, size_t why_bytes) {
    const NetImplementation *layers = net_implementations[NETWORK_LAYERS];
    if (asked != NETWORK_AUTO) {
        TRY(take_named(asked, spec));
        *out = asked;
        snprintf(why, why_bytes, "%s, as asked", network_name(asked));
        return STATUS_OK;
    }
    *out = NETWORK_PLAIN;
    snprintf(why, why_bytes, "plain: no other implementation here has %s for this model",
             precision_name(spec->precision));
    if (!layers || layers->check(spec) != STATUS_OK) return STATUS_OK;
    return try_layers(spec, weights, out, why, why_bytes);
}
