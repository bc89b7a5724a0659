/* tests/sim/test_sim_tables.c - mixed tables, matches, two networks and a ring on the simulated GPU:
 * the bytes of the CPU's ring. */
#include <stdlib.h>

#include "../check.h"
#include "sim_device.h"

enum { GAMES = 48, CAPACITY = 40 }; /* the last games take the places of the first */

typedef struct {
    Replay view; /* on the device */
    void *block;
    uint16_t *words;   /* (CAPACITY, stride) on the host, owned */
    ReplayGame *games; /* (CAPACITY) on the host, owned */
} Ring;

static void ring_open(Ring *ring, const Device *device, const SelfplayConfig *c) {
    memset(ring, 0, sizeof *ring);
    ring->view.capacity = CAPACITY;
    ring->view.stride = selfplay_record_words(c);
    ring->view.rules = c->rules;
    Arena dry = {0};
    replay_layout(&ring->view, &dry);
    CHECK(device->backend->alloc(&ring->block, dry.used) == STATUS_OK);
    Arena placed = {(char *)ring->block, 0, dry.used};
    replay_layout(&ring->view, &placed);
    CHECK(device->replay->clear(&ring->view, NULL) == STATUS_OK);
    size_t words = CAPACITY * (size_t)ring->view.stride;
    ring->words = (uint16_t *)calloc(words, sizeof *ring->words);
    ring->games = (ReplayGame *)calloc(CAPACITY, sizeof *ring->games);
    CHECK(ring->words && ring->games);
}

static void ring_close(Ring *ring, const Device *device) {
    device->backend->release(ring->block);
    free(ring->words);
    free(ring->games);
}

/* Half of the games, then, in the same run and through the same graphs, the rest. */
static void play(const Device *device, const SelfplayConfig *config, const Weights *a,
                 const Weights *b, Ring *ring) {
    static const GameRange none = {0, 0};
    const Backend *backend = device->backend;
    const PlayCounters *counters;
    const uint16_t *out;
    SelfplayConfig c;
    Selfplay sp;
    CHECK(config_for(device, config, a, &c) == STATUS_OK);
    ring_open(ring, device, &c);
    c.replay = &ring->view;
    CHECK(selfplay_open(&sp, &c, device, a, &none, 1, 0) == STATUS_OK);
    if (b) CHECK(selfplay_load(&sp, 1, b) == STATUS_OK);
    for (int half = 0; half < 2 && !checks_failed; half++) {
        int64_t finished = 0, first = sp.epochs;
        CHECK(selfplay_next(&sp, half * (GAMES / 2), GAMES / 2) == STATUS_OK);
        CHECK(selfplay_enqueue(&sp) == STATUS_OK);
        for (int64_t e = first; finished < GAMES / 2 && e < 10000 && !checks_failed; e++) {
            CHECK(selfplay_enqueue(&sp) == STATUS_OK);
            CHECK(selfplay_wait(&sp, e, &counters, &out) == STATUS_OK);
            CHECK(counters->fault.code == FAULT_NONE && counters->out_used == 0);
            finished = counters->finished;
        }
        CHECK(finished == GAMES / 2);
    }
    CHECK(backend->stream_sync(sp.wave.stream) == STATUS_OK);
    size_t words = CAPACITY * (size_t)ring->view.stride;
    CHECK(backend->to_host(ring->words, ring->view.words, words * sizeof *ring->words,
                           sp.wave.stream) == STATUS_OK);
    CHECK(backend->to_host(ring->games, ring->view.games, CAPACITY * sizeof *ring->games,
                           sp.wave.stream) == STATUS_OK);
    CHECK(backend->stream_sync(sp.wave.stream) == STATUS_OK);
    selfplay_close(&sp);
}

/* The same games in the same places; what lies behind a record's end is of an earlier one. */
static void compare(const SelfplayConfig *config, const Weights *a, const Weights *b,
                    const char *what) {
    Ring x, y;
    SelfplayConfig other = *config;
    other.parallel = 5;
    play(&device_processor, config, a, b, &x);
    play(&device_simulated, &other, a, b, &y);
    for (int i = 0; i < CAPACITY && !checks_failed; i++) {
        size_t at = (size_t)i * (size_t)x.view.stride, n = (size_t)x.games[i].words;
        CHECK(x.games[i].id % CAPACITY == i && x.games[i].id >= GAMES - CAPACITY);
        CHECK(memcmp(&x.games[i], &y.games[i], sizeof x.games[i]) == 0);
        CHECK(n > 0 && memcmp(x.words + at, y.words + at, n * sizeof *x.words) == 0);
    }
    if (checks_failed) fprintf(stderr, "failed: %s\n", what);
    ring_close(&x, &device_processor);
    ring_close(&y, &device_simulated);
}

static SelfplayConfig config_mixed(void) {
    static const PlayTable tables[] = {{2, 4, 0, 1u << 30}, {3, 2, 0, 3u << 30}, {7, 3, 0, ~0u}};
    SelfplayConfig c = selfplay_config_default();
    c.parallel = 11;
    c.simulations = 5;
    c.leaves = 2;
    c.waves = 4;
    c.evaluator = EVALUATOR_HASH;
    c.set.table_count = 3;
    memcpy(c.set.tables, tables, sizeof tables);
    return c;
}

static void two_networks(void) {
    SelfplayConfig c = config_mixed();
    Weights a, b;
    c.model.width = c.model.hidden = c.model.policy_hidden = c.model.value_hidden = 32;
    c.model.heads = 2;
    c.model.layers = 1;
    c.evaluator = EVALUATOR_NET;
    c.precision = PRECISION_INT8; /* the same bits on both */
    c.simulations = 2;
    c.noise_weight = 0;
    c.set.match = 1;
    c.set.kinds[1] = PLAYER_NET_B;
    CHECK(weights_alloc(&a, &c.model) == STATUS_OK && weights_alloc(&b, &c.model) == STATUS_OK);
    weights_init(&a, 1);
    weights_init(&b, 2);
    compare(&c, &a, &b, "two networks");
    weights_free(&a);
    weights_free(&b);
}

int main(void) {
    char what[256];
    CHECK(device_processor.backend->open(what, sizeof what) == STATUS_OK);
    CHECK(device_simulated.backend->open(what, sizeof what) == STATUS_OK);
    SelfplayConfig c = config_mixed();
    compare(&c, NULL, NULL, "mixed tables");
    c.set.full = 1;
    c.set.table_count = 2;
    compare(&c, NULL, NULL, "full games");
    c = config_mixed();
    c.set.match = 1;
    c.set.kinds[1] = PLAYER_RULE;
    compare(&c, NULL, NULL, "against the rule bot");
    c.set.kinds[0] = PLAYER_RANDOM;
    compare(&c, NULL, NULL, "bots alone");
    two_networks();
    return check_report();
}
