/* tests/play/test_fault.c - after a fault no step of a wave touches anything, whichever step comes
 * next.
 *
 * Waves run step by step. Before each step a fault is raised, the step is called, and all memory is
 * compared with a copy; then the fault is cleared and the step runs. Each step must have work to do
 * in some wave, or the test would prove nothing about it. */
#include <stdlib.h>

#include "device/play/selfplay.h"
#include "tests/support/check.h"

enum { GAMES = 40, WAVES = 400 };

typedef enum { RUN_DESCEND, RUN_OBSERVE, RUN_BACKUP, RUN_MOVE, RUN_EMIT, RUN_REFILL, RUNS } Run;

static Selfplay sp;
static const Device *device;
static SelfplayBytes bytes;
static char *trees, *games; /* copies of the blocks */
static float *rows, *rows_copy;
static size_t rows_bytes;
static long worked[RUNS];

static Status step(Run run) {
    const Play *p = &sp.play;
    ObserveArgs observe = {p->search, p->standing, rows, false};
    switch (run) {
    case RUN_DESCEND: return device->search->descend(&p->search, NULL);
    case RUN_OBSERVE: return device->play->observe(&observe, NULL);
    case RUN_BACKUP: return device->search->backup(&p->search, NULL);
    case RUN_MOVE: return device->play->move(p, NULL);
    case RUN_EMIT: return device->play->emit(p, NULL);
    default: return device->play->refill(p, NULL);
    }
}

static void copy_all(void) {
    memcpy(trees, sp.trees_block, bytes.trees);
    memcpy(games, sp.games_block, bytes.games);
    memcpy(rows_copy, rows, rows_bytes);
}

static bool all_same(void) {
    return memcmp(trees, sp.trees_block, bytes.trees) == 0 &&
           memcmp(games, sp.games_block, bytes.games) == 0 &&
           memcmp(rows_copy, rows, rows_bytes) == 0;
}

/* As descend does after a fault: no tree has a row. */
static void take_back_counts(void) {
    const Search *s = &sp.play.search;
    for (int b = 0; b < s->B; b++) CHECK(s->row_count[b] == 0);
    size_t at = (size_t)((char *)s->row_count - (char *)sp.trees_block);
    memcpy(s->row_count, trees + at, (size_t)s->B * sizeof *s->row_count);
}

static void check_step(Run run) {
    Fault *fault = sp.play.search.fault;
    copy_all();
    fault_raise(fault, FAULT_VALUE, 0);
    CHECK(step(run) == STATUS_OK);
    fault->code = FAULT_NONE;
    if (run == RUN_DESCEND) take_back_counts();
    bool same = all_same();
    if (!same) fprintf(stderr, "step %d went on after a fault\n", (int)run);
    CHECK(same);
    CHECK(step(run) == STATUS_OK);
    worked[run] += !all_same();
}

static Status scan(const int32_t *in, int32_t *out, int n) {
    return device->backend->scan(in, out, n, sp.wave.scan_temp, sp.wave.scan_temp_bytes, NULL);
}

static void check_wave(void) {
    const Play *p = &sp.play;
    const Search *s = &p->search;
    check_step(RUN_DESCEND);
    CHECK(scan(s->row_count, s->row_offset, s->B) == STATUS_OK);
    memset(rows, 0xCD, rows_bytes);
    check_step(RUN_OBSERVE);
    check_step(RUN_BACKUP);
    check_step(RUN_MOVE);
    CHECK(scan(p->out_count, p->out_offset, p->G) == STATUS_OK);
    check_step(RUN_EMIT);
    CHECK(scan(p->idle, p->idle_offset, p->G) == STATUS_OK);
    check_step(RUN_REFILL);
    CHECK(device->play->tally(p, NULL) == STATUS_OK);
    p->counters->out_used = 0;
}

int main(void) {
    static const GameRange all = {0, 0};
    char device_text[128];
    SelfplayConfig c = selfplay_config_default();
    c.settings.cards = 3;
    c.parallel = 7;
    c.worlds = 2;
    c.simulations = 6;
    c.leaves = 2;
    c.evaluator = EVALUATOR_HASH;
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    CHECK(selfplay_open(&sp, &c, device, NULL, &all, 1, GAMES) == STATUS_OK);
    selfplay_measure(&c, device, &bytes);
    rows_bytes = (size_t)search_max_rows(&sp.play.search) * OBSERVE_COLUMNS * sizeof *rows;
    trees = malloc(bytes.trees);
    games = malloc(bytes.games);
    rows = malloc(rows_bytes);
    rows_copy = malloc(rows_bytes);
    CHECK(trees && games && rows && rows_copy);
    for (int wave = 0; wave < WAVES && !checks_failed; wave++) check_wave();
    CHECK(sp.play.counters->started == GAMES);
    for (int run = 0; run < RUNS; run++) CHECK(worked[run] > 5);
    selfplay_close(&sp);
    free(rows_copy);
    free(rows);
    free(games);
    free(trees);
    return check_report();
}
