/* tests/gpu/test_replay_cuda.c - a ring filled by a GPU holds the CPU's bytes, and so do its
 * batches.
 *
 * Mixed tables, full games, matches, bots and two networks (int8: the same bits on both) go from
 * self-play into a ring on each device; then records that are added alone, windows, batches. Skips
 * (77) without a GPU. */
#include <stdlib.h>

#include "device/play/selfplay.h"
#include "tests/support/check.h"

enum {
    GAMES = 48,
    CAPACITY = 40, /* the last games overwrite the first */
    ROWS = 96
};

static const Device cpu = {&backend_cpu, &search_cpu, &net_cpu, &play_cpu, &replay_cpu, &train_cpu};
static const Device cuda = {&backend_cuda, &search_cuda, &net_cuda,
                            &play_cuda,    &replay_cuda, &train_cuda};

/* A ring on a device; on the host what fetch has brought. */
typedef struct {
    const Device *device;
    Stream stream;
    Replay view;
    void *block, *temp;
    size_t temp_bytes;
    int64_t rows;      /* that its games asked the network for */
    uint16_t *words;   /* (CAPACITY, stride) owned */
    ReplayGame *games; /* (CAPACITY) owned */
} Ring;

static size_t ring_words(const Ring *ring) { return CAPACITY * (size_t)ring->view.stride; }

static Ring ring_open(const Device *device, const SelfplayConfig *c) {
    const Backend *backend = device->backend;
    Ring ring;
    Arena dry = {0};
    memset(&ring, 0, sizeof ring);
    ring.device = device;
    ring.view.capacity = CAPACITY;
    ring.view.stride = selfplay_record_words(c);
    ring.view.rules = c->rules;
    ring.view.seed = 5;
    replay_layout(&ring.view, &dry);
    ring.temp_bytes = replay_window_bytes(&ring.view, backend);
    CHECK(backend->stream_open(&ring.stream) == STATUS_OK);
    CHECK(backend->alloc(&ring.block, dry.used) == STATUS_OK);
    CHECK(backend->alloc(&ring.temp, ring.temp_bytes + 1) == STATUS_OK);
    Arena placed = {(char *)ring.block, 0, dry.used};
    replay_layout(&ring.view, &placed);
    ring.words = (uint16_t *)calloc(ring_words(&ring), sizeof *ring.words);
    ring.games = (ReplayGame *)calloc(CAPACITY, sizeof *ring.games);
    CHECK(ring.words && ring.games);
    if (checks_failed) exit(1);
    CHECK(device->replay->clear(&ring.view, ring.stream) == STATUS_OK);
    CHECK(backend->stream_sync(ring.stream) == STATUS_OK);
    return ring;
}

static void ring_close(Ring *ring) {
    const Backend *backend = ring->device->backend;
    backend->release(ring->temp);
    backend->release(ring->block);
    backend->stream_close(ring->stream);
    free(ring->words);
    free(ring->games);
}

static void fetch(const Ring *ring, void *to, const void *from, size_t bytes) {
    const Backend *backend = ring->device->backend;
    CHECK(backend->to_host(to, from, bytes, ring->stream) == STATUS_OK);
    CHECK(backend->stream_sync(ring->stream) == STATUS_OK);
}

static void fetch_games(Ring *ring) {
    fetch(ring, ring->words, ring->view.words, ring_words(ring) * sizeof *ring->words);
    fetch(ring, ring->games, ring->view.games, CAPACITY * sizeof *ring->games);
}

/* The same games in the same slots; what follows a record's end belongs to an earlier one. */
static void same_games(const Ring *x, const Ring *y) {
    for (int i = 0; i < CAPACITY && !checks_failed; i++) {
        size_t at = (size_t)i * (size_t)x->view.stride, n = (size_t)x->games[i].words;
        CHECK(x->games[i].id % CAPACITY == i && x->games[i].id >= GAMES - CAPACITY);
        CHECK(memcmp(&x->games[i], &y->games[i], sizeof x->games[i]) == 0);
        CHECK(n > 0 && memcmp(x->words + at, y->words + at, n * sizeof *x->words) == 0);
    }
}

static void same_bytes(const Ring *x, const void *in_x, const Ring *y, const void *in_y,
                       size_t bytes, const char *what) {
    char *a = malloc(bytes), *b = malloc(bytes);
    CHECK(a && b);
    if (a && b) {
        fetch(x, a, in_x, bytes);
        fetch(y, b, in_y, bytes);
        bool same = memcmp(a, b, bytes) == 0;
        CHECK(same);
        if (!same) fprintf(stderr, "%s differ\n", what);
    }
    free(a);
    free(b);
}

/* Draws are from games first .. end - 1 of both from now on; returns how many examples they
 * have. */
static int64_t same_window(const Ring *x, const Ring *y, int64_t first, int64_t end) {
    const Ring *rings[] = {x, y};
    ReplayWindow window;
    size_t counts = (size_t)(end - first + 1) * sizeof *x->view.count;
    for (int i = 0; i < 2; i++)
        CHECK(rings[i]->device->replay->window(&rings[i]->view, first, end, rings[i]->temp,
                                               rings[i]->temp_bytes,
                                               rings[i]->stream) == STATUS_OK);
    same_bytes(x, x->view.count, y, y->view.count, counts, "counts");
    same_bytes(x, x->view.offset, y, y->view.offset, counts, "offsets");
    same_bytes(x, x->view.window, y, y->view.window, sizeof window, "windows");
    fetch(x, &window, x->view.window, sizeof window);
    return window.examples;
}

/* Rows of a batch in device memory, and its number. */
typedef struct {
    TrainBatch out;
    int64_t *number;
    void *block;
} Batch;

static void batch_layout(Batch *b, Arena *arena) {
    b->out.x = arena_take(arena, (size_t)ROWS * OBSERVE_COLUMNS, sizeof(float));
    b->out.legal = (uint64_t *)arena_take(arena, ROWS, sizeof *b->out.legal);
    b->out.policy = (float *)arena_take(arena, (size_t)ROWS * ACTIONS, sizeof *b->out.policy);
    b->out.value = (float *)arena_take(arena, (size_t)ROWS * MAX_SEATS, sizeof *b->out.value);
    b->out.seats = (int32_t *)arena_take(arena, ROWS, sizeof *b->out.seats);
    b->number = (int64_t *)arena_take(arena, 1, sizeof *b->number);
}

/* Batch `number` of the ring's window, in two calls, its last rows past row 65,536 of a batch. */
static Batch gathered(const Ring *ring, int64_t number, bool bf16) {
    const Device *d = ring->device;
    Batch b;
    Arena dry = {0};
    memset(&b, 0, sizeof b);
    batch_layout(&b, &dry);
    CHECK(d->backend->alloc(&b.block, dry.used) == STATUS_OK);
    if (checks_failed) exit(1);
    Arena placed = {(char *)b.block, 0, dry.used};
    batch_layout(&b, &placed);
    CHECK(d->backend->to_device(b.number, &number, sizeof number, ring->stream) == STATUS_OK);
    GatherArgs args = {
        .replay = ring->view,
        .batch = b.number,
        .row_base = 65536 - 32,
        .first = 0,
        .rows = 40,
        .out = b.out,
        .bf16 = bf16,
    };
    CHECK(d->replay->gather(&args, ring->stream) == STATUS_OK);
    args.first = 40;
    args.rows = ROWS - 40;
    CHECK(d->replay->gather(&args, ring->stream) == STATUS_OK);
    CHECK(d->backend->stream_sync(ring->stream) == STATUS_OK);
    return b;
}

static void same_batch(const Ring *x, const Ring *y, bool bf16) {
    const size_t R = ROWS, element = bf16 ? sizeof(uint16_t) : sizeof(float);
    Batch a = gathered(x, 3, bf16), b = gathered(y, 3, bf16);
    same_bytes(x, a.out.x, y, b.out.x, R * OBSERVE_COLUMNS * element, "observations");
    same_bytes(x, a.out.legal, y, b.out.legal, R * sizeof *a.out.legal, "legal actions");
    same_bytes(x, a.out.policy, y, b.out.policy, R * ACTIONS * sizeof *a.out.policy, "policies");
    same_bytes(x, a.out.value, y, b.out.value, R * MAX_SEATS * sizeof *a.out.value, "values");
    same_bytes(x, a.out.seats, y, b.out.seats, R * sizeof *a.out.seats, "seats");
    x->device->backend->release(a.block);
    y->device->backend->release(b.block);
}

/* The records of `from`, added from device memory, make the same ring. */
static void same_added(const Ring *from, const SelfplayConfig *c) {
    Ring ring = ring_open(&cuda, c);
    const Backend *backend = cuda.backend;
    int32_t at[CAPACITY];
    void *words = NULL, *offsets = NULL;
    size_t bytes = ring_words(&ring) * sizeof *ring.words;
    for (int i = 0; i < CAPACITY; i++) at[i] = (CAPACITY - 1 - i) * ring.view.stride;
    CHECK(backend->alloc(&words, bytes) == STATUS_OK);
    CHECK(backend->alloc(&offsets, sizeof at) == STATUS_OK);
    if (checks_failed) exit(1);
    CHECK(backend->to_device(words, from->words, bytes, ring.stream) == STATUS_OK);
    CHECK(backend->to_device(offsets, at, sizeof at, ring.stream) == STATUS_OK);
    CHECK(cuda.replay->add(&ring.view, (const uint16_t *)words, (const int32_t *)offsets, CAPACITY,
                           ring.stream) == STATUS_OK);
    fetch_games(&ring);
    same_games(from, &ring);
    backend->release(offsets);
    backend->release(words);
    ring_close(&ring);
}

/* Half of the games, then, in the same run and through the same graphs, the rest; of two networks
 * each then has the other's weights. */
static void play(Ring *ring, const SelfplayConfig *config, const Weights *a, const Weights *b) {
    static const GameRange none = {0, 0};
    const Device *d = ring->device;
    const PlayCounters *counters = NULL;
    const uint16_t *out;
    char why[128];
    SelfplayConfig c = *config;
    NetSpec spec = {c.model, c.precision, NETWORK_AUTO, 1, NULL};
    Selfplay sp;
    if (c.evaluator == EVALUATOR_NET)
        CHECK(d->net->choose(NETWORK_AUTO, &spec, a, &c.network, why, sizeof why) == STATUS_OK);
    c.replay = &ring->view;
    CHECK(selfplay_open(&sp, &c, d, a, &none, 1, 0) == STATUS_OK);
    if (b && !checks_failed) CHECK(selfplay_load(&sp, 1, b) == STATUS_OK);
    for (int half = 0; half < 2 && !checks_failed; half++) {
        int64_t finished = 0, first = sp.epochs;
        if (b && half == 1)
            CHECK(selfplay_load(&sp, 0, b) == STATUS_OK && selfplay_load(&sp, 1, a) == STATUS_OK);
        CHECK(selfplay_next(&sp, half * (GAMES / 2), GAMES / 2) == STATUS_OK);
        CHECK(selfplay_enqueue(&sp) == STATUS_OK);
        for (int64_t e = first; finished < GAMES / 2 && e < 10000 && !checks_failed; e++) {
            CHECK(selfplay_enqueue(&sp) == STATUS_OK);
            CHECK(selfplay_wait(&sp, e, &counters, &out) == STATUS_OK);
            CHECK(counters->fault.code == FAULT_NONE && counters->out_used == 0);
            finished = counters->finished;
        }
        CHECK(finished == GAMES / 2);
        if (counters) ring->rows += counters->rows;
    }
    if (sp.device) CHECK(d->backend->stream_sync(sp.wave.stream) == STATUS_OK);
    selfplay_close(&sp);
    fetch_games(ring);
}

static void compare(const SelfplayConfig *config, const Weights *a, const Weights *b,
                    const char *what) {
    SelfplayConfig other = *config;
    Ring x = ring_open(&cpu, config), y = ring_open(&cuda, config);
    other.parallel = 5; /* another batch, another order of finishing */
    play(&x, config, a, b);
    play(&y, &other, a, b);
    same_games(&x, &y);
    CHECK(x.rows == y.rows);
    if (!checks_failed) same_added(&x, config);
    bool bots = config->settings.paired && config->settings.kinds[0] != PLAYER_NET &&
                config->settings.kinds[1] == PLAYER_RULE;
    /* a shorter window leaves no count behind its last game; of a game that is gone both say so */
    CHECK((same_window(&x, &y, GAMES - CAPACITY + 2, GAMES) > 0) == !bots);
    int64_t examples = same_window(&x, &y, GAMES - CAPACITY, GAMES - 3);
    CHECK((examples > 0) == !bots);
    for (int bf16 = 0; bf16 < 2 && examples > 0 && !checks_failed; bf16++) same_batch(&x, &y, bf16);
    CHECK(same_window(&x, &y, GAMES - CAPACITY - 1, GAMES - 2) == 0);
    if (checks_failed) fprintf(stderr, "failed: %s\n", what);
    ring_close(&y);
    ring_close(&x);
}

static SelfplayConfig config_mixed(void) {
    static const PlayTable tables[] = {{2, 4, 0, 1u << 30}, {3, 2, 0, 3u << 30}, {7, 3, 0, ~0u}};
    SelfplayConfig c = selfplay_config_default();
    c.parallel = 11;
    c.simulations = 5;
    c.leaves = 2;
    c.waves = 4;
    c.evaluator = EVALUATOR_HASH;
    c.settings.table_count = 3;
    memcpy(c.settings.tables, tables, sizeof tables);
    return c;
}

static void two_networks(void) {
    SelfplayConfig c = config_mixed();
    Weights a, b;
    c.model.width = c.model.hidden = c.model.policy_hidden = c.model.value_hidden = 32;
    c.model.heads = 2;
    c.model.layers = 1;
    c.evaluator = EVALUATOR_NET;
    c.precision = PRECISION_INT8;
    c.simulations = 2;
    c.noise_weight = 0;
    c.settings.paired = 1;
    c.settings.kinds[1] = PLAYER_NET_B;
    CHECK(weights_alloc(&a, &c.model) == STATUS_OK && weights_alloc(&b, &c.model) == STATUS_OK);
    weights_init(&a, 1);
    weights_init(&b, 2);
    compare(&c, &a, &b, "two networks");
    weights_free(&a);
    weights_free(&b);
}

int main(void) {
    char device_text[256];
    if (backend_cuda.open(device_text, sizeof device_text) != STATUS_OK) return 77;
    CHECK(backend_cpu.open(device_text, sizeof device_text) == STATUS_OK);
    SelfplayConfig c = config_mixed();
    compare(&c, NULL, NULL, "mixed tables");
    c.settings.full = 1;
    c.settings.table_count = 2;
    compare(&c, NULL, NULL, "full games");
    c = config_mixed();
    c.settings.paired = 1;
    c.settings.kinds[1] = PLAYER_RULE;
    compare(&c, NULL, NULL, "against the rule bot");
    c.settings.kinds[0] = PLAYER_RANDOM;
    compare(&c, NULL, NULL, "bots alone");
    two_networks();
    return check_report();
}
