/* bench/bench_replay.c - the replay ring on a CPU: adding, gathering, saving, loading.
 *
 * The records come from real self-play with the uniform evaluator; each is used several times,
 * under different ids. Writers are threads that add at the same time, some records a call, as
 * self-play does. A gather rebuilds the observation of each example from its game. Files are
 * written to $TMPDIR (/tmp), and to /dev/shm to see the speed without a disk. */
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/replay/replay_file.h"
#include "bench.h"
#include "bench_replay_gpu.h"

enum {
    PLAYED = 8192,  /* games of self-play */
    GAMES = 131072, /* in the ring */
    AT_ONCE = 64,   /* records a call of add */
    BATCH = 8192,   /* rows of a batch */
    PATH = 512
};

static const double ADD_GOAL = 5e6, GATHER_GOAL = 5e5, FILE_GOAL = 2; /* examples/s, GB/s */

typedef struct {
    const BenchOptions *o;
    Replay replay;
    void *ring, *rows, *temp; /* blocks */
    TrainBatch batch;
    uint16_t *words; /* (word_count) the games of ids 0 .. GAMES - 1, one after another */
    int64_t word_count;
    int32_t *at; /* (GAMES) where each record begins in words */
    int64_t examples;
    Stream stream;
} ReplayBench;

/* Appends the records that self-play hands over. False: there is no room for all of them. */
static bool add_records(ReplayBench *b, const uint16_t *out, int used, int *played) {
    for (int i = 0; i < used && *played < PLAYED; i += out[i + 4]) {
        if (b->word_count + out[i + 4] > (int64_t)GAMES * b->replay.stride) return false;
        memcpy(b->words + b->word_count, out + i, out[i + 4] * sizeof *out);
        b->at[(*played)++] = (int32_t)b->word_count;
        b->word_count += out[i + 4];
    }
    return true;
}

static Status play(ReplayBench *b, const SelfplayConfig *config, int *played) {
    static const GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *out;
    Selfplay sp;
    Status status = selfplay_open(&sp, config, b->o->device, NULL, &all, 1, PLAYED);
    for (int64_t epoch = 0; status == STATUS_OK && *played < PLAYED; epoch++) {
        status = selfplay_enqueue(&sp);
        if (status == STATUS_OK) status = selfplay_wait(&sp, epoch, &counters, &out);
        if (status == STATUS_OK && counters->fault.code != FAULT_NONE) status = STATUS_FAULT;
        if (status == STATUS_OK && !add_records(b, out, counters->out_used, played))
            status = STATUS_MEMORY;
    }
    selfplay_close(&sp);
    return status;
}

/* Repeats the games until there are GAMES of them, with ids 0, 1, 2, .. */
static void repeat_records(ReplayBench *b) {
    for (int i = 0; i < GAMES; i++) {
        int from = b->at[i % PLAYED], count = b->words[from + 4];
        if (i >= PLAYED) {
            b->at[i] = (int32_t)b->word_count;
            memcpy(b->words + b->word_count, b->words + from, (size_t)count * sizeof *b->words);
            b->word_count += count;
        }
        for (int k = 0; k < 4; k++) b->words[b->at[i] + k] = (uint16_t)((uint64_t)i >> (16 * k));
    }
}

static void batch_layout(TrainBatch *batch, Arena *arena) {
    batch->x = arena_take(arena, (size_t)BATCH * OBSERVE_COLUMNS, sizeof(float));
    batch->legal = (uint64_t *)arena_take(arena, BATCH, sizeof *batch->legal);
    batch->policy = (float *)arena_take(arena, (size_t)BATCH * ACTIONS, sizeof *batch->policy);
    batch->value = (float *)arena_take(arena, (size_t)BATCH * MAX_SEATS, sizeof *batch->value);
    batch->seats = (int32_t *)arena_take(arena, BATCH, sizeof *batch->seats);
}

static Status take_memory(ReplayBench *b) {
    Arena dry = {NULL, 0, 0}, dry_rows = {NULL, 0, 0};
    replay_layout(&b->replay, &dry);
    batch_layout(&b->batch, &dry_rows);
    TRY(backend_cpu.alloc(&b->ring, dry.used));
    TRY(backend_cpu.alloc(&b->rows, dry_rows.used));
    Arena ring = {(char *)b->ring, 0, dry.used}, rows = {(char *)b->rows, 0, dry_rows.used};
    replay_layout(&b->replay, &ring);
    batch_layout(&b->batch, &rows);
    b->words = (uint16_t *)malloc((size_t)GAMES * (size_t)b->replay.stride * sizeof *b->words);
    b->at = (int32_t *)malloc(GAMES * sizeof *b->at);
    return b->words && b->at ? replay_cpu.clear(&b->replay, b->stream) : STATUS_MEMORY;
}

static Status replay_open(ReplayBench *b, const BenchOptions *o) {
    SelfplayConfig config = selfplay_config_default();
    int played = 0;
    memset(b, 0, sizeof *b);
    b->o = o;
    config.rules.players = (uint8_t)o->players;
    config.settings.cards = o->cards;
    config.settings.seed = (uint64_t)o->seed;
    config.worlds = o->worlds;
    config.simulations = o->simulations;
    config.waves = o->simulations + 1;
    config.evaluator = EVALUATOR_UNIFORM;
    b->replay.capacity = GAMES;
    b->replay.stride = selfplay_record_words(&config);
    b->replay.rules = config.rules;
    b->replay.seed = (uint64_t)o->seed;
    TRY(take_memory(b));
    TRY(play(b, &config, &played));
    repeat_records(b);
    return STATUS_OK;
}

static void replay_close(ReplayBench *b) {
    free(b->at);
    free(b->words);
    if (b->rows) backend_cpu.release(b->rows);
    if (b->ring) backend_cpu.release(b->ring);
}

/* Seconds that `writers` threads take to add every game. */
static double time_add(const ReplayBench *b, int writers) {
    double start = bench_clock();
#pragma omp parallel for num_threads(writers) schedule(dynamic, 4)
    for (int i = 0; i < GAMES; i += AT_ONCE)
        (void)replay_cpu.add(&b->replay, b->words, b->at + i, AT_ONCE, b->stream);
    return bench_clock() - start;
}

/* Seconds that `writers` threads take to copy every record into its slot, and nothing else. */
static double time_copy(const ReplayBench *b, int writers) {
    double start = bench_clock();
#pragma omp parallel for num_threads(writers) schedule(dynamic, 4 * AT_ONCE)
    for (int i = 0; i < GAMES; i++)
        memcpy(b->replay.words + (int64_t)i * b->replay.stride, b->words + b->at[i],
               b->words[b->at[i] + 4] * sizeof *b->words);
    return bench_clock() - start;
}

static Status measure_add(ReplayBench *b) {
    static const int writers[] = {1, 2, 8, 32};
    const BenchOptions *o = b->o;
    double seconds[BENCH_REPEATS_MAX], copy[BENCH_REPEATS_MAX];
    char name[96];
    time_add(b, 1);
    TRY(replay_cpu.window(&b->replay, 0, GAMES, NULL, 0, b->stream));
    b->examples = b->replay.window->examples;
    if (b->examples == 0) return STATUS_FAULT;
    printf("  %d games, %.1f examples and %.0f words each\n", GAMES, (double)b->examples / GAMES,
           (double)b->word_count / GAMES);
    for (int w = 0; w < 4; w++) {
        for (int k = 0; k < o->repeats; k++) {
            seconds[k] = time_add(b, writers[w]);
            copy[k] = time_copy(b, writers[w]);
        }
        snprintf(name, sizeof name, "replay, add, %d writers", writers[w]);
        double rate = (double)b->examples / bench_median(seconds, o->repeats);
        bench_report(o, name, rate, "examples/s", ADD_GOAL, "goal");
        bench_report(o, "  beside copying the records alone", rate, "examples/s",
                     (double)b->examples / bench_median(copy, o->repeats), "memcpy");
    }
    return STATUS_OK;
}

/* Seconds that the threads take to gather one batch, in blocks of BLOCK_ROWS rows. */
static double time_gather(ReplayBench *b, int threads, int64_t batch) {
    double start = bench_clock();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int first = 0; first < BATCH; first += BLOCK_ROWS) {
        GatherArgs args = {.replay = b->replay,
                           .batch = &batch,
                           .first = first,
                           .rows = BLOCK_ROWS,
                           .out = b->batch};
        (void)replay_cpu.gather(&args, b->stream);
    }
    return bench_clock() - start;
}

static void measure_gather(ReplayBench *b) {
    const BenchOptions *o = b->o;
    double seconds[BENCH_REPEATS_MAX];
    char name[96];
    int64_t batch = 0;
    for (int threads = 1; threads <= o->threads; threads += o->threads > 1 ? o->threads - 1 : 1) {
        for (int k = 0; k < o->repeats; k++) {
            double spent = 0;
            int batches = 0;
            for (; spent < o->seconds; batches++) spent += time_gather(b, threads, batch++);
            seconds[k] = spent / batches;
        }
        snprintf(name, sizeof name, "replay, gather, %d threads", threads);
        bench_report(o, name, BATCH / bench_median(seconds, o->repeats), "examples/s", GATHER_GOAL,
                     "goal");
    }
}

/* Saves and loads once. Seconds spent: saving; loading with every check; the latter and copying the
 * games into the ring. */
static Status time_file(const ReplayBench *b, const ReplayGames *games, const char *path,
                        ReplayCompression compression, double spent[3]) {
    const BenchOptions *o = b->o;
    ReplayGames loaded;
    cJSON *identity = cJSON_CreateObject();
    double t0 = bench_clock();
    Status status = replay_file_save(path, identity, games, compression, o->threads);
    double t1 = bench_clock();
    cJSON_Delete(identity);
    TRY(status);
    double t2 = bench_clock();
    status = replay_file_load(&loaded, path, NULL, &b->replay.rules, b->replay.stride);
    double t3 = bench_clock();
    if (status == STATUS_OK)
        status = replay_copy_in(&loaded, &b->replay, &backend_cpu, &replay_cpu, b->stream);
    double t4 = bench_clock();
    replay_games_free(&loaded);
    spent[0] = t1 - t0;
    spent[1] = t3 - t2;
    spent[2] = t4 - t2;
    return status;
}

static Status measure_file(const ReplayBench *b, const ReplayGames *games, const char *base,
                           ReplayCompression compression) {
    static const char *const parts[] = {"save", "load: read, unpack, check", "load: file to ring"};
    const BenchOptions *o = b->o;
    double seconds[3][BENCH_REPEATS_MAX], spent[3] = {0};
    double bytes = (double)games->offset[games->games] * sizeof *games->words;
    char path[PATH], name[96];
    snprintf(path, sizeof path, "%s/blob-bench-%ld", base, (long)getpid());
    Status status = STATUS_OK;
    for (int k = 0; k < o->repeats && status == STATUS_OK; k++) {
        status = time_file(b, games, path, compression, spent);
        for (int i = 0; i < 3; i++) seconds[i][k] = spent[i];
        unlink(path);
    }
    TRY(status);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "replay, %s, %s, %s", parts[i],
                 compression == REPLAY_FILE_ZSTD ? "zstd" : "plain", base);
        bench_report(o, name, bytes / bench_median(seconds[i], o->repeats) / 1e9, "GB/s of words",
                     FILE_GOAL, "goal");
    }
    return STATUS_OK;
}

static Status measure_files(const ReplayBench *b) {
    const char *base = getenv("TMPDIR"), *memory = "/dev/shm";
    ReplayGames games;
    base = base && strlen(base) < PATH / 2 ? base : "/tmp";
    double seconds[BENCH_REPEATS_MAX];
    memset(&games, 0, sizeof games);
    Status status = STATUS_OK;
    for (int k = 0; k < b->o->repeats && status == STATUS_OK; k++) {
        replay_games_free(&games);
        double start = bench_clock();
        status = replay_copy_out(&games, &b->replay, &backend_cpu, 0, GAMES, b->stream);
        seconds[k] = bench_clock() - start;
    }
    if (status == STATUS_OK)
        bench_report(b->o, "replay, out of the ring, packed",
                     (double)games.offset[GAMES] * sizeof *games.words /
                         bench_median(seconds, b->o->repeats) / 1e9,
                     "GB/s of words", FILE_GOAL, "goal");
    for (int c = 0; c < REPLAY_FILE_COUNT && status == STATUS_OK; c++) {
        if (access(memory, W_OK) == 0)
            status = measure_file(b, &games, memory, (ReplayCompression)c);
        if (status == STATUS_OK) status = measure_file(b, &games, base, (ReplayCompression)c);
    }
    replay_games_free(&games);
    return status;
}

Status bench_replay(const BenchOptions *o) {
    ReplayBench b;
    if (!bench_is_cpu(o)) return bench_replay_gpu(o);
    Status status = replay_open(&b, o);
    if (status == STATUS_OK) status = measure_add(&b);
    if (status == STATUS_OK) measure_gather(&b);
    if (status == STATUS_OK) status = measure_files(&b);
    replay_close(&b);
    return status;
}
