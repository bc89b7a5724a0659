/* tests/support/replay_ring.h - a replay ring on any backend, and random games of mixed tables for
 * it. */
#ifndef TESTS_SUPPORT_REPLAY_RING_H
#define TESTS_SUPPORT_REPLAY_RING_H

#include <stdlib.h>

#include "device/replay/replay_ops.h"
#include "check.h"
#include "random_game.h"

/* Records one after another, ids first .. first + n - 1. */
typedef struct {
    int64_t first;
    int n, stride;   /* words of the longest */
    uint16_t *words; /* (word_count) owned */
    int32_t *at;     /* (n) owned */
    int word_count;
} RingGames;

static inline GameTerms ring_terms(int variant, int players, int cards, int full) {
    GameTerms t;
    memset(&t, 0, sizeof t);
    t.rules.variant = (uint8_t)variant;
    t.rules.players = (uint8_t)players;
    t.rules.points = variant == RULES_OH_HELL ? 3 : 0;
    t.rules.penalty = variant == RULES_OH_HELL;
    t.cards = cards;
    t.full = full;
    return t;
}

/* Game `id` is played by terms[id mod count]; its content comes from seed 1. */
static inline RingGames ring_games(const GameTerms *terms, int count, int64_t first, int n) {
    static uint16_t record[RECORD_MAX_WORDS];
    RingGames g;
    memset(&g, 0, sizeof g);
    g.first = first;
    g.n = n;
    g.at = (int32_t *)malloc((size_t)n * sizeof *g.at);
    for (int i = 0; i < n; i++) {
        int words = random_game(&terms[(first + i) % count], 1, first + i, record);
        size_t bytes = (size_t)(g.word_count + words) * sizeof *g.words;
        g.words = (uint16_t *)realloc(g.words, bytes);
        CHECK(g.words && g.at);
        if (checks_failed) exit(1);
        memcpy(g.words + g.word_count, record, (size_t)words * sizeof *record);
        g.at[i] = g.word_count;
        g.word_count += words;
        if (words > g.stride) g.stride = words;
    }
    return g;
}

static inline void ring_games_free(RingGames *g) {
    free(g->words);
    free(g->at);
}

typedef struct {
    Replay replay;
    const Backend *backend;
    const ReplayOps *ops;
    void *block, *temp;
    size_t bytes, temp_bytes;
    Stream stream;
} Ring;

static inline Ring ring_open(const Backend *backend, const ReplayOps *ops, const Rules *rules,
                             int64_t capacity, int stride) {
    Ring ring;
    Arena dry = {NULL, 0, 0};
    memset(&ring, 0, sizeof ring);
    ring.backend = backend;
    ring.ops = ops;
    ring.replay.capacity = capacity;
    ring.replay.stride = stride;
    ring.replay.rules = *rules;
    ring.replay.seed = 77;
    replay_layout(&ring.replay, &dry);
    ring.bytes = dry.used;
    ring.temp_bytes = replay_window_bytes(&ring.replay, backend);
    CHECK(backend->stream_open(&ring.stream) == STATUS_OK);
    CHECK(backend->alloc(&ring.block, ring.bytes) == STATUS_OK);
    CHECK(backend->alloc(&ring.temp, ring.temp_bytes) == STATUS_OK);
    if (checks_failed) exit(1);
    Arena arena = {(char *)ring.block, 0, ring.bytes};
    replay_layout(&ring.replay, &arena);
    CHECK(ops->clear(&ring.replay, ring.stream) == STATUS_OK);
    return ring;
}

static inline void ring_close(Ring *ring) {
    ring->backend->stream_close(ring->stream);
    ring->backend->release(ring->temp);
    ring->backend->release(ring->block);
}

static inline Status ring_window(const Ring *ring, int64_t first, int64_t end) {
    TRY(ring->ops->window(&ring->replay, first, end, ring->temp, ring->temp_bytes, ring->stream));
    return ring->backend->stream_sync(ring->stream);
}

#endif
