/* tests/sim/test_calls.c - the calls that an epoch makes, one by one, and what then runs.
 *
 *   - a wave is these launches in this order, and an epoch makes no other calls: no allocation, no
 *     wait, and no copy but that of its counters and records to pinned memory, at the end
 *   - a captured epoch is one launch, which runs exactly the operations of the plain one: the same
 *     kernels, grids, blocks and arguments, bit for bit
 *   - the counters of an epoch are available before the next one has begun
 *
 * in_step.h shows that a wave reads no working memory that it has not written. */
#include <stdlib.h>

#include "device/core/scan.h"
#include "device/play/selfplay.h"
#include "tests/support/check.h"
#include "sim_device.h"

enum { WAVES = 3, GAMES = 200 };

typedef struct {
    const char *name;
    size_t bytes; /* of its arguments, without the padding at the end */
} Launch;

enum { SCAN_BYTES = offsetof(ScanArgs, n) + sizeof(int) };

/* A wave with the hash evaluator and trees of at most 8 edges. A change here changes what a wave
 * costs before it does any work, and must be deliberate. */
static const Launch wave_launches[] = {
    {"descend_kernel<8>", sizeof(Search)}, {"scan_kernel", SCAN_BYTES},
    {"backup_kernel<8>", sizeof(Search)},  {"move_kernel", sizeof(Play)},
    {"scan_kernel", SCAN_BYTES},           {"emit_kernel<32>", sizeof(Play)},
    {"scan_kernel", SCAN_BYTES},           {"refill_kernel", sizeof(Play)},
    {"tally_kernel", sizeof(Play)},
};
enum {
    WAVE_LAUNCHES = sizeof wave_launches / sizeof wave_launches[0],
    EPOCH = 1 + WAVES * WAVE_LAUNCHES, /* the first call resets the counters of the epoch */
    EPOCHS = 5
};

static SelfplayConfig config_small(bool graph) {
    SelfplayConfig c = selfplay_config_default();
    c.parallel = 11;
    c.simulations = 7;
    c.leaves = 2;
    c.waves = WAVES;
    c.evaluator = EVALUATOR_HASH;
    c.graph = graph;
    return c;
}

/* A copy of a list of calls that outlives the simulator's, with the kinds of interest alone. */
typedef struct {
    SimCall *at; /* (count) owned, as are their arguments */
    int count;
} List;

typedef enum { LIST_MADE, LIST_RAN, LIST_COUNT } ListKind;

/* Not listed: clocks, and the ranges of a profiler. */
static bool is_listed(const SimCall *r) {
    return r->kind != SIM_RANGE_PUSH && r->kind != SIM_RANGE_POP && r->kind != SIM_EVENT_RECORD;
}

static List list_copy(ListKind kind) {
    int count;
    const SimCall *from = kind == LIST_MADE ? sim_calls_made(&count) : sim_calls_ran(&count);
    List list = {calloc((size_t)count + 1, sizeof *list.at), 0};
    for (int i = 0; list.at && i < count; i++) {
        if (!is_listed(&from[i])) continue;
        SimCall *to = &list.at[list.count++];
        *to = from[i];
        unsigned char *bytes = malloc(to->argument_bytes + 1);
        if (bytes && to->argument_bytes) memcpy(bytes, to->arguments, to->argument_bytes);
        to->arguments = bytes;
    }
    return list;
}

static void list_free(List *list) {
    for (int i = 0; i < list->count; i++) free((void *)list->at[i].arguments);
    free(list->at);
    memset(list, 0, sizeof *list);
}

/* Enqueues an epoch; returns the calls that it makes. */
static List enqueue(Selfplay *sp) {
    sim_calls_begin();
    CHECK(selfplay_enqueue(sp) == STATUS_OK);
    sim_calls_end();
    return list_copy(LIST_MADE);
}

/* Waits for the epoch's counters; returns what runs until then, and in *calls what the host
 * calls. */
static List await(Selfplay *sp, int64_t epoch, List *calls) {
    const PlayCounters *counters;
    const uint16_t *out;
    sim_calls_begin();
    CHECK(selfplay_wait(sp, epoch, &counters, &out) == STATUS_OK);
    sim_calls_end();
    CHECK(counters->fault.code == FAULT_NONE);
    if (calls) *calls = list_copy(LIST_MADE);
    return list_copy(LIST_RAN);
}

static void open_small(Selfplay *sp, const Device *device, bool graph) {
    SelfplayConfig config = config_small(graph);
    GameRange all = {0, 0};
    CHECK(selfplay_open(sp, &config, device, NULL, &all, 1, GAMES) == STATUS_OK);
    CHECK(device->backend->stream_sync(sp->wave.stream) == STATUS_OK);
}

static int count_of(const List *list, SimKind kind) {
    int n = 0;
    for (int i = 0; i < list->count; i++) n += list->at[i].kind == kind;
    return n;
}

/* The last two calls copy counters and records to the host. */
static void check_copies(const Selfplay *sp, const List *calls) {
    CHECK(count_of(calls, SIM_COPY) == 2 && calls->count > 2);
    if (calls->count < 3) return;
    const SimCall *counters = &calls->at[calls->count - 2], *out = counters + 1;
    int i = (int)((sp->epochs - 1) % 2), to_host = 2; /* cudaMemcpyDeviceToHost */
    CHECK(counters->kind == SIM_COPY && counters->direction == to_host);
    CHECK(counters->dst == sp->counters[i] && counters->src == sp->play.counters);
    CHECK(counters->bytes == sizeof(PlayCounters));
    CHECK(out->kind == SIM_COPY && out->direction == to_host);
    CHECK(out->dst == sp->out[i] && out->src == sp->play.out);
    CHECK(out->bytes == (size_t)sp->play.out_words * sizeof(uint16_t));
}

/* An epoch launch by launch: a memset, the waves, the copies, and no other call. */
static void check_plain(const Selfplay *sp, const List *calls) {
    CHECK(calls->count == EPOCH + 2);
    CHECK(calls->at[0].kind == SIM_SET && calls->at[0].dst == &sp->play.counters->out_used);
    for (int i = 0; i < WAVES * WAVE_LAUNCHES && 1 + i < calls->count; i++) {
        const Launch *launch = &wave_launches[i % WAVE_LAUNCHES];
        const SimCall *r = &calls->at[1 + i];
        bool is_it = r->kind == SIM_KERNEL && strcmp(r->name, launch->name) == 0;
        if (!is_it)
            fprintf(stderr, "call %d of an epoch does not launch %s\n", 1 + i, launch->name);
        CHECK(is_it && !r->captured && r->stream == (const void *)sp->wave.stream);
        CHECK(is_it && r->argument_bytes >= launch->bytes);
    }
    check_copies(sp, calls);
}

/* An epoch as a graph: one launch, the copies, and no other call. */
static void check_graph(const Selfplay *sp, const List *calls) {
    CHECK(calls->count == 3 && calls->at[0].kind == SIM_GRAPH_LAUNCH);
    check_copies(sp, calls);
}

static bool is_same(const SimCall *a, const SimCall *b, size_t argument_bytes) {
    return a->kind == b->kind && a->function == b->function && a->dst == b->dst &&
           a->src == b->src && a->bytes == b->bytes && a->value == b->value &&
           memcmp(a->grid, b->grid, sizeof a->grid) == 0 &&
           memcmp(a->block, b->block, sizeof a->block) == 0 &&
           a->argument_bytes == b->argument_bytes && a->argument_bytes >= argument_bytes &&
           memcmp(a->arguments, b->arguments, argument_bytes) == 0;
}

/* The operations of an epoch are those of the plain one. */
static void check_same(const List *plain, const List *other) {
    CHECK(plain->count >= EPOCH && other->count >= EPOCH);
    for (int i = 0; i < EPOCH && i < plain->count && i < other->count; i++) {
        const Launch *launch = i > 0 ? &wave_launches[(i - 1) % WAVE_LAUNCHES] : NULL;
        bool same = is_same(&plain->at[i], &other->at[i], launch ? launch->bytes : 0);
        if (!same)
            fprintf(stderr, "operation %d of an epoch (%s) differs from the plain one's\n", i,
                    launch ? launch->name : "memset");
        CHECK(same);
    }
}

/* The calls made during a capture. */
static List captured_of(const List *calls) {
    List list = {calloc((size_t)calls->count + 1, sizeof *list.at), 0};
    for (int i = 0; list.at && i < calls->count; i++)
        if (calls->at[i].captured) list.at[list.count++] = calls->at[i];
    return list;
}

/* The first epoch of its kind is captured once, and the nodes are the operations of the plain
 * one. */
static void check_capture(const Selfplay *sp, const List *calls, const List *plain) {
    CHECK(count_of(calls, SIM_CAPTURE_BEGIN) == 1);
    CHECK(count_of(calls, SIM_INSTANTIATE) == 1);
    CHECK(count_of(calls, SIM_ALLOC) == 0 && count_of(calls, SIM_STREAM_SYNC) == 0);
    check_copies(sp, calls);
    List nodes = captured_of(calls);
    CHECK(nodes.count == EPOCH);
    check_same(plain, &nodes);
    free(nodes.at);
}

/* Epoch 0 is plain, epochs 1 and 2 are captured (2 is timed), all later ones are a launch. Each is
 * enqueued before the host waits for the counters of its predecessor, and only for those. */
static void test_graph(const Device *device) {
    Selfplay sp;
    open_small(&sp, device, true);
    List plain = enqueue(&sp), waited;
    check_plain(&sp, &plain);
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
        List calls = enqueue(&sp), ran = await(&sp, epoch, &waited);
        if (epoch < GRAPH_COUNT)
            check_capture(&sp, &calls, &plain);
        else
            check_graph(&sp, &calls); /* the timed one too */
        CHECK(waited.count == 1 && waited.at[0].kind == SIM_EVENT_SYNC);
        int first = ran.count > 0 && ran.at[0].kind == SIM_GRAPH_LAUNCH;
        List nodes = {ran.at + first, ran.count - first};
        CHECK(nodes.count == EPOCH + 2);
        check_same(&plain, &nodes);
        list_free(&ran);
        list_free(&calls);
        list_free(&waited);
    }
    list_free(&plain);
    selfplay_close(&sp);
}

static void test_plain(const Device *device) {
    Selfplay sp;
    sim_calls_begin();
    open_small(&sp, device, false);
    sim_calls_end();
    List opened = list_copy(LIST_MADE);
    CHECK(count_of(&opened, SIM_ALLOC_HOST) == 4); /* pinned: two counters, two records */
    list_free(&opened);
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        List calls = enqueue(&sp), ran = await(&sp, epoch, NULL);
        check_plain(&sp, &calls);
        list_free(&calls);
        list_free(&ran);
    }
    selfplay_close(&sp);
}

/* Players that solve worlds have no body for a GPU: refused before any call. */
static void test_pimc_is_refused(const Device *device) {
    static const PlayerKind kinds[] = {PLAYER_PIMC, PLAYER_CHEAT};
    GameRange all = {0, 0};
    for (int i = 0; i < 2; i++) {
        Selfplay sp;
        SelfplayConfig config = config_small(false);
        memset(&sp, 0, sizeof sp);
        config.settings.paired = 1;
        config.settings.kinds[1] = (uint8_t)kinds[i];
        config.settings.pimc_worlds[1] = 5;
        sim_calls_begin();
        CHECK(selfplay_open(&sp, &config, device, NULL, &all, 1, GAMES) == STATUS_ARGUMENT);
        sim_calls_end();
        List made = list_copy(LIST_MADE);
        CHECK(made.count == 0);
        list_free(&made);
        selfplay_close(&sp);
    }
}

int main(void) {
    char device_text[200];
    CHECK(device_simulated.backend->open(device_text, sizeof device_text) == STATUS_OK);
    test_plain(&device_simulated);
    test_graph(&device_simulated);
    test_pimc_is_refused(&device_simulated);
    return check_report();
}
