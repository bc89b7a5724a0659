/* bench/bench_run.c - brings self-play to its steady state and measures windows of it. */
#include "bench_run.h"

#include "host/options/network_options.h"
#include "ceiling.h"

static int usual_parallel(const BenchOptions *o, Network network) {
    if (network == NETWORK_PLAIN) return bench_is_cpu(o) ? 32 : 1024; /* slow, so fewer suffice */
    return bench_is_cpu(o) ? 1024 : 24576;
}

/* The configuration that the options ask for, with the network implementation of the device. */
static Status make_config(const BenchOptions *o, const Weights *weights, SelfplayConfig *c) {
    char why[256];
    *c = selfplay_config_default();
    c->rules.players = (uint8_t)o->players;
    c->settings.cards = o->cards;
    c->settings.seed = (uint64_t)o->seed;
    c->worlds = o->worlds;
    c->simulations = o->simulations;
    c->leaves = o->leaves;
    if (o->simulations == 0) c->noise_weight = 0; /* as blob-train --method policy plays */
    c->waves = 8;                                 /* short epochs: a window ends with one */
    c->graph = !o->no_graph;
    TRY(network_precision(o->precision, o->device, &c->precision));
    NetSpec spec = {c->model, c->precision, NETWORK_AUTO, 1, NULL};
    TRY(o->device->net->choose((Network)o->network, &spec, weights, &c->network, why, sizeof why));
    c->parallel = o->parallel ? o->parallel : usual_parallel(o, c->network);
    return STATUS_OK;
}

bool bench_run_fits(const BenchOptions *o, const SelfplayConfig *config) {
    size_t free_bytes = 0, total_bytes;
    if (o->device->backend->memory(&free_bytes, &total_bytes) != STATUS_OK) return false;
    return selfplay_largest_parallel(config, o->device, free_bytes / 10 * 9) >= config->parallel;
}

static double games_in(const uint16_t *out, int words) {
    double games = 0;
    for (int at = 0; at < words; at += out[at + 4]) games++;
    return games;
}

/* The counters of the run so far. No epoch may be under way. */
static Status counters_now(Selfplay *sp, PlayCounters *now) {
    const Backend *backend = sp->device->backend;
    TRY(backend->to_host(now, sp->play.counters, sizeof *now, sp->wave.stream));
    return backend->stream_sync(sp->wave.stream);
}

Status bench_run_window(Selfplay *sp, double seconds, BenchWindow *w) {
    const Backend *backend = sp->device->backend;
    const PlayCounters *counters;
    const uint16_t *out;
    double before[PHASE_COUNT], after[PHASE_COUNT];
    PlayCounters first;
    int64_t epoch = sp->epochs;
    memset(w, 0, sizeof *w);
    TRY(counters_now(sp, &first));
    if (!sp->graph[GRAPH_PLAIN])
        TRY(backend->phase(PHASE_OTHER, sp->wave.stream)); /* the time between two windows */
    TRY(backend->stream_sync(sp->wave.stream));
    TRY(backend->phases_read(before));
    double start = bench_clock();
    TRY(selfplay_enqueue(sp));
    for (; epoch < sp->epochs; epoch++) {
        if (bench_clock() - start < seconds) TRY(selfplay_enqueue(sp));
        TRY(selfplay_wait(sp, epoch, &counters, &out));
        w->games += games_in(out, counters->out_used);
        w->seconds = bench_clock() - start;
        if (counters->fault.code != FAULT_NONE) return STATUS_FAULT;
        TRY(backend->phases_read(after)); /* before the backend runs out of room for them */
    }
    w->rows = (double)(counters->rows - first.rows);
    w->waves = (double)(counters->waves - first.waves);
    for (int i = 0; i < PHASE_COUNT; i++) {
        w->phases[i] = after[i] - before[i];
        w->phases_total += w->phases[i];
    }
    return STATUS_OK;
}

/* Plays some generations of games with the uniform evaluator, which costs little. Launch by launch,
 * because a captured graph would go on with the evaluator of its capture. */
static Status spread_slots(Selfplay *sp) {
    enum { GENERATIONS = 40, SECONDS = 10 };
    BenchWindow w;
    double games = 0, start = bench_clock();
    bool graph = sp->config.graph;
    sp->config.graph = false;
    sp->wave.search.evaluator = sp->play.search.evaluator = EVALUATOR_UNIFORM;
    while (games < (double)GENERATIONS * sp->config.parallel && bench_clock() - start < SECONDS) {
        TRY(bench_run_window(sp, 0.1, &w));
        games += w.games;
    }
    sp->wave.search.evaluator = sp->play.search.evaluator = EVALUATOR_NET;
    sp->config.graph = graph;
    sp->epochs = 0; /* no epoch is under way: the next one counts as the first */
    return STATUS_OK;
}

/* The first epochs load weights and capture the plain and the timed graph: they do not count. */
static Status warm_up(Selfplay *sp) {
    enum { EPOCHS = 4 };
    BenchWindow w;
    while (sp->epochs < EPOCHS) TRY(bench_run_window(sp, 0.1, &w));
    return STATUS_OK;
}

Status bench_run_open(Selfplay *sp, const BenchOptions *o, SelfplayConfig *config) {
    const GameRange all = {0, 0};
    Weights weights;
    memset(sp, 0, sizeof *sp);
    memset(&weights, 0, sizeof weights);
    *config = selfplay_config_default();
    TRY(weights_alloc(&weights, &config->model));
    weights_init(&weights, 1);
    Status status = make_config(o, &weights, config);
    if (status == STATUS_OK && !bench_run_fits(o, config)) status = STATUS_MEMORY;
    if (status == STATUS_OK)
        status = selfplay_open(sp, config, o->device, &weights, &all, 1, INT64_MAX / 2);
    weights_free(&weights);
    if (status == STATUS_OK) status = spread_slots(sp);
    if (status == STATUS_OK) status = warm_up(sp);
    return status;
}

Status bench_run_measure(const BenchOptions *o, SelfplayMetrics *m) {
    double rate[BENCH_REPEATS_MAX], games[BENCH_REPEATS_MAX], ceiling[BENCH_REPEATS_MAX];
    double share[BENCH_REPEATS_MAX], outside[BENCH_REPEATS_MAX], rows = 0, played = 0;
    int timed = 0;
    Selfplay sp;
    memset(m, 0, sizeof *m);
    Status status = bench_run_open(&sp, o, &m->config);
    if (status == STATUS_OK) selfplay_measure(&m->config, o->device, &m->bytes);
    double flops = bench_row_flops(&m->config.model);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        BenchWindow w;
        status = ceiling_gemm(o, m->config.precision, o->seconds, &ceiling[k]);
        if (status == STATUS_OK) status = bench_run_window(&sp, 4 * o->seconds, &w);
        if (status != STATUS_OK) break;
        rate[k] = w.rows / w.seconds;
        games[k] = 60 * w.games / w.seconds;
        ceiling[k] /= flops;
        share[k] = rate[k] / ceiling[k];
        if (w.phases_total > 0) outside[timed++] = 1 - w.phases[PHASE_NETWORK] / w.phases_total;
        rows += w.rows;
        played += w.games;
    }
    selfplay_close(&sp);
    if (status != STATUS_OK) return status;
    m->rows_per_second = bench_median(rate, o->repeats);
    m->games_per_minute = bench_median(games, o->repeats);
    m->rows_a_game = played > 0 ? rows / played : 0;
    m->ceiling = bench_median(ceiling, o->repeats);
    m->share = bench_median(share, o->repeats);
    m->outside = timed ? bench_median(outside, timed) : -1;
    return STATUS_OK;
}
