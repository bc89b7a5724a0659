/* nn/train/train_cuda.cu - training on CUDA: memory, loading and saving, a step as one graph. */
#include <stdlib.h>

#include "device/core/launch.cuh"
#include "device/core/timeline.h"
#include "nn/ops/column_sums.h"
#include "nn/ops/square_sums.h"
#include "train_cuda.h"

/* What the host sends before and fetches after some steps: pinned. */
typedef struct {
    int64_t batch;
    float rates[TRAIN_RUN_STEPS];
    TrainReport reports[TRAIN_RUN_STEPS];
} Staging;

static int round_up(int n, int to) { return (n + to - 1) / to * to; }

static void layout_state(Trainer *t, Arena *arena) {
    const ModelConfig *c = &t->spec.model;
    const size_t N = (size_t)t->places.count;
    t->p = (float *)arena_take(arena, N, sizeof *t->p);
    t->ema = (float *)arena_take(arena, N, sizeof *t->ema);
    t->m = (float *)arena_take(arena, N, sizeof *t->m);
    t->v = (float *)arena_take(arena, N, sizeof *t->v);
    t->g = (float *)arena_take(arena, N + LOSS_COUNT, sizeof *t->g);
    t->p_bf16 = NULL;
    if (t->spec.precision == PRECISION_BF16)
        t->p_bf16 = (uint16_t *)arena_take(arena, N + (size_t)t->places.wide, sizeof *t->p_bf16);
    t->counters = (TrainCounters *)arena_take(arena, 1, sizeof *t->counters);
    t->step = (AdamwStep *)arena_take(arena, 1, sizeof *t->step);
    t->batch = (int64_t *)arena_take(arena, 1, sizeof *t->batch);
    t->at = (int32_t *)arena_take(arena, 1, sizeof *t->at);
    t->rates = (float *)arena_take(arena, TRAIN_RUN_STEPS, sizeof *t->rates);
    t->reports = (TrainReport *)arena_take(arena, TRAIN_RUN_STEPS, sizeof *t->reports);
    t->layer_place = (int32_t *)arena_take(arena, (size_t)train_layer_column(c, SUMS_LAYER_COUNT),
                                           sizeof *t->layer_place);
    t->rest_place = (int32_t *)arena_take(arena, (size_t)train_rest_column(c, SUMS_REST_COUNT),
                                          sizeof *t->rest_place);
    t->squares = (float *)arena_take(arena, (size_t)train_chunks((int64_t)N), sizeof *t->squares);
    t->workspace = arena_take(arena, train_gemm_ops->workspace_bytes, 1);
}

static void layout_forward(Trainer *t, Arena *arena) {
    const ModelConfig *c = &t->spec.model;
    const size_t H = (size_t)t->H, L = (size_t)c->layers, C = (size_t)c->width;
    const size_t e = element_bytes(t->spec.precision);
    t->in.x = arena_take(arena, H * (size_t)c->inputs, sizeof(uint16_t));
    t->in.legal = (uint64_t *)arena_take(arena, H, sizeof *t->in.legal);
    t->in.policy = (float *)arena_take(arena, H * (size_t)c->actions, sizeof(float));
    t->in.value = (float *)arena_take(arena, H * (size_t)c->values, sizeof(float));
    t->in.seats = (int32_t *)arena_take(arena, H, sizeof *t->in.seats);
    t->x = t->in.x;
    if (t->spec.precision == PRECISION_FLOAT32)
        t->x = arena_take(arena, H * (size_t)c->inputs, sizeof(float));
    t->embed = arena_take(arena, H * C, e);
    t->residual = arena_take(arena, (L + 1) * H * C, e);
    t->attend = arena_take(arena, L * H * C, e);
    t->sums1 = arena_take(arena, L * H * C, e);
    t->sums2 = arena_take(arena, L * H * C, e);
    t->middle = arena_take(arena, L * H * C, e);
    t->wide = arena_take(arena, L * H * (size_t)c->hidden, e);
    t->policy_hidden = arena_take(arena, H * (size_t)c->policy_hidden, e);
    t->value_hidden = arena_take(arena, H * (size_t)c->value_hidden, e);
    t->logits = (float *)arena_take(arena, H * (size_t)t->logit_stride, sizeof(float));
    t->values = (float *)arena_take(arena, H * (size_t)t->value_stride, sizeof(float));
    t->metrics = (float *)arena_take(arena, H * LOSS_COUNT, sizeof(float));
}

static void layout_backward(Trainer *t, Arena *arena) {
    const ModelConfig *c = &t->spec.model;
    const size_t H = (size_t)t->H, L = (size_t)c->layers, C = (size_t)c->width;
    const size_t e = element_bytes(t->spec.precision), B = (size_t)train_blocks(t);
    t->dlogits = arena_take(arena, H * (size_t)t->logit_stride, e);
    t->dvalues = arena_take(arena, H * (size_t)t->value_stride, e);
    t->dpolicy_hidden = arena_take(arena, H * (size_t)c->policy_hidden, e);
    t->dvalue_hidden = arena_take(arena, H * (size_t)c->value_hidden, e);
    t->dresidual = arena_take(arena, (L + 1) * H * C, e);
    t->dsums2 = arena_take(arena, L * H * C, e);
    t->dwide = arena_take(arena, L * H * (size_t)c->hidden, e);
    t->dmiddle = arena_take(arena, L * H * C, e);
    t->dsums1 = arena_take(arena, L * H * C, e);
    t->dattend = arena_take(arena, L * H * C, e);
    t->dembed = arena_take(arena, H * C, e);
    t->stats_embed = (float *)arena_take(arena, H * 2, sizeof(float));
    t->stats1 = (float *)arena_take(arena, L * H * 2, sizeof(float));
    t->stats2 = (float *)arena_take(arena, L * H * 2, sizeof(float));
    t->layer_partial = (float *)arena_take(
        arena, L * B * (size_t)train_layer_column(c, SUMS_LAYER_COUNT), sizeof(float));
    t->rest_partial = (float *)arena_take(arena, B * (size_t)train_rest_column(c, SUMS_REST_COUNT),
                                          sizeof(float));
}

static void train_layout(Trainer *t, Arena *arena) {
    layout_state(t, arena);
    layout_forward(t, arena);
    layout_backward(t, arena);
}

/* Matrices are read 16 bytes at a time, in float32 where they lie among the parameters. A partial
 * sum's place is 32 bits. */
static Status spec_check(const TrainSpec *s) {
    const ModelConfig *c = &s->model;
    if (model_config_check(c) != STATUS_OK) return STATUS_ARGUMENT;
    const bool known = s->precision == PRECISION_FLOAT32 || s->precision == PRECISION_BF16;
    const bool aligned = c->policy_hidden % 8 == 0 && c->value_hidden % 8 == 0 &&
                         c->actions % 4 == 0;
    const bool fits = s->rows >= 1 && s->rows <= 65536 && s->accumulate >= 1 &&
                      s->accumulate <= 1024 && c->actions <= 64 &&
                      weights_parameter_count(c) < (size_t)INT32_MAX - LOSS_COUNT;
    return known && aligned && fits ? STATUS_OK : STATUS_ARGUMENT;
}

static void trainer_init(Trainer *t, const TrainSpec *spec) {
    memset(t, 0, sizeof *t);
    t->spec = *spec;
    t->places = train_places(&spec->model);
    t->H = round_up(spec->rows, BLOCK_ROWS);
    t->logit_stride = round_up(spec->model.actions, 8);
    t->value_stride = round_up(spec->model.values, 8);
}

static size_t bytes_cuda(const TrainSpec *spec) {
    Trainer t;
    Arena dry = {NULL, 0, 0};
    if (spec_check(spec) != STATUS_OK) return 0;
    trainer_init(&t, spec);
    train_layout(&t, &dry);
    return dry.used;
}

static void place_fill(int32_t *place, int column, int64_t to, int count) {
    for (int c = 0; c < count; c++) place[column + c] = (int32_t)(to + c);
}

/* Where each column of the partial sums goes. */
static void places_fill(const Trainer *t, int32_t *layer, int32_t *rest) {
    const ModelConfig *c = &t->spec.model;
    const TrainPlaces *at = &t->places;
    const int64_t layers[SUMS_LAYER_COUNT] = {
        at->norm2.bias,   at->norm2.weight,    at->down.bias,      at->norm1.bias,
        at->norm1.weight, at->attend_out.bias, at->attend_in.bias, at->up.bias};
    const int64_t others[SUMS_REST_COUNT] = {
        at->position,    at->embed_norm.bias,    at->embed_norm.weight,
        at->embed.bias,  at->policy_hidden.bias, at->value_hidden.bias,
        at->policy.bias, at->value.bias,         at->count};
    for (int i = 0; i < SUMS_LAYER_COUNT; i++)
        place_fill(layer, train_layer_column(c, i), layers[i],
                   train_layer_column(c, i + 1) - train_layer_column(c, i));
    for (int i = 0; i < SUMS_REST_COUNT; i++)
        place_fill(rest, train_rest_column(c, i), others[i],
                   train_rest_column(c, i + 1) - train_rest_column(c, i));
}

/* What was asked of the stream is done, or given up, before the host's memory is used again. */
static Status waited(Status status, Stream stream) {
    const Status synced = backend_cuda.stream_sync(stream);
    return status != STATUS_OK ? status : synced;
}

static Status places_send(Trainer *t) {
    const size_t layer = (size_t)train_layer_column(&t->spec.model, SUMS_LAYER_COUNT);
    const size_t rest = (size_t)train_rest_column(&t->spec.model, SUMS_REST_COUNT);
    int32_t *place = (int32_t *)malloc((layer + rest) * sizeof *place);
    Stream stream = NULL;
    Status status = STATUS_OK;
    if (!place) return STATUS_MEMORY;
    places_fill(t, place, place + layer);
    TRY_GOTO(status, backend_cuda.stream_open(&stream));
    TRY_GOTO(status, backend_cuda.to_device(t->layer_place, place, layer * sizeof *place, stream));
    TRY_GOTO(status,
             backend_cuda.to_device(t->rest_place, place + layer, rest * sizeof *place, stream));
fail:
    if (stream) {
        status = waited(status, stream);
        backend_cuda.stream_close(stream);
    }
    free(place);
    return status;
}

static void destroy_cuda(Trainer *t) {
    if (!t) return;
    backend_cuda.graph_close(t->graph);
    train_gemm_ops->close(t->gemms);
    if (t->staging) backend_cuda.release_host(t->staging);
    if (t->memory) backend_cuda.release(t->memory);
    free(t);
}

static Status trainer_open(Trainer *t) {
    Arena arena = {NULL, 0, 0};
    train_layout(t, &arena);
    TRY(backend_cuda.alloc(&t->memory, arena.used));
    Arena placed = {(char *)t->memory, 0, arena.used};
    train_layout(t, &placed);
    TRY(backend_cuda.alloc_host(&t->staging, sizeof(Staging)));
    TRY(places_send(t));
    return train_pass_open(t);
}

static Status create_cuda(Trainer **out, const TrainSpec *spec, const TrainSource *source,
                          const TrainReduce *reduce) {
    *out = NULL;
    if (spec_check(spec) != STATUS_OK || reduce->processes < 1) return STATUS_ARGUMENT;
    Trainer *t = (Trainer *)malloc(sizeof *t);
    if (!t) return STATUS_MEMORY;
    trainer_init(t, spec);
    t->source = *source;
    t->reduce = *reduce;
    Status status = trainer_open(t);
    if (status == STATUS_OK)
        *out = t;
    else
        destroy_cuda(t);
    return status;
}

static Status load_bf16(Trainer *t, const float *p, Stream stream) {
    const int64_t N = t->places.count;
    const size_t count = (size_t)(N + t->places.wide);
    if (!t->p_bf16) return STATUS_OK;
    uint16_t *p_bf16 = (uint16_t *)calloc(count, sizeof *p_bf16);
    if (!p_bf16) return STATUS_MEMORY;
    for (int64_t i = 0; i < N; i++) p_bf16[train_place_half(&t->places, i)] = bf16_from_float(p[i]);
    Status status = waited(
        backend_cuda.to_device(t->p_bf16, p_bf16, count * sizeof *p_bf16, stream), stream);
    free(p_bf16);
    return status;
}

static bool is_of_shape(const Trainer *t, const TrainState *state) {
    const size_t N = (size_t)t->places.count;
    return state->weights.count == N && state->ema.count == N && state->m.count == N &&
           state->v.count == N;
}

static Status load_enqueue(Trainer *t, const TrainState *state, Stream stream) {
    const size_t bytes = (size_t)t->places.count * sizeof(float);
    TRY(backend_cuda.to_device(t->p, state->weights.data, bytes, stream));
    TRY(backend_cuda.to_device(t->ema, state->ema.data, bytes, stream));
    TRY(backend_cuda.to_device(t->m, state->m.data, bytes, stream));
    TRY(backend_cuda.to_device(t->v, state->v.data, bytes, stream));
    TRY(backend_cuda.to_device(t->counters, &state->counters, sizeof *t->counters, stream));
    return load_bf16(t, state->weights.data, stream);
}

static Status load_cuda(Trainer *t, const TrainState *state, Stream stream) {
    if (!is_of_shape(t, state)) return STATUS_ARGUMENT;
    return waited(load_enqueue(t, state, stream), stream);
}

static Status save_enqueue(Trainer *t, TrainState *state, Stream stream) {
    const size_t bytes = (size_t)t->places.count * sizeof(float);
    TRY(backend_cuda.to_host(state->weights.data, t->p, bytes, stream));
    TRY(backend_cuda.to_host(state->ema.data, t->ema, bytes, stream));
    TRY(backend_cuda.to_host(state->m.data, t->m, bytes, stream));
    TRY(backend_cuda.to_host(state->v.data, t->v, bytes, stream));
    return backend_cuda.to_host(&state->counters, t->counters, sizeof *t->counters, stream);
}

static Status save_cuda(Trainer *t, TrainState *state, Stream stream) {
    if (!is_of_shape(t, state)) return STATUS_ARGUMENT;
    return waited(save_enqueue(t, state, stream), stream);
}

static Status step_enqueue(Trainer *t, Stream stream) {
    for (int i = 0; i < t->spec.accumulate; i++) {
        TRY(train_pass(t, i, stream));
        TRY(train_sums(t, i, stream));
    }
    return train_update(t, stream);
}

/* A trainer's first step runs launch by launch: no kernel may be loaded within a capture. */
static Status step_run(Trainer *t, Stream stream) {
    if (!t->spec.graph || !t->warm) {
        t->warm = true;
        return step_enqueue(t, stream);
    }
    if (!t->graph) {
        TRY(backend_cuda.capture_begin(stream, GRAPH_PLAIN));
        Graph graph = NULL;
        Status status = step_enqueue(t, stream);
        Status ended = backend_cuda.capture_end(stream, &graph);
        if (status != STATUS_OK) backend_cuda.graph_close(graph); /* a part of a step */
        TRY(status);
        TRY(ended);
        t->graph = graph;
    }
    return backend_cuda.graph_launch(t->graph, stream);
}

/* At most TRAIN_RUN_STEPS, from the batch in the staging on, with the rates there. */
static Status steps_enqueue(Trainer *t, Staging *s, int steps, Stream stream) {
    const size_t n = (size_t)steps;
    TRY(backend_cuda.to_device(t->batch, &s->batch, sizeof s->batch, stream));
    TRY(backend_cuda.to_device(t->rates, s->rates, n * sizeof *s->rates, stream));
    TRY(backend_cuda.zero(t->at, sizeof *t->at, stream));
    for (int i = 0; i < steps; i++) TRY(step_run(t, stream));
    return backend_cuda.to_host(s->reports, t->reports, n * sizeof *s->reports, stream);
}

static Status some_steps(Trainer *t, int64_t batch, const float *rates, int steps,
                         TrainReport *reports, Stream stream) {
    Staging *s = (Staging *)t->staging;
    s->batch = batch;
    memcpy(s->rates, rates, (size_t)steps * sizeof *rates);
    TRY(waited(steps_enqueue(t, s, steps, stream), stream));
    memcpy(reports, s->reports, (size_t)steps * sizeof *reports);
    return STATUS_OK;
}

/* Nothing is read ahead, so last_batch sets no bound. */
static Status run_cuda(Trainer *t, int64_t batch, int64_t last_batch, const float *rates, int steps,
                       TrainReport *reports, Stream stream) {
    const double began = timeline_clock();
    Status status = STATUS_OK;
    (void)last_batch;
    for (int done = 0; done < steps && status == STATUS_OK; done += TRAIN_RUN_STEPS) {
        const int n = steps - done < TRAIN_RUN_STEPS ? steps - done : TRAIN_RUN_STEPS;
        status = some_steps(t, batch + (int64_t)done * t->spec.accumulate, rates + done, n,
                            reports + done, stream);
    }
    t->busy += timeline_clock() - began;
    return status;
}

/* The device's time cannot be told apart within a graph: all of it is busy. */
static void times_cuda(const Trainer *t, TrainTimes *out) {
    out->busy = t->busy;
    out->waiting = out->filling = 0;
}

extern "C" const TrainOps train_cuda = {bytes_cuda, create_cuda, destroy_cuda, load_cuda,
                                        save_cuda,  run_cuda,    times_cuda};
