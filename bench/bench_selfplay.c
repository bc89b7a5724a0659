/* bench/bench_selfplay.c - self-play with the full network, in steady state, beside its ceilings.
 *
 *   games/min = share of the GEMM ceiling x ceiling / (rows a game x 7.43 MFLOP)
 *
 * Start-up, ramp and drain are left out; GEMM is measured in turn with the windows it judges. */
#include "bench_run.h"
#include "bench_sweep.h"
#include "ceiling.h"

Status bench_selfplay_measure(const BenchOptions *o, SelfplayFigures *f) {
    double rate[BENCH_REPEATS_MAX], games[BENCH_REPEATS_MAX], ceiling[BENCH_REPEATS_MAX];
    double share[BENCH_REPEATS_MAX], outside[BENCH_REPEATS_MAX], rows = 0, played = 0;
    int timed = 0;
    Selfplay sp;
    memset(f, 0, sizeof *f);
    Status status = bench_run_open(&sp, o, &f->config);
    if (status == STATUS_OK) selfplay_measure(&f->config, o->device, &f->bytes);
    double flops = bench_row_flops(&f->config.model);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        BenchWindow w;
        status = ceiling_gemm(o, f->config.precision, o->seconds, &ceiling[k]);
        if (status == STATUS_OK) status = bench_run_window(&sp, 4 * o->seconds, &w);
        if (status != STATUS_OK) break;
        rate[k] = w.rows / w.seconds;
        games[k] = 60 * w.games / w.seconds;
        ceiling[k] /= flops;
        share[k] = rate[k] / ceiling[k];
        if (w.steps_total > 0) outside[timed++] = 1 - w.steps[STEP_NETWORK] / w.steps_total;
        rows += w.rows;
        played += w.games;
    }
    selfplay_close(&sp);
    if (status != STATUS_OK) return status;
    f->rows_per_second = bench_median(rate, o->repeats);
    f->games_per_minute = bench_median(games, o->repeats);
    f->rows_a_game = played > 0 ? rows / played : 0;
    f->ceiling = bench_median(ceiling, o->repeats);
    f->share = bench_median(share, o->repeats);
    f->outside = timed ? bench_median(outside, timed) : -1;
    return STATUS_OK;
}

static void report(const BenchOptions *o, const SelfplayFigures *f) {
    const SelfplayConfig *c = &f->config;
    const char *gemm = ceiling_gemm_name(o, c->precision);
    double flops = bench_row_flops(&c->model);
    char name[128], of[64];
    snprintf(name, sizeof name, "selfplay, %s %s %s, %dx%d, P %d T %d, K %d, parallel %d",
             o->device->backend->name, precision_name(c->precision), network_name(c->network),
             c->worlds, c->simulations, o->players, o->cards, c->leaves, c->parallel);
    snprintf(of, sizeof of, "%s / 7.43 MFLOP", gemm);
    bench_report(o, name, f->rows_per_second, "rows/s", f->ceiling, of);
    snprintf(of, sizeof of, "%s / (rows a game x 7.43 MFLOP)", gemm);
    bench_report(o, "  games", f->games_per_minute, "games/min",
                 f->rows_a_game > 0 ? 60 * f->ceiling / f->rows_a_game : 0, of);
    bench_report(o, "  rows a game", f->rows_a_game, "rows", 0, NULL);
    snprintf(name, sizeof name, "  %s measured beside it", gemm);
    bench_report(o, name, f->ceiling * flops / 1e9,
                 c->precision == PRECISION_INT8 ? "GOP/s" : "GFLOP/s", 0, NULL);
    bench_report(o, "  share of GEMM, median of pairs", 100 * f->share, "%",
                 c->precision == PRECISION_INT8 ? 60 : 70, "goal");
    if (f->outside < 0)
        printf("  outside the network: not known, no epoch of a window was timed; try a larger "
               "--seconds\n");
    else
        bench_report(o, "  outside the network", 100 * f->outside, "% of the time", 5, "limit");
    if (c->graph && o->device->backend->graphs)
        printf("  (of one epoch in 16, which has events among its nodes and is slower for it)\n");
}

Status bench_selfplay(const BenchOptions *o) {
    SelfplayFigures figures;
    if (o->sweep != SWEEP_NONE) return bench_sweep(o);
    TRY(bench_selfplay_measure(o, &figures));
    report(o, &figures);
    return STATUS_OK;
}
