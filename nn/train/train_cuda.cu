/* nn/train/train_cuda.cu - training on CUDA: memory, loading and saving, a step as one graph. The
 * table of functions is that of train_cpu.c. */
#include <stdlib.h>

#include "device/core/launch.cuh"
#include "device/core/timeline.h"
#include "nn/ops/column_sums.h"
#include "nn/ops/square_sums.h"
#include "train_cuda.h"

/* Pinned host memory: what is sent before some steps and fetched after them. */
typedef struct {
    int64_t batch;
    float rates[TRAIN_RUN_STEPS];
    TrainReport reports[TRAIN_RUN_STEPS];
} Staging;

static int round_up(int n, int to) { return (n + to - 1) / to * to; }

static void layout_state(Trainer *t, Arena *arena) {
    const ModelConfig *c = &t->spec.model;
    const size_t count = t->at.count;
    t->p = (float *)arena_take(arena, count, sizeof *t->p);
    t->ema = (float *)arena_take(arena, count, sizeof *t->ema);
    t->m = (float *)arena_take(arena, count, sizeof *t->m);
    t->v = (float *)arena_take(arena, count, sizeof *t->v);
    t->g = (float *)arena_take(arena, count + LOSS_COUNT, sizeof *t->g);
    t->p_bf16 = NULL;
    if (t->spec.precision == PRECISION_BF16)
        t->p_bf16 = (uint16_t *)arena_take(arena, count + train_bf16_shift(t), sizeof *t->p_bf16);
    t->counters = (TrainCounters *)arena_take(arena, 1, sizeof *t->counters);
    t->step = (AdamwStep *)arena_take(arena, 1, sizeof *t->step);
    t->batch = (int64_t *)arena_take(arena, 1, sizeof *t->batch);
    t->next = (int32_t *)arena_take(arena, 1, sizeof *t->next);
    t->rates = (float *)arena_take(arena, TRAIN_RUN_STEPS, sizeof *t->rates);
    t->reports = (TrainReport *)arena_take(arena, TRAIN_RUN_STEPS, sizeof *t->reports);
    t->layer_column_offset = (int32_t *)arena_take(
        arena, (size_t)train_layer_column(c, SUMS_LAYER_COUNT), sizeof *t->layer_column_offset);
    t->rest_column_offset = (int32_t *)arena_take(
        arena, (size_t)train_rest_column(c, SUMS_REST_COUNT), sizeof *t->rest_column_offset);
    t->squares = (float *)arena_take(arena, (size_t)train_chunks((int64_t)count),
                                     sizeof *t->squares);
    t->workspace = arena_take(arena, train_gemm_ops->workspace_bytes, 1);
}

static void layout_forward(Trainer *t, Arena *arena) {
    const ModelConfig *c = &t->spec.model;
    const size_t rows = (size_t)t->padded_rows, L = (size_t)c->layers, C = (size_t)c->width;
    const size_t e = element_bytes(t->spec.precision);
    t->in.x = arena_take(arena, rows * (size_t)c->inputs, sizeof(uint16_t));
    t->in.legal = (uint64_t *)arena_take(arena, rows, sizeof *t->in.legal);
    t->in.policy = (float *)arena_take(arena, rows * (size_t)c->actions, sizeof(float));
    t->in.value = (float *)arena_take(arena, rows * (size_t)c->values, sizeof(float));
    t->in.seats = (int32_t *)arena_take(arena, rows, sizeof *t->in.seats);
    t->in.action = (int32_t *)arena_take(arena, rows, sizeof *t->in.action);
    t->x = t->in.x;
    if (t->spec.precision == PRECISION_FLOAT32)
        t->x = arena_take(arena, rows * (size_t)c->inputs, sizeof(float));
    t->input_embedding = arena_take(arena, rows * C, e);
    t->residual = arena_take(arena, (L + 1) * rows * C, e);
    t->value_proj = arena_take(arena, L * rows * C, e);
    t->sum1 = arena_take(arena, L * rows * C, e);
    t->sum2 = arena_take(arena, L * rows * C, e);
    t->norm1 = arena_take(arena, L * rows * C, e);
    t->linear1 = arena_take(arena, L * rows * (size_t)c->hidden, e);
    t->policy_fc0 = arena_take(arena, rows * (size_t)c->policy_hidden, e);
    t->value_fc0 = arena_take(arena, rows * (size_t)c->value_hidden, e);
    t->logits = (float *)arena_take(arena, rows * (size_t)t->logit_stride, sizeof(float));
    t->values = (float *)arena_take(arena, rows * (size_t)t->value_stride, sizeof(float));
    t->metrics = (float *)arena_take(arena, rows * LOSS_COUNT, sizeof(float));
}

static void layout_backward(Trainer *t, Arena *arena) {
    const ModelConfig *c = &t->spec.model;
    const size_t rows = (size_t)t->padded_rows, L = (size_t)c->layers, C = (size_t)c->width;
    const size_t e = element_bytes(t->spec.precision), blocks = (size_t)train_blocks(t);
    t->dlogits = arena_take(arena, rows * (size_t)t->logit_stride, e);
    t->dvalues = arena_take(arena, rows * (size_t)t->value_stride, e);
    t->dpolicy_fc0 = arena_take(arena, rows * (size_t)c->policy_hidden, e);
    t->dvalue_fc0 = arena_take(arena, rows * (size_t)c->value_hidden, e);
    t->dresidual = arena_take(arena, (L + 1) * rows * C, e);
    t->dsum2 = arena_take(arena, L * rows * C, e);
    t->dlinear1 = arena_take(arena, L * rows * (size_t)c->hidden, e);
    t->dnorm1 = arena_take(arena, L * rows * C, e);
    t->dsum1 = arena_take(arena, L * rows * C, e);
    t->dvalue_proj = arena_take(arena, L * rows * C, e);
    t->dinput_embedding = arena_take(arena, rows * C, e);
    t->stats_input_norm = (float *)arena_take(arena, rows * 2, sizeof(float));
    t->stats_norm1 = (float *)arena_take(arena, L * rows * 2, sizeof(float));
    t->stats_norm2 = (float *)arena_take(arena, L * rows * 2, sizeof(float));
    t->layer_partial = (float *)arena_take(
        arena, L * blocks * (size_t)train_layer_column(c, SUMS_LAYER_COUNT), sizeof(float));
    t->rest_partial = (float *)arena_take(
        arena, blocks * (size_t)train_rest_column(c, SUMS_REST_COUNT), sizeof(float));
}

static void train_layout(Trainer *t, Arena *arena) {
    layout_state(t, arena);
    layout_forward(t, arena);
    layout_backward(t, arena);
}

/* Products read matrices 16 bytes at a time, with float32 in the parameters themselves. The offset
 * of a partial sum has 32 bits. */
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
    weights_offsets(&spec->model, &t->at);
    t->padded_rows = round_up(spec->rows, BLOCK_ROWS);
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

static void offsets_fill(int32_t *offset, int column, size_t to, int count) {
    for (int c = 0; c < count; c++) offset[column + c] = (int32_t)(to + (size_t)c);
}

/* The offset in the gradient of each column of the partial sums; for layers, from the start of
 * layer 0. */
static void column_offsets(const Trainer *t, int32_t *layer, int32_t *rest) {
    const ModelConfig *c = &t->spec.model;
    const WeightsOffsets *at = &t->at;
    const LayerOffsets *first = &at->layer[0];
    const size_t layers[SUMS_LAYER_COUNT] = {
        first->norm2.bias,   first->norm2.weight,  first->linear2.bias,    first->norm1.bias,
        first->norm1.weight, first->out_proj.bias, first->value_proj.bias, first->linear1.bias};
    const size_t others[SUMS_REST_COUNT] = {
        at->positional_encoding,  at->input_norm.bias, at->input_norm.weight,
        at->input_embedding.bias, at->policy_fc0.bias, at->value_fc0.bias,
        at->policy_fc3.bias,      at->value_fc3.bias,  at->count};
    for (int i = 0; i < SUMS_LAYER_COUNT; i++)
        offsets_fill(layer, train_layer_column(c, i), layers[i] - first->in_proj.weight,
                     train_layer_column(c, i + 1) - train_layer_column(c, i));
    for (int i = 0; i < SUMS_REST_COUNT; i++)
        offsets_fill(rest, train_rest_column(c, i), others[i],
                     train_rest_column(c, i + 1) - train_rest_column(c, i));
}

/* Waits for the stream, also after an error, before host memory is used again. */
static Status waited(Status status, Stream stream) {
    const Status synced = backend_cuda.stream_sync(stream);
    return status != STATUS_OK ? status : synced;
}

static Status column_offsets_send(Trainer *t) {
    const size_t layer = (size_t)train_layer_column(&t->spec.model, SUMS_LAYER_COUNT);
    const size_t rest = (size_t)train_rest_column(&t->spec.model, SUMS_REST_COUNT);
    int32_t *offset = (int32_t *)malloc((layer + rest) * sizeof *offset);
    Stream stream = NULL;
    Status status = STATUS_OK;
    if (!offset) return STATUS_MEMORY;
    column_offsets(t, offset, offset + layer);
    TRY_GOTO(status, backend_cuda.stream_open(&stream));
    TRY_GOTO(status, backend_cuda.to_device(t->layer_column_offset, offset, layer * sizeof *offset,
                                            stream));
    TRY_GOTO(status, backend_cuda.to_device(t->rest_column_offset, offset + layer,
                                            rest * sizeof *offset, stream));
fail:
    if (stream) {
        status = waited(status, stream);
        backend_cuda.stream_close(stream);
    }
    free(offset);
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
    TRY(column_offsets_send(t));
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
    const size_t count = t->at.count + train_bf16_shift(t);
    if (!t->p_bf16) return STATUS_OK;
    uint16_t *p_bf16 = (uint16_t *)calloc(count, sizeof *p_bf16);
    if (!p_bf16) return STATUS_MEMORY;
    for (size_t i = 0; i < t->at.count; i++)
        p_bf16[train_bf16_offset(t, i)] = bf16_from_float(p[i]);
    Status status = waited(
        backend_cuda.to_device(t->p_bf16, p_bf16, count * sizeof *p_bf16, stream), stream);
    free(p_bf16);
    return status;
}

static bool is_of_shape(const Trainer *t, const TrainState *state) {
    const size_t count = t->at.count;
    return state->weights.count == count && state->ema.count == count && state->m.count == count &&
           state->v.count == count;
}

static Status load_enqueue(Trainer *t, const TrainState *state, Stream stream) {
    const size_t bytes = t->at.count * sizeof(float);
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
    const size_t bytes = t->at.count * sizeof(float);
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

/* A trainer's first step runs without a graph: no kernel may be loaded during a capture. */
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
        if (status != STATUS_OK) backend_cuda.graph_close(graph); /* it holds part of a step */
        TRY(status);
        TRY(ended);
        t->graph = graph;
    }
    return backend_cuda.graph_launch(t->graph, stream);
}

/* At most TRAIN_RUN_STEPS steps, from the batch in `s` on, with the rates there. */
static Status steps_enqueue(Trainer *t, Staging *s, int steps, Stream stream) {
    const size_t n = (size_t)steps;
    TRY(backend_cuda.to_device(t->batch, &s->batch, sizeof s->batch, stream));
    TRY(backend_cuda.to_device(t->rates, s->rates, n * sizeof *s->rates, stream));
    TRY(backend_cuda.zero(t->next, sizeof *t->next, stream));
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

/* Nothing is read ahead, so last_batch is not needed. */
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

/* Within a graph the device's time cannot be split up: all of it counts as busy. */
static void times_cuda(const Trainer *t, TrainTimes *out) {
    out->busy = t->busy;
    out->waiting = out->filling = 0;
}

extern "C" const TrainOps train_cuda = {.bytes = bytes_cuda,
                                        .create = create_cuda,
                                        .destroy = destroy_cuda,
                                        .load = load_cuda,
                                        .save = save_cuda,
                                        .run = run_cuda,
                                        .times = times_cuda};
