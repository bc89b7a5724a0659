/* tests/sim/by_id.h - whole runs on two devices, two epochs in flight: the same games by id. The
 * simulated one is fed, with a first epoch of one wave. */
#ifndef TESTS_SIM_BY_ID_H
#define TESTS_SIM_BY_ID_H

#include <stdlib.h>

#include "device/play/selfplay.h"
#include "tests/support/check.h"
#include "sim_device.h"

enum { BY_ID_GAMES = 128 };

typedef struct {
    uint16_t *words[BY_ID_GAMES]; /* (words[g][4]) the record of each game, owned */
} ById;

static inline int64_t by_id_add(ById *played, const uint16_t *out, int used) {
    int64_t count = 0;
    for (int at = 0; at < used && !checks_failed; at += out[at + 4], count++) {
        size_t bytes = out[at + 4] * sizeof *out;
        CHECK(out[at] < BY_ID_GAMES && !played->words[out[at]]);
        if (checks_failed) break;
        played->words[out[at]] = (uint16_t *)malloc(bytes);
        CHECK(played->words[out[at]] != NULL);
        if (!checks_failed) memcpy(played->words[out[at]], out + at, bytes);
    }
    return count;
}

static inline void by_id_play(const Device *device, const SelfplayConfig *config,
                              const Weights *weights, int games, ById *played) {
    Selfplay sp;
    const GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *out;
    memset(played, 0, sizeof *played);
    SelfplayConfig c;
    CHECK(config_for(device, config, weights, &c) == STATUS_OK);
    CHECK(selfplay_open(&sp, &c, device, weights, &all, 1, games) == STATUS_OK);
    if (!checks_failed && !c.paced) CHECK(selfplay_enqueue(&sp) == STATUS_OK);
    int64_t left = games;
    for (int64_t e = 0; left > 0 && e < 100000 && !checks_failed; e++) {
        CHECK((c.paced ? selfplay_feed(&sp) : selfplay_enqueue(&sp)) == STATUS_OK);
        CHECK(sp.epochs == e + 2);
        CHECK((c.paced ? selfplay_read(&sp, &counters, &out)
                       : selfplay_wait(&sp, e, &counters, &out)) == STATUS_OK);
        CHECK(!checks_failed && (!c.paced || e > 0 || counters->waves == 1));
        CHECK(!checks_failed && counters->fault.code == FAULT_NONE);
        if (!checks_failed) left -= by_id_add(played, out, counters->out_used);
    }
    CHECK(left == 0);
    selfplay_close(&sp);
}

/* Ids 0 .. games - 1, on the simulated device with `parallel` live games. */
static inline void by_id(const SelfplayConfig *config, const Weights *weights, int games,
                         int parallel, const char *where) {
    ById a, b;
    SelfplayConfig other = *config;
    other.parallel = parallel;
    other.paced = true;
    by_id_play(&device_processor, config, weights, games, &a);
    by_id_play(&device_simulated, &other, weights, games, &b);
    for (int g = 0; g < games; g++) {
        const uint16_t *x = a.words[g], *y = b.words[g];
        CHECK(x && y && x[RECORD_WORDS_AT] == y[RECORD_WORDS_AT] &&
              memcmp(x, y, x[RECORD_WORDS_AT] * sizeof *x) == 0);
        free(a.words[g]);
        free(b.words[g]);
    }
    if (checks_failed) fprintf(stderr, "%s: failed by id\n", where);
}

#endif
