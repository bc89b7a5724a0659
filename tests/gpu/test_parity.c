/* tests/gpu/test_parity.c - cuda plays the cpu's games, word for word. Skips (77) without a GPU.
 *
 * Whole runs with the hash and uniform evaluators, all seat counts, both rule sets and team widths.
 */
#include <stdlib.h>
#include <string.h>

#include "device/play/selfplay.h"
#include "tests/support/check.h"

enum { GAMES = 96 };

typedef struct {
    uint16_t *words[GAMES]; /* (words[g][4]) each game's record */
} Played;

static const Device *device_named(const char *name) {
    for (int i = 0; devices[i]; i++) {
        char device_text[256];
        if (strcmp(devices[i]->backend->name, name) == 0 &&
            devices[i]->backend->open(device_text, sizeof device_text) == STATUS_OK)
            return devices[i];
    }
    return NULL;
}

static void keep(Played *played, const uint16_t *out, int used) {
    for (int at = 0; at < used; at += out[at + 4]) {
        size_t bytes = out[at + 4] * sizeof *out;
        uint16_t *copy = malloc(bytes);
        CHECK(copy && out[at] < GAMES && !played->words[out[at]]);
        if (checks_failed) exit(1);
        memcpy(copy, out + at, bytes);
        played->words[out[at]] = copy;
    }
}

static void play(const Device *device, const SelfplayConfig *config, Played *played) {
    Selfplay sp;
    GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *out;
    CHECK(selfplay_open(&sp, config, device, NULL, &all, 1, GAMES) == STATUS_OK);
    if (checks_failed) exit(1);
    CHECK(selfplay_enqueue(&sp) == STATUS_OK);
    int64_t started = 0;
    for (int64_t epoch = 0, left = GAMES; left > 0 && epoch < 10000; epoch++) {
        CHECK(selfplay_enqueue(&sp) == STATUS_OK);
        CHECK(selfplay_wait(&sp, epoch, &counters, &out) == STATUS_OK);
        CHECK(counters->fault.code == FAULT_NONE && counters->started >= started);
        if (checks_failed) exit(1);
        started = counters->started;
        for (int at = 0; at < counters->out_used; at += out[at + 4]) left--;
        keep(played, out, counters->out_used);
    }
    selfplay_close(&sp);
}

static void agree(const Device *cpu, const Device *cuda, SelfplayConfig config) {
    Played a = {{NULL}}, b = {{NULL}};
    play(cpu, &config, &a);
    config.parallel = 29; /* another batch, another order of finishing */
    play(cuda, &config, &b);
    for (int g = 0; g < GAMES; g++) {
        bool both = a.words[g] && b.words[g] && a.words[g][4] == b.words[g][4];
        CHECK(both && memcmp(a.words[g], b.words[g], a.words[g][4] * sizeof *a.words[g]) == 0);
        free(a.words[g]);
        free(b.words[g]);
    }
}

int main(void) {
    static const int table[][4] = {/* variant, P, T, full */
                                   {RULES_BLOB, 2, 17, 0},  {RULES_BLOB, 3, 10, 0},
                                   {RULES_BLOB, 4, 5, 0},   {RULES_BLOB, 5, 4, 1},
                                   {RULES_BLOB, 8, 6, 0},   {RULES_OH_HELL, 7, 7, 0},
                                   {RULES_OH_HELL, 3, 3, 1}};
    const Device *cpu = device_named("cpu"), *cuda = device_named("cuda");
    if (!cuda) return 77;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int k = 0; k < 4; k++) {
            SelfplayConfig c = selfplay_config_default();
            c.rules.variant = (uint8_t)table[i][0];
            c.rules.players = (uint8_t)table[i][1];
            c.rules.points = (uint8_t)(table[i][0] == RULES_OH_HELL ? 2 : 0);
            c.rules.penalty = table[i][0] == RULES_OH_HELL;
            c.settings.cards = table[i][2];
            c.settings.full = table[i][3];
            c.settings.seed = 3;
            c.settings.explore_decisions = 2;
            c.settings.move_power = 2;
            c.parallel = 64;
            c.simulations = 40;
            c.leaves = k % 2 ? 8 : 1;
            c.waves = 17;
            c.evaluator = k / 2 ? EVALUATOR_UNIFORM : EVALUATOR_HASH;
            agree(cpu, cuda, c);
        }
    return check_report();
}
