/* tests/support/play_run.h - a whole self-play run within a test: its games, in the order of their
 * ids. */
#ifndef TESTS_SUPPORT_PLAY_RUN_H
#define TESTS_SUPPORT_PLAY_RUN_H

#include <omp.h>
#include <stdlib.h>

#include "device/play/selfplay.h"
#include "check.h"

typedef struct {
    SelfplayConfig config;
    const Weights *weights;  /* NULL unless the evaluator is net */
    const GameRange *ranges; /* (range_count); NULL: ids from 0 */
    int range_count;
    int64_t games;
    int threads;
    bool fed;    /* by selfplay_feed */
    bool narrow; /* an epoch's buffer holds just one long record, so that nearly all records wait */
} PlayRun;

typedef struct {
    int64_t count;
    uint16_t **record;     /* (count) by ascending id, record[i][4] words each; owned */
    PlayCounters counters; /* read one epoch after the last game */
    int64_t waited;        /* epochs in which a record did not fit */
} Played;

static inline SelfplayConfig play_config(int variant, int players, int cards, int full) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.variant = (uint8_t)variant;
    c.rules.players = (uint8_t)players;
    c.rules.points = variant == RULES_OH_HELL ? 2 : 0;
    c.rules.penalty = variant == RULES_OH_HELL;
    c.settings.seed = 11;
    c.settings.cards = cards;
    c.settings.full = full;
    c.settings.explore_decisions = 2;
    c.parallel = 16;
    c.worlds = 2;
    c.simulations = 10;
    c.waves = 7;
    c.evaluator = EVALUATOR_HASH;
    return c;
}

static inline int play_compare(const void *a, const void *b) {
    int64_t x = record_id(*(uint16_t *const *)a), y = record_id(*(uint16_t *const *)b);
    return x < y ? -1 : x > y;
}

static inline void play_keep(Played *played, int64_t games, const uint16_t *out, int used) {
    for (int at = 0; at < used && !checks_failed; at += out[at + RECORD_WORDS_AT]) {
        size_t bytes = out[at + RECORD_WORDS_AT] * sizeof *out;
        CHECK(at + RECORD_HEAD_WORDS <= used && at + out[at + RECORD_WORDS_AT] <= used);
        CHECK(out[at + RECORD_WORDS_AT] >= RECORD_HEAD_WORDS && played->count < games);
        if (checks_failed) return;
        uint16_t *copy = (uint16_t *)malloc(bytes);
        CHECK(copy != NULL);
        if (!copy) return;
        memcpy(copy, out + at, bytes);
        played->record[played->count++] = copy;
    }
}

/* The same, read as programs read them; without an epoch more. */
static inline void play_fed(Selfplay *sp, int64_t games, Played *played) {
    const PlayCounters *counters;
    const uint16_t *out;
    while (!checks_failed && played->count < games) {
        CHECK(selfplay_feed(sp) == STATUS_OK && selfplay_is_fed(sp));
        CHECK(selfplay_read(sp, &counters, &out) == STATUS_OK);
        CHECK(!selfplay_is_fed(sp)); /* the CPU works within the call */
        CHECK(counters->fault.code == FAULT_NONE && counters->out_used <= sp->play.out_words);
        /* the first epoch has one wave, each other one at most twice those of the one before */
        int64_t waves = counters->waves - played->counters.waves;
        CHECK(waves >= 1 && waves <= sp->config.waves);
        if (sp->config.paced)
            CHECK(sp->epochs == 1 ? waves == 1 : waves <= 2 * sp->pace.waves[sp->epochs % 2]);
        else
            CHECK(waves == sp->config.waves);
        played->waited += counters->out_next > 0;
        played->counters = *counters;
        play_keep(played, games, out, counters->out_used);
    }
}

/* Runs epochs until every game is out, and then one more, which finds nothing to do. */
static inline void play_epochs(Selfplay *sp, int64_t games, Played *played) {
    const PlayCounters *counters = NULL;
    const uint16_t *out = NULL;
    int64_t epoch = 0, last = -1;
    CHECK(selfplay_enqueue(sp) == STATUS_OK);
    for (; !checks_failed && last < 0 && epoch < 1000000; epoch++) {
        CHECK(selfplay_enqueue(sp) == STATUS_OK);
        CHECK(selfplay_wait(sp, epoch, &counters, &out) == STATUS_OK);
        CHECK(counters->fault.code == FAULT_NONE && counters->out_used <= sp->play.out_words);
        CHECK(counters->started >= played->counters.started && counters->started <= games);
        played->waited += counters->out_next > 0;
        played->counters = *counters;
        play_keep(played, games, out, counters->out_used);
        if (played->count == games) last = epoch;
    }
    CHECK(last >= 0);
    if (checks_failed) return;
    CHECK(selfplay_wait(sp, epoch, &counters, &out) == STATUS_OK);
    CHECK(counters->out_used == 0 && counters->rows == played->counters.rows);
    CHECK(counters->started == games && counters->fault.code == FAULT_NONE);
    CHECK(counters->waves == sp->epochs * sp->config.waves);
    CHECK(counters->busy_slot_waves <= counters->waves * sp->config.parallel);
    CHECK(counters->row_slots == counters->waves * search_max_rows(&sp->play.search));
    played->counters = *counters;
}

/* Plays the run; the caller calls play_free. On a failed check the games may be incomplete. */
static inline Played play_run(const PlayRun *run) {
    static const GameRange from_zero = {0, 0};
    Played played;
    Selfplay sp;
    const Device *device;
    char device_text[128];
    memset(&played, 0, sizeof played);
    omp_set_num_threads(run->threads);
    played.record = (uint16_t **)calloc((size_t)run->games, sizeof *played.record);
    CHECK(played.record &&
          device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    CHECK(selfplay_open(&sp, &run->config, device, run->weights,
                        run->ranges ? run->ranges : &from_zero, run->ranges ? run->range_count : 1,
                        run->games) == STATUS_OK);
    if (run->narrow) sp.play.out_words = sp.play.record_words;
    if (!checks_failed) (run->fed ? play_fed : play_epochs)(&sp, run->games, &played);
    selfplay_close(&sp);
    qsort(played.record, (size_t)played.count, sizeof *played.record, play_compare);
    return played;
}

static inline void play_free(Played *played) {
    for (int64_t i = 0; i < played->count; i++) free(played->record[i]);
    free(played->record);
    memset(played, 0, sizeof *played);
}

static inline bool play_same(const uint16_t *a, const uint16_t *b) {
    return a[4] == b[4] && memcmp(a, b, a[4] * sizeof *a) == 0;
}

#endif
