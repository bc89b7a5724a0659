/* tests/sim/test_calls_load.c - new weights for a captured epoch need no new capture and no wait.
 *
 * One epoch plays with other weights, the next one with the first ones again, which are loaded
 * while the copy of the others is still enqueued. With a small network, runs launch by launch, as
 * graphs, and as graphs whose stream is empty before each load give the same records; a run that
 * keeps its weights gives different ones. */
#include <stdlib.h>

#include "device/play/selfplay.h"
#include "tests/support/check.h"
#include "sim_device.h"

enum { RUN_PLAIN, RUN_GRAPH, RUN_WAITED, RUN_UNCHANGED, RUNS };
enum { CHANGED = 3, EPOCHS = 12 };

static SelfplayConfig config_small(bool graph) {
    SelfplayConfig c = selfplay_config_default();
    ModelConfig model = {.inputs = OBSERVE_COLUMNS,
                         .width = 32,
                         .heads = 4,
                         .hidden = 32,
                         .layers = 1,
                         .policy_hidden = 32,
                         .actions = ACTIONS,
                         .value_hidden = 32,
                         .values = MAX_SEATS,
                         .value_head = VALUE_SIGMOID};
    c.settings.cards = 2;
    c.parallel = 5;
    c.worlds = 2;
    c.simulations = 6;
    c.waves = 7;
    c.evaluator = EVALUATOR_NET;
    c.network = NETWORK_PLAIN;
    c.model = model;
    c.graph = graph;
    return c;
}

/* A load copies to the device once, on the stream, and waits for nothing but the previous load. */
static void check_load(const Selfplay *sp, const SimCall *calls, int count) {
    int copies = 0;
    for (int i = 0; i < count; i++) {
        SimKind kind = calls[i].kind;
        CHECK(kind == SIM_EVENT_SYNC || kind == SIM_EVENT_RECORD || kind == SIM_COPY);
        if (kind != SIM_COPY) continue;
        copies++;
        CHECK(calls[i].direction == 1 && !calls[i].captured); /* cudaMemcpyHostToDevice */
        CHECK(calls[i].stream == (const void *)sp->wave.stream);
    }
    CHECK(copies == 1);
}

/* Meanwhile the device runs the copy of an earlier load, if that has not run yet. */
static void check_wait(const SimCall *ran, int count, bool earlier) {
    CHECK(count == (earlier ? 2 : 0));
    CHECK(count == 0 || (ran[0].kind == SIM_COPY && ran[0].direction == 1));
}

static void load(int run, Selfplay *sp, const Weights *weights) {
    int count;
    if (run == RUN_WAITED)
        CHECK(device_simulated.backend->stream_sync(sp->wave.stream) == STATUS_OK);
    sim_calls_begin();
    CHECK(selfplay_load(sp, 0, weights) == STATUS_OK);
    sim_calls_end();
    const SimCall *calls = sim_calls_made(&count);
    check_load(sp, calls, count);
    const SimCall *ran = sim_calls_ran(&count);
    check_wait(ran, count, run != RUN_WAITED && sp->epochs > CHANGED);
}

/* After both captures an epoch is a launch, two copies to the host, and an event. */
static void check_epoch(const SimCall *calls, int count) {
    CHECK(count == 4 && calls[0].kind == SIM_GRAPH_LAUNCH && calls[1].kind == SIM_COPY);
    CHECK(count == 4 && calls[2].kind == SIM_COPY && calls[3].kind == SIM_EVENT_RECORD);
}

/* Writes the records of all epochs to words (size); returns the number of words. */
static int play(int run, const Weights *first, const Weights *second, uint16_t *words, int size) {
    SelfplayConfig config = config_small(run != RUN_PLAIN);
    GameRange all = {0, 0};
    Selfplay sp;
    int used = 0, count;
    CHECK(selfplay_open(&sp, &config, &device_simulated, first, &all, 1, 10000) == STATUS_OK);
    CHECK(!checks_failed && selfplay_enqueue(&sp) == STATUS_OK);
    for (int64_t epoch = 0; epoch < EPOCHS && !checks_failed; epoch++) {
        const PlayCounters *counters;
        const uint16_t *out;
        bool changes = sp.epochs == CHANGED || sp.epochs == CHANGED + 1; /* one is under way */
        if (changes && run != RUN_UNCHANGED) load(run, &sp, sp.epochs == CHANGED ? second : first);
        sim_calls_begin();
        CHECK(selfplay_enqueue(&sp) == STATUS_OK);
        sim_calls_end();
        const SimCall *calls = sim_calls_made(&count);
        if (run != RUN_PLAIN && sp.epochs > 3) check_epoch(calls, count);
        CHECK(selfplay_wait(&sp, epoch, &counters, &out) == STATUS_OK);
        CHECK(counters->fault.code == FAULT_NONE && used + counters->out_used <= size);
        if (checks_failed) break;
        memcpy(words + used, out, (size_t)counters->out_used * sizeof *out);
        used += counters->out_used;
    }
    selfplay_close(&sp);
    return used;
}

int main(void) {
    enum { SIZE = 1 << 16 };
    static uint16_t words[RUNS][SIZE];
    int used[RUNS];
    char device_text[200];
    Weights first, second;
    ModelConfig model = config_small(false).model;
    CHECK(device_simulated.backend->open(device_text, sizeof device_text) == STATUS_OK);
    CHECK(weights_alloc(&first, &model) == STATUS_OK);
    CHECK(weights_alloc(&second, &model) == STATUS_OK);
    if (checks_failed) return check_report();
    weights_init(&first, 1);
    weights_init(&second, 2);
    for (int run = 0; run < RUNS; run++) used[run] = play(run, &first, &second, words[run], SIZE);
    CHECK(used[RUN_PLAIN] > 0);
    for (int run = RUN_GRAPH; run <= RUN_WAITED; run++) {
        CHECK(used[RUN_PLAIN] == used[run]);
        CHECK(memcmp(words[RUN_PLAIN], words[run], sizeof words[0]) == 0);
    }
    CHECK(memcmp(words[RUN_PLAIN], words[RUN_UNCHANGED], sizeof words[0]) != 0);
    weights_free(&first);
    weights_free(&second);
    return check_report();
}
