/* host/train/train_memory.c - what a run holds on its device: ring, trainer, trees. */
#include <string.h>

#include "host/run/summary.h"
#include "train_run.h"

/* Slots for the window and the iteration played meanwhile, at most for all games of the run: but
 * earlier iterations may have had more than those of now. */
static int64_t ring_slots(const TrainRun *run) {
    const Schedule *s = &run->setup.schedule;
    int64_t window = s->window_max + s->games, all = (s->iterations + 1) * s->games;
    if (train_folder_changes(run)) return window;
    return window < all ? window : all;
}

static void measure_ring(TrainRun *run) {
    Replay *r = &run->replay;
    memset(r, 0, sizeof *r);
    r->capacity = ring_slots(run);
    r->stride = selfplay_record_words(&run->setup.play);
    r->rules = run->setup.play.rules;
    r->seed = run->setup.play.settings.seed;
    Arena dry = {0};
    replay_layout(r, &dry);
    run->replay_bytes = dry.used;
    run->window_temp_bytes = replay_window_bytes(r, run->device->backend);
}

/* A large one takes seconds to clear. */
static void print_ring(const TrainRun *run) {
    char ring[16];
    summary_bytes_text(run->replay_bytes, ring, sizeof ring);
    if (run->replay_bytes >> 30 > 0 && !run->options.play.quiet && train_run_leads(run))
        fprintf(stderr, "clearing the replay ring of %s\n", ring);
}

static Status take_ring(TrainRun *run) {
    const Backend *backend = run->device->backend;
    print_ring(run);
    TRY(backend->alloc(&run->replay_block, run->replay_bytes));
    TRY(backend->alloc(&run->window_temp, run->window_temp_bytes + 1));
    Arena placed = {(char *)run->replay_block, 0, run->replay_bytes};
    replay_layout(&run->replay, &placed);
    return run->device->replay->clear(&run->replay, run->stream);
}

/* The trainer's source: gathers a batch's examples from the ring. */
static Status fill(void *context, const int64_t *batch, int first, int rows, const TrainBatch *out,
                   Stream stream) {
    const TrainRun *run = (const TrainRun *)context;
    GatherArgs args = {.replay = run->replay,
                       .batch = batch,
                       .row_base = run->comm.rank * (run->options.batch / run->comm.size),
                       .first = first,
                       .rows = rows,
                       .out = *out,
                       .bf16 = run->device->net->bf16_rows};
    return run->device->replay->gather(&args, stream);
}

static Status all_reduce_sum(void *context, float *data, size_t count, Stream stream) {
    Comm *comm = (Comm *)context;
    return comm->ops->all_reduce_sum(comm, data, count, stream);
}

static TrainSpec trainer_spec(const TrainRun *run) {
    const TrainOptions *o = &run->options;
    TrainSpec spec;
    memset(&spec, 0, sizeof spec);
    spec.model = run->setup.model;
    spec.precision = run->precision;
    spec.settings = run->setup.settings;
    spec.rows = o->batch / run->comm.size;
    spec.accumulate = o->accumulate;
    spec.graph = !o->play.no_graph;
    return spec;
}

static Status open_trainer(TrainRun *run) {
    TrainSpec spec = trainer_spec(run);
    TrainSource source = {.context = run, .fill = fill};
    TrainReduce reduce = {.context = &run->comm,
                          .all_reduce_sum = run->comm.size > 1 ? all_reduce_sum : NULL,
                          .processes = run->comm.size};
    TRY(run->device->train->create(&run->trainer, &spec, &source, &reduce));
    return STATUS_OK;
}

static Status refuse(const TrainRun *run, size_t free_bytes) {
    char ring[16], trainer[16], have[16];
    summary_bytes_text(run->replay_bytes, ring, sizeof ring);
    summary_bytes_text(run->trainer_bytes, trainer, sizeof trainer);
    summary_bytes_text(free_bytes, have, sizeof have);
    fprintf(stderr,
            "not enough memory: the replay of --window-max %lld games takes %s, training with "
            "--batch %d takes %s; %s are free\n",
            (long long)run->options.window_max, ring, run->options.batch, trainer, have);
    return STATUS_INPUT;
}

Status train_memory_open(TrainRun *run) {
    size_t free_bytes, total_bytes;
    TrainSpec spec = trainer_spec(run);
    measure_ring(run);
    run->trainer_bytes = run->device->train->bytes(&spec);
    /* checked first: a host overcommits, then kills the process that uses the memory */
    TRY(run->device->backend->memory(&free_bytes, &total_bytes));
    if (run->replay_bytes + run->trainer_bytes > free_bytes) return refuse(run, free_bytes);
    TRY(run->device->backend->stream_open(&run->stream));
    TRY(train_state_alloc(&run->state, &run->setup.model));
    TRY(weights_alloc(&run->best, &run->setup.model));
    Status status = take_ring(run);
    if (status == STATUS_OK) status = open_trainer(run);
    return status == STATUS_MEMORY ? refuse(run, free_bytes) : status;
}

void train_memory_close(TrainRun *run) {
    if (!run->device) return;
    const Backend *backend = run->device->backend;
    selfplay_close(&run->selfplay);
    if (run->trainer) run->device->train->destroy(run->trainer);
    if (run->window_temp) backend->release(run->window_temp);
    if (run->replay_block) backend->release(run->replay_block);
    if (run->stream) backend->stream_close(run->stream);
    weights_free(&run->best);
    train_state_free(&run->state);
}

void train_memory_print(const TrainRun *run, FILE *out) {
    char ring[16], trainer[16];
    summary_bytes_text(run->replay_bytes, ring, sizeof ring);
    summary_bytes_text(run->trainer_bytes, trainer, sizeof trainer);
    fprintf(out, "training: replay %s for %lld games, trainer %s\n", ring,
            (long long)run->replay.capacity, trainer);
    summary_bytes_print(&run->selfplay_bytes, out);
}
