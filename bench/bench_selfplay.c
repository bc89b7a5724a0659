/* bench/bench_selfplay.c - self-play with the full network, in steady state, beside its ceilings.
 *
 *   games/min = share of the GEMM ceiling x ceiling / (rows a game x 7.43 MFLOP)
 *
 * Start-up, ramp and drain are left out; GEMM is measured in turn with the epochs it judges. */
#include "bench.h"

typedef struct {
    double rows, games, seconds, steps[STEP_COUNT];
} Window;

static SelfplayConfig bench_config(const BenchOptions *o, int parallel) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.players = (uint8_t)o->players;
    c.set.cards = o->cards;
    c.set.seed = (uint64_t)o->seed;
    c.parallel = parallel;
    c.worlds = o->worlds;
    c.simulations = o->simulations;
    c.leaves = o->leaves;
    c.waves = 8; /* windows end with an epoch: short ones */
    c.precision = (Precision)o->precision;
    return c;
}

/* Runs epochs for about `seconds`, each waited for, and adds up what they did. */
static Status run_window(Selfplay *sp, double seconds, Window *w) {
    const PlayCounters *counters;
    const uint16_t *out;
    double before[STEP_COUNT], after[STEP_COUNT], start = bench_clock();
    double rows_before = 0;
    memset(w, 0, sizeof *w);
    TRY(sp->device->backend->steps_read(before));
    if (sp->epochs > 0) {
        TRY(selfplay_wait(sp, sp->epochs - 1, &counters, &out));
        rows_before = (double)counters->rows;
    }
    do {
        TRY(sp->device->backend->step(STEP_OTHER, sp->wave.stream)); /* what lies between windows */
        if (w->seconds == 0) TRY(sp->device->backend->steps_read(before));
        TRY(selfplay_enqueue(sp));
        TRY(selfplay_wait(sp, sp->epochs - 1, &counters, &out));
        for (int at = 0; at < counters->out_used; at += out[at + 4]) w->games++;
        w->seconds = bench_clock() - start;
    } while (w->seconds < seconds);
    if (counters->fault.code != FAULT_NONE) return STATUS_FAULT;
    w->rows = (double)counters->rows - rows_before;
    TRY(sp->device->backend->steps_read(after));
    for (int i = 0; i < STEP_COUNT; i++) w->steps[i] = after[i] - before[i];
    return STATUS_OK;
}

/* Games that start together end together, in bursts that no short window could average. So the
 * slots are brought out of step first: some generations with the uniform evaluator, which costs
 * little. */
static Status spread_slots(Selfplay *sp) {
    enum { GENERATIONS = 40 };
    Window w;
    double games = 0;
    sp->wave.search.evaluator = sp->play.search.evaluator = EVALUATOR_UNIFORM;
    while (games < (double)GENERATIONS * sp->config.parallel) {
        TRY(run_window(sp, 0.1, &w));
        games += w.games;
    }
    sp->wave.search.evaluator = sp->play.search.evaluator = EVALUATOR_NET;
    return run_window(sp, 0.1, &w);
}

static void report(const BenchOptions *o, const Selfplay *sp, Window *w, double *ceiling) {
    double rate[16], games[16], outside[16], share[16], rows = 0, played = 0;
    double flops = bench_row_flops(&sp->config.model);
    char name[96];
    int n = o->repeats;
    for (int k = 0; k < n; k++) {
        double spent = 0;
        for (int i = 0; i < STEP_COUNT; i++) spent += w[k].steps[i];
        rate[k] = w[k].rows / w[k].seconds;
        games[k] = 60 * w[k].games / w[k].seconds;
        outside[k] = 100 * (1 - w[k].steps[STEP_NETWORK] / spent);
        share[k] = ceiling[k] > 0 ? rate[k] / ceiling[k] : 0;
        rows += w[k].rows;
        played += w[k].games;
    }
    double per_game = played > 0 ? rows / played : 0, best = bench_median(ceiling, n);
    snprintf(name, sizeof name, "selfplay, %s, %dx%d, P %d T %d, parallel %d",
             sp->device->backend->name, o->worlds, o->simulations, o->players, o->cards,
             sp->config.parallel);
    bench_report(o, name, bench_median(rate, n), "rows/s", best, "GEMM / 7.43 MFLOP");
    bench_report(o, "  games", bench_median(games, n), "games/min",
                 per_game > 0 ? 60 * best / per_game : 0, "GEMM / (rows a game x 7.43 MFLOP)");
    bench_report(o, "  rows a game", per_game, "rows", 0, NULL);
    bench_report(o, "  GEMM measured beside it", best * flops / 1e9, "GFLOP/s", 0, NULL);
    bench_report(o, "  share of GEMM, median of pairs", 100 * bench_median(share, n), "%", 70,
                 "goal");
    bench_report(o, "  outside the network", bench_median(outside, n), "% of the time", 5, "limit");
}

Status bench_selfplay(const BenchOptions *o) {
    const Device *device;
    char what[256];
    Weights weights;
    Selfplay sp;
    Window window[16];
    double ceiling[16];
    GameRange all = {0, 0};
    TRY(device_open(o->device, &device, what, sizeof what));
    bool cpu = strcmp(device->backend->name, "cpu") == 0;
    SelfplayConfig config = bench_config(o, o->parallel ? o->parallel : cpu ? 1024 : 24576);
    TRY(weights_alloc(&weights, &config.model));
    weights_init(&weights, 1);
    NetSpec spec = {config.model, config.precision, NETWORK_AUTO, 1, NULL};
    TRY(device->net->choose(NETWORK_AUTO, &spec, &weights, &config.network, what, sizeof what));
    Status status = selfplay_open(&sp, &config, device, &weights, &all, 1, INT64_MAX / 2);
    weights_free(&weights);
    if (status == STATUS_OK) status = spread_slots(&sp);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        ceiling[k] = 0;
        if (cpu) ceiling[k] = bench_gemm_ceiling(o->seconds) / bench_row_flops(&config.model);
        status = run_window(&sp, 4 * o->seconds, &window[k]);
    }
    if (status == STATUS_OK) report(o, &sp, window, ceiling);
    selfplay_close(&sp);
    return status;
}
