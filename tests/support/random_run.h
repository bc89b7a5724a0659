/* tests/support/random_run.h - runs of random games into a folder, stopped and resumed at will. */
#ifndef TESTS_SUPPORT_RANDOM_RUN_H
#define TESTS_SUPPORT_RANDOM_RUN_H

#include "host/games/shard.h"
#include "random_game.h"

static inline GameTerms terms_of(int variant, int players, int cards, int full) {
    GameTerms t;
    memset(&t, 0, sizeof t);
    t.rules.variant = (uint8_t)variant;
    t.rules.players = (uint8_t)players;
    t.rules.points = variant == RULES_OH_HELL ? 2 : 0;
    t.rules.penalty = variant == RULES_OH_HELL;
    t.cards = cards;
    t.full = full;
    return t;
}

static inline cJSON *identity_of(const GameTerms *t, const char *seed) {
    char number[16];
    cJSON *identity = cJSON_CreateObject();
    cJSON_AddStringToObject(identity, "format_version", IDENTITY_FORMAT_VERSION);
    cJSON_AddStringToObject(identity, "seed", seed);
    cJSON_AddStringToObject(identity, "rules", t->rules.variant ? "oh-hell" : "blob");
    cJSON_AddStringToObject(identity, "format", t->full ? "full" : "round");
    snprintf(number, sizeof number, "%d", t->rules.players);
    cJSON_AddStringToObject(identity, "players", number);
    snprintf(number, sizeof number, "%d", t->cards);
    cJSON_AddStringToObject(identity, "cards", number);
    snprintf(number, sizeof number, "%d", t->rules.points);
    cJSON_AddStringToObject(identity, "points", number);
    cJSON_AddStringToObject(identity, "penalty", t->rules.penalty ? "1" : "0");
    return identity;
}

typedef struct {
    GameTerms terms;
    int64_t games;
    int64_t stop;   /* how many of the missing games to append before closing */
    uint64_t order; /* seed of the order of appending */
    int64_t missed; /* out: how many were missing */
} RandomRun;

/* The index-th missing id. */
static inline int64_t random_run_id(const ShardRange *ranges, int64_t index) {
    while (index >= ranges->count) index -= (ranges++)->count;
    return ranges->first + index;
}

/* Appends the missing games in a shuffled order; their content comes from seed 1. */
static inline Status random_run(const char *path, RandomRun *run) {
    static uint16_t words[RECORD_MAX_WORDS];
    ShardStore *store;
    int range_count;
    cJSON *identity = identity_of(&run->terms, "1");
    Status status = shard_open(&store, path, identity, NULL, run->games);
    cJSON_Delete(identity);
    if (status != STATUS_OK) return status;
    const ShardRange *ranges = shard_missing(store, &range_count);
    run->missed = 0;
    for (int i = 0; i < range_count; i++) run->missed += ranges[i].count;
    int64_t *ids = (int64_t *)malloc((size_t)(run->missed + 1) * sizeof *ids);
    Rng rng = rng_begin(run->order, 0, 0, RNG_MOVE, 0);
    for (int64_t i = 0; i < run->missed; i++) {
        int64_t j = rng_below(&rng, (uint32_t)(i + 1));
        ids[i] = ids[j];
        ids[j] = random_run_id(ranges, i);
    }
    for (int64_t i = 0; i < run->missed && i < run->stop && status == STATUS_OK; i++)
        status = shard_append(store, words, random_game(&run->terms, 1, ids[i], words));
    free(ids);
    Status closed = shard_close(store);
    return status == STATUS_OK ? closed : status;
}

#endif
