/* nn/train/train_cpu.c - training in float32 on the CPU: the tasks and the table of functions.
 *
 * train_schedule.h decides which task may run; which thread runs it does not matter, so any number
 * of threads gives the same bits. train_cuda.cu has the same table for CUDA. */
#include <omp.h>
#include <stdlib.h>

#include "nn/ops/column_sums.h"
#include "nn/ops/product_float32.h"
#include "train_cpu.h"

enum {
    SQUARE_CHUNKS = 64, /* chunks of a piece of the gradient */
    ACTIONS_MAX = 64    /* bits of a legal mask */
};

/* Copies a piece's rows of the (out, in) matrix to the panels of forward and backward. */
static void pack_piece(const Trainer *t, const TrainPiece *piece) {
    const int in = piece->in, out = piece->out, end = piece->first + piece->rows;
    const float *from = t->p + piece->tensor;
    float *forward = t->forward_panels + piece->tensor, *back = t->back_panels + piece->tensor;
    if (!piece->product) return;
    for (int i = 0; i < in; i += PRODUCT_PANEL) {
        const int width = in - i < PRODUCT_PANEL ? in - i : PRODUCT_PANEL;
        for (int o = piece->first; o < end; o++) {
            const float *row = from + (size_t)o * (size_t)in + i;
            float *to = forward + product_panel_at(in, out, i, o);
            const int64_t step = product_panel_at(in, out, 1, o) - product_panel_at(in, out, 0, o);
            memcpy(back + product_panel_at(out, in, o, i), row, (size_t)width * sizeof *row);
            for (int j = 0; j < width; j++) to[j * step] = row[j];
        }
    }
}

/* --- tasks ----------------------------------------------------------------- */

static Status work_fill(Trainer *t, const PoolTask *task) {
    const int first = task->item * BLOCK_ROWS, rest = t->spec.rows - first;
    return t->source.fill(t->source.context, &t->schedule.slot[task->index].batch, first,
                          rest < BLOCK_ROWS ? rest : BLOCK_ROWS, &t->batch[task->index], NULL);
}

/* Adds the blocks of one pass to the gradients of all vectors and to the metrics. */
ISA_EACH static void work_columns(Trainer *t, int pass) {
    const TrainPlan *plan = &t->plan;
    BlockSumsArgs a = {.partial = t->saved[pass % TRAIN_SLOTS].partial,
                       .offset = t->column_offset,
                       .out = t->g,
                       .blocks = train_schedule_blocks(&t->schedule, pass),
                       .columns = plan->column.count,
                       .partial_stride = plan->column.count,
                       .kind = pass == 0 ? BLOCK_SUMS_SET : BLOCK_SUMS_ADD};
    for (int i = 0; i < column_tiles(a.columns); i++) block_sums_one(&a, i, TEAM_OF_ONE);
    a.partial += plan->column.input_norm.shift;
    a.offset = NULL;
    a.out = t->g + plan->at.positional_encoding;
    a.columns = t->spec.model.width;
    for (int i = 0; i < column_tiles(a.columns); i++) block_sums_one(&a, i, TEAM_OF_ONE);
}

static void work_tile(Trainer *t, int pass, int item) {
    if (item == t->tiles) {
        work_columns(t, pass);
        return;
    }
    const TrainTileArgs *tile = &t->tile[item];
    const TrainSchedule *s = &t->schedule;
    const float *x = tile->x[pass % TRAIN_SLOTS];
    if (!x) {
        const TrainBatch *batch = &t->batch[train_schedule_batch(s, pass) % TRAIN_SLOTS];
        x = (const float *)batch->x + tile->x_at +
            (size_t)train_schedule_first(s, pass) * BLOCK_ROWS * (size_t)tile->x_stride;
    }
    const ProductFloat32Args args = {.a = tile->dy[pass % TRAIN_SLOTS],
                                     .c = t->g + tile->at,
                                     .a_row = 1,
                                     .a_k = tile->dy_stride,
                                     .c_row = tile->x_stride,
                                     .m = tile->outs,
                                     .n = tile->ins,
                                     .k = train_schedule_blocks(s, pass) * BLOCK_ROWS,
                                     .count = tile->ins,
                                     .add = pass > 0};
    product_float32_rows(t->isa, &args, x, tile->x_stride);
}

ISA_EACH static void work_squares(Trainer *t, int item) {
    SquareSumsArgs args = {t->g, t->squares, (int64_t)t->plan.at.count};
    const int chunks = train_chunks(args.count), first = item * SQUARE_CHUNKS;
    for (int i = first; i < chunks && i < first + SQUARE_CHUNKS; i++)
        square_sums_one(&args, i, TEAM_OF_ONE);
}

ISA_EACH static void work_update(Trainer *t, int item) {
    const TrainPiece *piece = &t->piece[item];
    const size_t at = piece->tensor + (size_t)piece->first * (size_t)piece->in;
    AdamwArgs args = {.p = t->p + at,
                      .m = t->m + at,
                      .v = t->v + at,
                      .ema = t->ema + at,
                      .g = t->g + at,
                      .p_bf16 = NULL,
                      .step = &t->step,
                      .count = (int64_t)piece->rows * piece->in};
    for (int i = 0; i < train_chunks(args.count); i++) adamw_one(&args, i, TEAM_OF_ONE);
    pack_piece(t, piece);
}

static Status job_work(void *context, const PoolTask *task, int worker) {
    Trainer *t = (Trainer *)context;
    switch (task->kind) {
    case TRAIN_FILL: TRY(work_fill(t, task)); break;
    case TRAIN_ROWS: train_rows_cpu(t, task->index, task->item, worker); break;
    case TRAIN_TILE: work_tile(t, task->index, task->item); break;
    case TRAIN_REDUCE:
        TRY(t->reduce.all_reduce_sum(t->reduce.context, t->g, t->plan.at.count + LOSS_COUNT, NULL));
        break;
    case TRAIN_SQUARES: work_squares(t, task->item); break;
    case TRAIN_COUNT: train_count_one(&t->count, 0, TEAM_OF_ONE); break;
    default: work_update(t, task->item);
    }
    return STATUS_OK;
}

static PoolTurn job_next(void *context, PoolTask *task) {
    return train_schedule_next(&((Trainer *)context)->schedule, task);
}

static void job_done(void *context, const PoolTask *task) {
    Trainer *t = (Trainer *)context;
    train_schedule_done(&t->schedule, task);
    if (task->kind != TRAIN_COUNT) return;
    if (!t->step.go) train_schedule_skip(&t->schedule);
    if (t->counters.stopped) train_schedule_stop(&t->schedule);
}

/* --- the table ------------------------------------------------------------- */

static Status spec_check(const TrainSpec *spec) {
    const TrainSettings *s = &spec->settings;
    if (model_config_check(&spec->model) != STATUS_OK) return STATUS_ARGUMENT;
    bool fits = spec->precision == PRECISION_FLOAT32 && spec->rows >= 1 && spec->rows <= 65536 &&
                spec->accumulate >= 1 && spec->accumulate <= 1024 &&
                spec->model.actions <= ACTIONS_MAX;
    fits = fits && s->value_weight >= 0 && s->beta1 >= 0 && s->beta1 < 1 && s->beta2 >= 0 &&
           s->beta2 < 1 && s->epsilon > 0 && s->decay >= 0 && s->clip > 0 && s->ema >= 0 &&
           s->ema < 1;
    return fits ? STATUS_OK : STATUS_ARGUMENT;
}

/* Counts what the sizes of the arrays depend on; tile and piece are still NULL. */
static void trainer_measure(Trainer *t, const TrainSpec *spec, Arena *arena) {
    t->spec = *spec;
    t->threads = omp_get_max_threads();
    train_plan_make(&spec->model, &t->plan, NULL);
    train_tiles_cpu(t);
    train_pieces_cpu(t);
    train_layout_cpu(t, arena);
}

static size_t bytes_cpu(const TrainSpec *spec) {
    Trainer *t = (Trainer *)calloc(1, sizeof *t);
    Arena dry = {0};
    if (t && spec_check(spec) == STATUS_OK) trainer_measure(t, spec, &dry);
    free(t);
    return dry.used;
}

static void destroy_cpu(Trainer *t) {
    if (!t) return;
    pool_destroy(t->pool);
    train_schedule_close(&t->schedule);
    backend_cpu.release(t->memory);
    free(t);
}

static void count_make(Trainer *t) {
    TrainCountArgs *a = &t->count;
    a->metrics = t->g + t->plan.at.count;
    a->squares = t->squares;
    a->counters = &t->counters;
    a->step = &t->step;
    a->at = &t->at;
    a->settings = t->spec.settings;
    a->scale = (float)(1.0 / ((double)t->spec.rows * t->spec.accumulate * t->reduce.processes));
    a->chunks = train_chunks((int64_t)t->plan.at.count);
}

static void schedule_make(Trainer *t) {
    TrainSchedule *s = &t->schedule;
    s->blocks = train_blocks_cpu(&t->spec);
    s->pass_blocks = TRAIN_PASS_BLOCKS;
    s->accumulate = t->spec.accumulate;
    s->pieces[TRAIN_TILE] = t->tiles + 1; /* the last: all vectors, see work_columns */
    s->pieces[TRAIN_REDUCE] = t->reduce.all_reduce_sum ? 1 : 0;
    s->pieces[TRAIN_SQUARES] = (t->count.chunks + SQUARE_CHUNKS - 1) / SQUARE_CHUNKS;
    s->pieces[TRAIN_COUNT] = 1;
    s->pieces[TRAIN_UPDATE] = t->pieces;
}

static Status create_cpu(Trainer **out, const TrainSpec *spec, const TrainSource *source,
                         const TrainReduce *reduce) {
    *out = NULL;
    if (spec_check(spec) != STATUS_OK || reduce->processes < 1) return STATUS_ARGUMENT;
    Trainer *t = (Trainer *)calloc(1, sizeof *t);
    if (!t) return STATUS_MEMORY;
    Status status;
    Arena arena = {0};
    t->source = *source;
    t->reduce = *reduce;
    trainer_measure(t, spec, &arena);
    TRY_GOTO(status, isa_choose(&t->isa));
    TRY_GOTO(status, backend_cpu.alloc(&t->memory, arena.used));
    Arena placed = {(char *)t->memory, 0, arena.used};
    train_layout_cpu(t, &placed);
    train_plan_make(&spec->model, &t->plan, t->column_offset);
    train_tiles_cpu(t);
    train_pieces_cpu(t);
    count_make(t);
    schedule_make(t);
    TRY_GOTO(status, train_schedule_open(&t->schedule));
    TRY_GOTO(status, pool_create(&t->pool, t->threads));
    *out = t;
    return STATUS_OK;
fail:
    destroy_cpu(t);
    return status;
}

static bool same_shape(const Trainer *t, const TrainState *state) {
    const size_t count = t->plan.at.count;
    return state->weights.count == count && state->ema.count == count && state->m.count == count &&
           state->v.count == count;
}

static Status load_cpu(Trainer *t, const TrainState *state, Stream stream) {
    (void)stream;
    if (!same_shape(t, state)) return STATUS_ARGUMENT;
    const size_t bytes = t->plan.at.count * sizeof(float);
    memcpy(t->p, state->weights.data, bytes);
    memcpy(t->ema, state->ema.data, bytes);
    memcpy(t->m, state->m.data, bytes);
    memcpy(t->v, state->v.data, bytes);
    t->counters = state->counters;
    for (int i = 0; i < t->pieces; i++) pack_piece(t, &t->piece[i]);
    train_schedule_drop(&t->schedule);
    return STATUS_OK;
}

static Status save_cpu(Trainer *t, TrainState *state, Stream stream) {
    (void)stream;
    if (!same_shape(t, state)) return STATUS_ARGUMENT;
    const size_t bytes = t->plan.at.count * sizeof(float);
    memcpy(state->weights.data, t->p, bytes);
    memcpy(state->ema.data, t->ema, bytes);
    memcpy(state->m.data, t->m, bytes);
    memcpy(state->v.data, t->v, bytes);
    state->counters = t->counters;
    return STATUS_OK;
}

/* Completes the update of a step that was counted before another task failed. */
static void finish_update(Trainer *t) {
    TrainSchedule *s = &t->schedule;
    if (s->stage != TRAIN_UPDATE) return;
    while (s->piece < s->pieces[TRAIN_UPDATE]) work_update(t, s->piece++);
}

static Status run_cpu(Trainer *t, int64_t batch, int64_t last_batch, const float *rates, int steps,
                      TrainReport *reports, Stream stream) {
    (void)stream;
    const int64_t end = batch + (int64_t)steps * t->spec.accumulate;
    if (batch < 0 || steps < 0 || end - 1 > last_batch) return STATUS_ARGUMENT;
    const PoolJob job = {.context = t, .next = job_next, .done = job_done, .work = job_work};
    t->count.rates = rates;
    t->count.reports = reports;
    t->at = 0;
    train_schedule_begin(&t->schedule, batch, last_batch, t->counters.stopped ? 0 : steps);
    Status status = pool_run(t->pool, &job);
    if (status != STATUS_OK) {
        finish_update(t);
        train_schedule_drop(&t->schedule);
    }
    for (int i = t->at; i < steps; i++) {
        memset(&reports[i], 0, sizeof reports[i]);
        reports[i].rate = rates[i];
        reports[i].skipped = 1;
    }
    return status;
}

static void times_cpu(const Trainer *t, TrainTimes *out) {
    PoolTimes times;
    pool_times(t->pool, &times);
    out->busy = times.busy;
    out->waiting = times.waiting;
    out->filling = times.filling;
}

const TrainOps train_cpu = {.bytes = bytes_cpu,
                            .create = create_cpu,
                            .destroy = destroy_cpu,
                            .load = load_cpu,
                            .save = save_cpu,
                            .run = run_cpu,
                            .times = times_cpu};
