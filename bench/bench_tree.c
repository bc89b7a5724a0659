/* bench/bench_tree.c - the tree alone: searches of real positions with the uniform evaluator;
 * then the phases around the network in self-play. */
#include <stdlib.h>

#include "host/games/positions.h"
#include "bench_phases.h"

enum { TREE_COUNTS = 2 };
static const int tree_counts[TREE_COUNTS] = {1024, 12288};

typedef struct {
    Wave wave;
    void *block;
    RoundState *states; /* (B) on the device */
    TreeHead *heads;    /* (B) on the host */
} TreeBench;

static Status tree_bench_open(TreeBench *t, const BenchOptions *o, const Device *device, int B) {
    const Backend *backend = device->backend;
    Search *s = &t->wave.search;
    memset(t, 0, sizeof *t);
    t->wave.device = device;
    s->rules.players = (uint8_t)o->players;
    s->B = B;
    s->W = 1;
    s->S = o->simulations;
    s->M = o->simulations + 1;
    s->K = o->leaves;
    s->E = o->cards + 1;
    s->c_puct = (float)selfplay_config_default().c_puct;
    s->fpu = (float)selfplay_config_default().fpu;
    s->evaluator = EVALUATOR_UNIFORM;
    Arena dry = {0};
    search_layout(s, &dry);
    wave_layout(&t->wave, B, &dry);
    (void)arena_take(&dry, (size_t)B, sizeof *t->states);
    TRY(backend->alloc(&t->block, dry.used));
    Arena arena = {(char *)t->block, 0, dry.used};
    search_layout(s, &arena);
    wave_layout(&t->wave, B, &arena);
    t->states = (RoundState *)arena_take(&arena, (size_t)B, sizeof *t->states);
    TRY(backend->stream_open(&t->wave.stream));
    RoundState *host = malloc((size_t)B * sizeof *host);
    t->heads = malloc((size_t)B * sizeof *t->heads);
    if (!host || !t->heads) return STATUS_MEMORY;
    positions_draw(&s->rules, o->cards, (uint64_t)o->seed, B, host);
    TRY(backend->to_device(t->states, host, (size_t)B * sizeof *host, t->wave.stream));
    TRY(backend->stream_sync(t->wave.stream));
    free(host);
    return STATUS_OK;
}

static void tree_bench_close(TreeBench *t, const Device *device) {
    free(t->heads);
    if (t->wave.stream) device->backend->stream_close(t->wave.stream);
    if (t->block) device->backend->release(t->block);
}

/* Searches all trees once; the host looks only after the smallest number of waves that can do. */
static Status search_once(TreeBench *t, const Device *device, int waves) {
    TRY(device->search->begin(&t->wave.search, t->states, t->wave.stream));
    for (int wave = 0; wave < waves; wave++) TRY(wave_run(&t->wave));
    return device->backend->stream_sync(t->wave.stream);
}

/* 1 where some tree is not done after that many waves. */
static Status unfinished(TreeBench *t, const Device *device, int *left) {
    int B = t->wave.search.B;
    TRY(device->backend->to_host(t->heads, t->wave.search.heads, (size_t)B * sizeof *t->heads,
                                 t->wave.stream));
    TRY(device->backend->stream_sync(t->wave.stream));
    *left = 0;
    for (int b = 0; b < B; b++) *left |= t->heads[b].stage != TREE_DONE;
    return STATUS_OK;
}

static Status measure(const BenchOptions *o, const Device *device, int B) {
    TreeBench t;
    double rate[BENCH_REPEATS_MAX];
    char name[64];
    int waves = (o->simulations + o->leaves - 1) / o->leaves + 1, left = 0;
    Status status = tree_bench_open(&t, o, device, B);
    if (status == STATUS_OK) status = search_once(&t, device, waves);
    if (status == STATUS_OK) status = unfinished(&t, device, &left);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        double start = bench_clock(), end = start;
        int64_t simulations = 0;
        while (status == STATUS_OK && (end = bench_clock()) - start < o->seconds) {
            status = search_once(&t, device, waves);
            simulations += (int64_t)B * o->simulations;
        }
        rate[k] = (double)simulations / (end - start);
    }
    if (status == STATUS_OK) {
        if (left) fprintf(stderr, "tree: some of %d trees need more than %d waves\n", B, waves);
        snprintf(name, sizeof name, "tree, uniform, %d trees, %d simulations", B, o->simulations);
        bench_report(o, name, bench_median(rate, o->repeats) / 1e6, "M simulations/s",
                     B <= 1024 ? 8 : 6, "goal");
    }
    tree_bench_close(&t, device);
    return status;
}

Status bench_tree(const BenchOptions *o) {
    for (int i = 0; i < TREE_COUNTS; i++) TRY(measure(o, o->device, tree_counts[i]));
    return bench_phases(o);
}
