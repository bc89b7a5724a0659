/* bench/bench_replay_gpu.c - the replay ring on a GPU: adding, gathering, copying out and back in.
 *
 * The games come from real self-play with the uniform evaluator, which writes them into the ring.
 * Adding is timed separately, all records in one launch; in self-play, waves add games as they
 * end. */
#include "bench_replay_gpu.h"

#include <stdlib.h>

#include "host/replay/replay_file.h"
#include "ceiling.h"

enum { GAMES = 65536, ROWS_MAX = 16384, LAUNCHES = 16 };

static const double GATHER_GOAL = 5e6; /* examples/s that training consumes at full speed */

/* The pointers are blocks of device memory, except in `games`. */
typedef struct {
    const BenchOptions *o;
    const Device *device;
    Replay replay;
    void *ring, *temp, *rows, *words, *at;
    TrainBatch batch;
    int64_t *number;   /* (1) the batch's */
    ReplayGames games; /* the ring's, on the host */
    int64_t examples;
    double copy; /* bytes/s that the device copies */
    Stream stream;
} GpuBench;

static Status play(const GpuBench *b, const SelfplayConfig *config) {
    static const GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *none;
    int64_t finished = 0;
    Selfplay sp;
    Status status = selfplay_open(&sp, config, b->device, NULL, &all, 1, GAMES);
    for (int64_t epoch = 0; status == STATUS_OK && finished < GAMES; epoch++) {
        status = selfplay_enqueue(&sp);
        if (status == STATUS_OK) status = selfplay_wait(&sp, epoch, &counters, &none);
        if (status == STATUS_OK && counters->fault.code != FAULT_NONE) status = STATUS_FAULT;
        if (status == STATUS_OK) finished = counters->finished;
    }
    selfplay_close(&sp);
    return status;
}

static void rows_layout(GpuBench *b, Arena *arena) {
    const size_t R = ROWS_MAX;
    b->batch.x = arena_take(arena, R * OBSERVE_COLUMNS, sizeof(float));
    b->batch.legal = (uint64_t *)arena_take(arena, R, sizeof *b->batch.legal);
    b->batch.policy = (float *)arena_take(arena, R * ACTIONS, sizeof *b->batch.policy);
    b->batch.value = (float *)arena_take(arena, R * MAX_SEATS, sizeof *b->batch.value);
    b->batch.seats = (int32_t *)arena_take(arena, R, sizeof *b->batch.seats);
    b->number = (int64_t *)arena_take(arena, 1, sizeof *b->number);
}

static Status take_memory(GpuBench *b) {
    const Backend *backend = b->device->backend;
    Arena dry = {0}, dry_rows = {0};
    replay_layout(&b->replay, &dry);
    rows_layout(b, &dry_rows);
    TRY(backend->alloc(&b->ring, dry.used));
    TRY(backend->alloc(&b->temp, replay_window_bytes(&b->replay, backend) + 1));
    TRY(backend->alloc(&b->rows, dry_rows.used));
    Arena ring = {(char *)b->ring, 0, dry.used}, rows = {(char *)b->rows, 0, dry_rows.used};
    replay_layout(&b->replay, &ring);
    rows_layout(b, &rows);
    return b->device->replay->clear(&b->replay, b->stream);
}

/* Fills the ring, and sets the window to all of it. */
static Status fill_ring(GpuBench *b) {
    const BenchOptions *o = b->o;
    SelfplayConfig config = selfplay_config_default();
    ReplayWindow window;
    config.rules.players = (uint8_t)o->players;
    config.settings.cards = o->cards;
    config.settings.seed = b->replay.seed = (uint64_t)o->seed;
    config.parallel = 16384;
    config.worlds = o->worlds;
    config.simulations = o->simulations;
    config.waves = o->simulations + 1;
    config.evaluator = EVALUATOR_UNIFORM;
    config.graph = !o->no_graph;
    config.replay = &b->replay;
    b->replay.capacity = GAMES;
    b->replay.stride = selfplay_record_words(&config);
    b->replay.rules = config.rules;
    TRY(take_memory(b));
    TRY(b->device->backend->stream_sync(b->stream));
    TRY(play(b, &config));
    TRY(b->device->replay->window(&b->replay, 0, GAMES, b->temp,
                                  replay_window_bytes(&b->replay, b->device->backend), b->stream));
    TRY(b->device->backend->to_host(&window, b->replay.window, sizeof window, b->stream));
    TRY(b->device->backend->stream_sync(b->stream));
    b->examples = window.examples;
    return window.examples > 0 ? STATUS_OK : STATUS_FAULT;
}

/* Copies the ring's games to the host, packed, and back. */
static Status measure_out(GpuBench *b) {
    const BenchOptions *o = b->o;
    double seconds[BENCH_REPEATS_MAX];
    for (int k = 0; k < o->repeats; k++) {
        replay_games_free(&b->games);
        double start = bench_clock();
        TRY(replay_copy_out(&b->games, &b->replay, b->device->backend, 0, GAMES, b->stream));
        seconds[k] = bench_clock() - start;
    }
    double bytes = (double)b->games.offset[GAMES] * sizeof *b->games.words;
    printf("  %d games, %.1f examples and %.0f words each\n", GAMES, (double)b->examples / GAMES,
           (double)b->games.offset[GAMES] / GAMES);
    bench_report(o, "replay, out of the device's memory, packed",
                 bytes / bench_median(seconds, o->repeats) / 1e9, "GB/s of words", 0, "");
    for (int k = 0; k < o->repeats; k++) {
        double start = bench_clock();
        TRY(replay_copy_in(&b->games, &b->replay, b->device->backend, b->device->replay,
                           b->stream));
        seconds[k] = bench_clock() - start;
    }
    bench_report(o, "replay, into the device's memory",
                 bytes / bench_median(seconds, o->repeats) / 1e9, "GB/s of words", 0, "");
    return STATUS_OK;
}

/* Copies the packed records to device memory, for add. */
static Status send_records(GpuBench *b) {
    const Backend *backend = b->device->backend;
    const size_t bytes = (size_t)b->games.offset[GAMES] * sizeof *b->games.words;
    int32_t *at = (int32_t *)malloc(GAMES * sizeof *at);
    if (!at) return STATUS_MEMORY;
    for (int i = 0; i < GAMES; i++) at[i] = (int32_t)b->games.offset[i];
    Status status = backend->alloc(&b->words, bytes);
    if (status == STATUS_OK) status = backend->alloc(&b->at, GAMES * sizeof *at);
    if (status == STATUS_OK)
        status = backend->to_device(b->words, b->games.words, bytes, b->stream);
    if (status == STATUS_OK) status = backend->to_device(b->at, at, GAMES * sizeof *at, b->stream);
    Status synced = backend->stream_sync(b->stream);
    free(at);
    return status != STATUS_OK ? status : synced;
}

/* Seconds of a launch that adds every game if rows is 0, or else gathers so many rows. */
static Status time_launch(GpuBench *b, int rows, double least, double *seconds) {
    const Device *d = b->device;
    GatherArgs args = {.replay = b->replay,
                       .batch = b->number,
                       .rows = rows,
                       .out = b->batch,
                       .bf16 = d->net->bf16_rows};
    double start = bench_clock();
    int64_t launches = 0;
    for (*seconds = 0; *seconds < least; *seconds = bench_clock() - start) {
        for (int i = 0; i < LAUNCHES; i++)
            TRY(rows ? d->replay->gather(&args, b->stream)
                     : d->replay->add(&b->replay, (const uint16_t *)b->words,
                                      (const int32_t *)b->at, GAMES, b->stream));
        TRY(d->backend->stream_sync(b->stream));
        launches += LAUNCHES;
    }
    *seconds /= (double)launches;
    return STATUS_OK;
}

/* rows: see time_launch. `bytes`: that an example must read and write. */
static Status measure(GpuBench *b, const char *name, int rows, double bytes) {
    const BenchOptions *o = b->o;
    const double examples = rows ? rows : (double)b->examples;
    double seconds[BENCH_REPEATS_MAX], warm;
    TRY(time_launch(b, rows, 0, &warm));
    for (int k = 0; k < o->repeats; k++) TRY(time_launch(b, rows, o->seconds, &seconds[k]));
    double rate = examples / bench_median(seconds, o->repeats);
    bench_report(o, name, rate, "examples/s", b->copy / bytes, "copying its bytes");
    if (rows)
        bench_report(o, "  beside what training takes", rate, "examples/s", GATHER_GOAL, "goal");
    return STATUS_OK;
}

static Status measure_all(GpuBench *b) {
    static const int rows[] = {512, 4096, ROWS_MAX};
    const double words = (double)b->games.offset[GAMES], record = 2 * words / GAMES;
    const double row = OBSERVE_COLUMNS * (b->device->net->bf16_rows ? 2 : 4) + sizeof(uint64_t) +
                       (ACTIONS + MAX_SEATS) * sizeof(float) + sizeof(int32_t);
    char name[96];
    TRY(ceiling_copy(b->o, b->o->seconds, &b->copy));
    TRY(measure(b, "replay, add, one launch", 0, 2 * 2 * words / (double)b->examples));
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "replay, gather, batch %d", rows[i]);
        TRY(measure(b, name, rows[i], row + record));
    }
    return STATUS_OK;
}

Status bench_replay_gpu(const BenchOptions *o) {
    GpuBench b;
    memset(&b, 0, sizeof b);
    b.o = o;
    b.device = o->device;
    const Backend *backend = b.device->backend;
    TRY(backend->stream_open(&b.stream));
    Status status = fill_ring(&b);
    if (status == STATUS_OK) status = measure_out(&b);
    if (status == STATUS_OK) status = send_records(&b);
    if (status == STATUS_OK) status = measure_all(&b);
    void *blocks[] = {b.at, b.words, b.rows, b.temp, b.ring};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (blocks[i]) backend->release(blocks[i]);
    replay_games_free(&b.games);
    backend->stream_close(b.stream);
    return status;
}
