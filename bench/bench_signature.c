/* bench/bench_signature.c - one number that stands for all of play: a hash of a set of games.
 *
 * The games are fixed and use the hash evaluator; every word of their records (deals, moves,
 * visits, scores) enters the hash. A commit that changes play states the new value. */
#include "bench.h"

/* The games of each row are hashed in the order of their ids. */
static const struct {
    uint8_t variant, players, penalty;
    int cards, full, leaves;
} settings[] = {{.variant = RULES_BLOB, .players = 2, .cards = 17, .leaves = 1},
                {.variant = RULES_BLOB, .players = 3, .cards = 7, .leaves = 4},
                {.variant = RULES_BLOB, .players = 4, .cards = 5, .leaves = 1},
                {.variant = RULES_BLOB, .players = 5, .cards = 4, .full = 1, .leaves = 2},
                {.variant = RULES_BLOB, .players = 8, .cards = 6, .leaves = 1},
                {.variant = RULES_OH_HELL, .players = 3, .penalty = 1, .cards = 9, .leaves = 8},
                {.variant = RULES_OH_HELL, .players = 7, .cards = 4, .full = 1, .leaves = 1},
                {.variant = RULES_OH_HELL, .players = 5, .penalty = 1, .cards = 10, .leaves = 1}};

enum { GAMES = 64 };

static Status signature_of(const Device *device, int i, uint64_t *signature) {
    SelfplayConfig c = selfplay_config_default();
    Selfplay sp;
    GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *out;
    uint64_t of_game[GAMES] = {0};
    c.rules.variant = settings[i].variant;
    c.rules.players = settings[i].players;
    c.rules.points = settings[i].variant == RULES_OH_HELL;
    c.rules.penalty = settings[i].penalty;
    c.settings.cards = settings[i].cards;
    c.settings.full = settings[i].full;
    c.parallel = 48;
    c.leaves = settings[i].leaves;
    c.evaluator = EVALUATOR_HASH;
    Status status = selfplay_open(&sp, &c, device, NULL, &all, 1, GAMES);
    for (int64_t epoch = 0, games = 0; status == STATUS_OK && games < GAMES; epoch++) {
        status = selfplay_enqueue(&sp);
        if (status == STATUS_OK) status = selfplay_wait(&sp, epoch, &counters, &out);
        if (status == STATUS_OK && counters->fault.code != FAULT_NONE) status = STATUS_FAULT;
        for (int at = 0; status == STATUS_OK && at < counters->out_used; at += out[at + 4], games++)
            for (int w = 0; w < out[at + 4]; w++)
                of_game[out[at]] = splitmix64(of_game[out[at]] ^ out[at + w]);
    }
    for (int g = 0; g < GAMES; g++) *signature = splitmix64(*signature ^ of_game[g]);
    selfplay_close(&sp);
    return status;
}

Status bench_signature(const BenchOptions *o) {
    uint64_t signature = 0;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        TRY(signature_of(o->device, (int)i, &signature));
    printf("signature %016llx\n", (unsigned long long)signature);
    return STATUS_OK;
}
