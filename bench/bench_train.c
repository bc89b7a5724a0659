/* bench/bench_train.c - training alone: examples a second through gather, forward, loss, backward
 * and AdamW, beside plain GEMM.
 *
 * Examples are those of real self-play with the uniform evaluator, drawn and rebuilt from the ring
 * as in training; the network is the full blobnet. */
#include <stdlib.h>

#include "host/options/network_options.h"
#include "ceiling.h"

enum { GAMES = 16384, STEPS_MAX = 64 };

typedef struct {
    const BenchOptions *o;
    Replay replay;
    void *ring, *temp;
    Stream stream;
    Trainer *trainer;
    int64_t batch; /* next to be asked for */
} TrainBench;

static Status fill(void *context, const int64_t *batch, int first, int rows, const TrainBatch *out,
                   Stream stream) {
    const TrainBench *b = (const TrainBench *)context;
    GatherArgs args = {
        .replay = b->replay,
        .batch = batch,
        .row_base = 0,
        .first = first,
        .rows = rows,
        .out = *out,
        .bf16 = b->o->device->net->bf16_rows,
    };
    return b->o->device->replay->gather(&args, stream);
}

static Status play(const TrainBench *b, const SelfplayConfig *config) {
    static const GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *out;
    Selfplay sp;
    int64_t finished = 0;
    Status status = selfplay_open(&sp, config, b->o->device, NULL, &all, 1, GAMES);
    for (int64_t epoch = 0; status == STATUS_OK && finished < GAMES; epoch++) {
        status = selfplay_enqueue(&sp);
        if (status == STATUS_OK) status = selfplay_wait(&sp, epoch, &counters, &out);
        if (status == STATUS_OK && counters->fault.code != FAULT_NONE) status = STATUS_FAULT;
        if (status == STATUS_OK) finished = counters->finished;
    }
    selfplay_close(&sp);
    return status;
}

/* Multiply-adds of an example, twice: forward without the fold of attention and without Q and K,
 * which have no gradient, and twice as much backward. */
static double example_flops(void) {
    const ModelConfig c = model_config_default();
    double C = c.width, layer = 2 * C * C + 2 * C * c.hidden;
    double forward = c.inputs * C + c.layers * layer + C * (c.policy_hidden + c.value_hidden) +
                     (double)c.policy_hidden * c.actions + (double)c.value_hidden * c.values;
    return 3 * 2 * forward;
}

/* Games of medium self-play, and a window over all of them. */
static Status fill_ring(TrainBench *b) {
    const BenchOptions *o = b->o;
    const Backend *backend = o->device->backend;
    SelfplayConfig config = selfplay_config_default();
    Replay *r = &b->replay;
    config.rules.players = (uint8_t)o->players;
    config.settings.cards = o->cards;
    config.settings.seed = r->seed = (uint64_t)o->seed;
    config.evaluator = EVALUATOR_UNIFORM;
    r->capacity = GAMES;
    r->stride = selfplay_record_words(&config);
    r->rules = config.rules;
    Arena dry = {0};
    replay_layout(r, &dry);
    size_t temp_bytes = replay_window_bytes(r, backend);
    TRY(backend->alloc(&b->ring, dry.used));
    TRY(backend->alloc(&b->temp, temp_bytes + 1));
    Arena placed = {(char *)b->ring, 0, dry.used};
    replay_layout(r, &placed);
    TRY(o->device->replay->clear(r, b->stream));
    config.replay = r;
    TRY(play(b, &config));
    TRY(o->device->replay->window(r, 0, GAMES, b->temp, temp_bytes, b->stream));
    return backend->stream_sync(b->stream);
}

static Status open_trainer(TrainBench *b, Precision precision, int rows) {
    const TrainOps *ops = b->o->device->train;
    TrainSpec spec = {model_config_default(), precision, train_settings_default(), rows, 1,
                      !b->o->no_graph};
    TrainSource source = {b, fill};
    TrainReduce alone = {NULL, NULL, 1};
    TrainState state;
    Status status = train_state_alloc(&state, &spec.model);
    if (status == STATUS_OK) {
        weights_init(&state.weights, 1);
        memcpy(state.ema.data, state.weights.data, state.ema.count * sizeof *state.ema.data);
        status = ops->create(&b->trainer, &spec, &source, &alone);
    }
    if (status == STATUS_OK) status = ops->load(b->trainer, &state, b->stream);
    train_state_free(&state);
    return status;
}

/* Examples a second over `seconds` or a little more. */
static Status rate_of(TrainBench *b, int rows, double seconds, double *rate) {
    float rates[STEPS_MAX];
    TrainReport reports[STEPS_MAX];
    int64_t examples = 0;
    double start = bench_clock(), end = start;
    int steps = 32768 / rows < 1 ? 1 : 32768 / rows > STEPS_MAX ? STEPS_MAX : 32768 / rows;
    for (int i = 0; i < steps; i++) rates[i] = 1e-4f;
    for (; end - start < seconds; end = bench_clock()) {
        TRY(b->o->device->train->run(b->trainer, b->batch, INT64_MAX, rates, steps, reports,
                                     b->stream));
        b->batch += steps;
        examples += (int64_t)steps * rows;
    }
    *rate = (double)examples / (end - start);
    return STATUS_OK;
}

static Status measure(TrainBench *b, Precision precision, int rows) {
    const BenchOptions *o = b->o;
    double rate[BENCH_REPEATS_MAX], ceiling[BENCH_REPEATS_MAX], warm;
    TrainTimes times;
    char name[96], of[64];
    Status status = open_trainer(b, precision, rows);
    if (status == STATUS_OK) status = rate_of(b, rows, 0.1, &warm);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        status = ceiling_gemm(o, precision, o->seconds, &ceiling[k]);
        ceiling[k] /= example_flops();
        if (status == STATUS_OK) status = rate_of(b, rows, o->seconds, &rate[k]);
    }
    if (status == STATUS_OK) o->device->train->times(b->trainer, &times);
    if (b->trainer) o->device->train->destroy(b->trainer);
    b->trainer = NULL;
    snprintf(name, sizeof name, "training, %s %s, batch %d", o->device->backend->name,
             precision_name(precision), rows);
    if (status == STATUS_MEMORY) {
        printf("%-56s does not fit into memory\n", name);
        return STATUS_OK;
    }
    TRY(status);
    snprintf(of, sizeof of, "%s / 24.7 MFLOP", ceiling_gemm_name(o, precision));
    bench_report(o, name, bench_median(rate, o->repeats), "examples/s",
                 bench_median(ceiling, o->repeats), of);
    double all = times.busy + times.waiting + times.filling;
    if (all <= 0) return STATUS_OK;
    snprintf(name, sizeof name, "  of its threads' time: waiting, batch %d", rows);
    bench_report(o, name, 100 * times.waiting / all, "%", 0, "");
    snprintf(name, sizeof name, "  of its threads' time: filling, batch %d", rows);
    bench_report(o, name, 100 * times.filling / all, "%", 0, "");
    return STATUS_OK;
}

Status bench_train(const BenchOptions *o) {
    static const int batches[] = {512, 2048, 4096};
    enum { BATCHES = sizeof batches / sizeof batches[0] };
    TrainBench b;
    Precision precision;
    memset(&b, 0, sizeof b);
    b.o = o;
    TRY(network_precision(o->precision, o->device, &precision));
    if (precision == PRECISION_INT8) {
        fprintf(stderr, "--precision int8: training has float32 and, on cuda, bf16\n");
        return STATUS_INPUT;
    }
    TRY(o->device->backend->stream_open(&b.stream));
    Status status = fill_ring(&b);
    for (int i = 0; status == STATUS_OK && i < BATCHES + (o->rows > 0); i++)
        status = measure(&b, precision, i < BATCHES ? batches[i] : o->rows);
    if (b.temp) o->device->backend->release(b.temp);
    if (b.ring) o->device->backend->release(b.ring);
    o->device->backend->stream_close(b.stream);
    return status;
}
