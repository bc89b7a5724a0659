/* tests/sim/test_sim_replay.cu - the replay ring on the simulated GPU equals the CPU's, byte for
 * byte.
 *
 * Games of mixed tables are added, and window and gather run, in teams of 8, 16 and 32 lanes, in
 * every order of lanes. */
#include "device/replay/replay_kernels.cuh"
#include "tests/support/replay_ring.h"
#include "sim_device.h"

enum { FIRST = 90, GAMES = 40, CAPACITY = 44, ROWS = 96 };

static void *fetch(const Ring *ring, const void *from, size_t bytes) {
    void *to = malloc(bytes);
    CHECK(to != NULL);
    if (!to) exit(1);
    CHECK(ring->backend->to_host(to, from, bytes, ring->stream) == STATUS_OK);
    CHECK(ring->backend->stream_sync(ring->stream) == STATUS_OK);
    return to;
}

static void check_same(const Ring *a, const void *in_a, const Ring *b, const void *in_b,
                       size_t bytes, const char *name) {
    void *x = fetch(a, in_a, bytes), *y = fetch(b, in_b, bytes);
    bool same = memcmp(x, y, bytes) == 0;
    CHECK(same);
    if (!same) fprintf(stderr, "%s differ\n", name);
    free(x);
    free(y);
}

static void check_rings(const Ring *a, const Ring *b) {
    const Replay *x = &a->replay, *y = &b->replay;
    size_t slots = (size_t)x->capacity;
    check_same(a, x->words, b, y->words, slots * (size_t)x->stride * 2, "words");
    check_same(a, x->games, b, y->games, slots * sizeof *x->games, "games");
    check_same(a, x->count, b, y->count, (GAMES + 1) * sizeof *x->count, "counts");
    check_same(a, x->offset, b, y->offset, (GAMES + 1) * sizeof *x->offset, "offsets");
    check_same(a, x->window, b, y->window, sizeof *x->window, "windows");
}

/* A batch in device memory, with room for float32, and its number. */
typedef struct {
    TrainBatch out;
    int64_t *number;
    void *block;
} Batch;

static Batch batch_open(const Ring *ring, int64_t number) {
    Batch b;
    Arena arena = {NULL, 0, 0};
    memset(&b, 0, sizeof b);
    for (int pass = 0; pass < 2; pass++) {
        b.out.x = arena_take(&arena, (size_t)ROWS * OBSERVE_COLUMNS, sizeof(float));
        b.out.legal = (uint64_t *)arena_take(&arena, ROWS, sizeof *b.out.legal);
        b.out.policy = (float *)arena_take(&arena, (size_t)ROWS * ACTIONS, sizeof(float));
        b.out.value = (float *)arena_take(&arena, (size_t)ROWS * MAX_SEATS, sizeof(float));
        b.out.seats = (int32_t *)arena_take(&arena, ROWS, sizeof *b.out.seats);
        b.number = (int64_t *)arena_take(&arena, 1, sizeof *b.number);
        if (pass) break;
        CHECK(ring->backend->alloc(&b.block, arena.used) == STATUS_OK);
        if (checks_failed) exit(1);
        Arena placed = {(char *)b.block, 0, arena.used};
        arena = placed;
    }
    CHECK(ring->backend->to_device(b.number, &number, sizeof number, ring->stream) == STATUS_OK);
    CHECK(ring->backend->stream_sync(ring->stream) == STATUS_OK);
    return b;
}

static void check_batches(const Ring *a, const Batch *x, const Ring *b, const Batch *y, bool bf16) {
    size_t R = ROWS;
    check_same(a, x->out.x, b, y->out.x, R * OBSERVE_COLUMNS * (bf16 ? 2 : 4), "observations");
    check_same(a, x->out.legal, b, y->out.legal, R * sizeof *x->out.legal, "legal outputs");
    check_same(a, x->out.policy, b, y->out.policy, R * ACTIONS * sizeof(float), "policies");
    check_same(a, x->out.value, b, y->out.value, R * MAX_SEATS * sizeof(float), "values");
    check_same(a, x->out.seats, b, y->out.seats, R * sizeof *x->out.seats, "seats");
}

template <int WIDTH>
static Status add_by(const Replay *r, const uint16_t *records, const int32_t *at, int n,
                     Stream stream) {
    LAUNCH(replay_add_kernel<WIDTH>, launch_blocks(n, WIDTH, 64), 64, stream, *r, records, at, n);
    return STATUS_OK;
}

template <int WIDTH>
static Status gather_by(const GatherArgs *args, Stream stream) {
    LAUNCH(gather_kernel<WIDTH>, launch_blocks(args->rows, WIDTH, 64), 64, stream, *args);
    return STATUS_OK;
}

/* width 0: by the table's launchers. */
static Status add(const Ring *ring, int width, const uint16_t *records, const int32_t *at, int n) {
    if (width == 8) return add_by<8>(&ring->replay, records, at, n, ring->stream);
    if (width == 16) return add_by<16>(&ring->replay, records, at, n, ring->stream);
    return ring->ops->add(&ring->replay, records, at, n, ring->stream);
}

static Status gather(const Ring *ring, int width, const Batch *batch, bool bf16) {
    /* in two calls: rows 0 .. 39, and the rest of the same batch */
    GatherArgs args = {
        .replay = ring->replay,
        .batch = batch->number,
        .row_base = 65536 - 32,
        .first = 0,
        .rows = 40,
        .out = batch->out,
        .bf16 = bf16,
    };
    for (int part = 0; part < 2; part++) {
        if (width == 8)
            TRY(gather_by<8>(&args, ring->stream));
        else if (width == 16)
            TRY(gather_by<16>(&args, ring->stream));
        else
            TRY(ring->ops->gather(&args, ring->stream));
        args.first = 40;
        args.rows = ROWS - 40;
    }
    return STATUS_OK;
}

static void fill(const Ring *ring, int width, const RingGames *g) {
    void *words, *at;
    const Backend *backend = ring->backend;
    CHECK(backend->alloc(&words, (size_t)g->word_count * 2) == STATUS_OK);
    CHECK(backend->alloc(&at, (size_t)g->n * sizeof *g->at) == STATUS_OK);
    CHECK(backend->to_device(words, g->words, (size_t)g->word_count * 2, ring->stream) ==
          STATUS_OK);
    CHECK(backend->to_device(at, g->at, (size_t)g->n * sizeof *g->at, ring->stream) == STATUS_OK);
    CHECK(add(ring, width, (const uint16_t *)words, (const int32_t *)at, g->n) == STATUS_OK);
    CHECK(backend->stream_sync(ring->stream) == STATUS_OK);
    backend->release(at);
    backend->release(words);
}

static void one_width(const RingGames *g, const Rules *rules, int width, const char *where) {
    Ring cpu = ring_open(&backend_cpu, &replay_cpu, rules, CAPACITY, g->stride);
    Ring gpu = ring_open(&backend_cuda, &replay_cuda, rules, CAPACITY, g->stride);
    Batch x = batch_open(&cpu, 5), y = batch_open(&gpu, 5);
    fill(&cpu, 0, g);
    fill(&gpu, width, g);
    CHECK(ring_window(&cpu, FIRST, FIRST + GAMES) == STATUS_OK);
    CHECK(ring_window(&gpu, FIRST, FIRST + GAMES) == STATUS_OK);
    CHECK(cpu.replay.window->examples > 100);
    check_rings(&cpu, &gpu);
    for (int bf16 = 0; bf16 < 2; bf16++) {
        CHECK(gather(&cpu, 0, &x, bf16) == STATUS_OK);
        CHECK(gather(&gpu, width, &y, bf16) == STATUS_OK);
        check_batches(&cpu, &x, &gpu, &y, bf16);
    }
    /* a shorter window leaves no counts after its last game */
    CHECK(ring_window(&cpu, FIRST + 2, FIRST + GAMES - 5) == STATUS_OK);
    CHECK(ring_window(&gpu, FIRST + 2, FIRST + GAMES - 5) == STATUS_OK);
    check_rings(&cpu, &gpu);
    /* a window with a game that is missing: the same words on both, and no row is written */
    CHECK(ring_window(&cpu, FIRST + 1, FIRST + GAMES + 1) == STATUS_OK);
    CHECK(ring_window(&gpu, FIRST + 1, FIRST + GAMES + 1) == STATUS_OK);
    CHECK(cpu.replay.window->examples == 0);
    check_rings(&cpu, &gpu);
    CHECK(gather(&gpu, width, &y, true) == STATUS_OK);
    check_batches(&cpu, &x, &gpu, &y, true);
    if (checks_failed) fprintf(stderr, "%s, teams of %d\n", where, width);
    backend_cpu.release(x.block);
    backend_cuda.release(y.block);
    ring_close(&gpu);
    ring_close(&cpu);
}

int main(void) {
    static const struct {
        SimOrder order;
        uint64_t seed;
        const char *name;
    } orders[] = {{SIM_ASCENDING, 0, "asc"},
                  {SIM_DESCENDING, 0, "desc"},
                  {SIM_RANDOM, 1, "rand:1"},
                  {SIM_RANDOM, 2, "rand:2"}};
    char device_text[256];
    CHECK(backend_cpu.open(device_text, sizeof device_text) == STATUS_OK);
    CHECK(backend_cuda.open(device_text, sizeof device_text) == STATUS_OK);
    const GameTerms blob[] = {ring_terms(RULES_BLOB, 4, 5, 0), ring_terms(RULES_BLOB, 2, 1, 0),
                              ring_terms(RULES_BLOB, 8, 6, 0), ring_terms(RULES_BLOB, 3, 2, 1)};
    const GameTerms oh_hell[] = {ring_terms(RULES_OH_HELL, 3, 17, 0),
                                 ring_terms(RULES_OH_HELL, 7, 3, 0)};
    RingGames a = ring_games(blob, 4, FIRST, GAMES), b = ring_games(oh_hell, 2, FIRST, GAMES);
    for (int o = 0; o < 4; o++)
        for (int width = 0; width <= 16 && !checks_failed; width += 8) {
            sim_order(orders[o].order, orders[o].seed);
            one_width(&a, &blob[0].rules, width, orders[o].name);
            if (!checks_failed) one_width(&b, &oh_hell[0].rules, width, orders[o].name);
        }
    ring_games_free(&b);
    ring_games_free(&a);
    return check_report();
}
