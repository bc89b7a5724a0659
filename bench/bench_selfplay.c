/* bench/bench_selfplay.c - self-play with the full network in its steady state, and its ceilings.
 *
 *   games/min = share of the GEMM ceiling x ceiling / (rows a game x 7.43 MFLOP)
 *
 * Without start-up, ramp and drain; GEMM and the windows judged by it are measured alternately. */
#include "bench_run.h"
#include "bench_sweep.h"
#include "ceiling.h"

static void report(const BenchOptions *o, const SelfplayMetrics *m) {
    const SelfplayConfig *c = &m->config;
    const char *gemm = ceiling_gemm_name(o, c->precision);
    double flops = bench_row_flops(&c->model);
    char name[128], of[64];
    snprintf(name, sizeof name, "selfplay, %s %s %s, %dx%d, P %d T %d, K %d, parallel %d",
             o->device->backend->name, precision_name(c->precision), network_name(c->network),
             c->worlds, c->simulations, o->players, o->cards, c->leaves, c->parallel);
    snprintf(of, sizeof of, "%s / 7.43 MFLOP", gemm);
    bench_report(o, name, m->rows_per_second, "rows/s", m->ceiling, of);
    snprintf(of, sizeof of, "%s / (rows a game x 7.43 MFLOP)", gemm);
    bench_report(o, "  games", m->games_per_minute, "games/min",
                 m->rows_a_game > 0 ? 60 * m->ceiling / m->rows_a_game : 0, of);
    bench_report(o, "  rows a game", m->rows_a_game, "rows", 0, NULL);
    snprintf(name, sizeof name, "  %s measured beside it", gemm);
    bench_report(o, name, m->ceiling * flops / 1e9,
                 c->precision == PRECISION_INT8 ? "GOP/s" : "GFLOP/s", 0, NULL);
    bench_report(o, "  share of GEMM, median of pairs", 100 * m->share, "%",
                 c->precision == PRECISION_INT8 ? 60 : 70, "goal");
    if (m->outside < 0)
        printf("  outside the network: unknown, since no epoch of a window was timed; try a larger "
               "--seconds\n");
    else
        bench_report(o, "  outside the network", 100 * m->outside, "% of the time",
                     c->precision == PRECISION_FLOAT32 ? 5 : 0, "limit");
    if (c->graph && o->device->backend->graphs)
        printf("  (measured in one epoch in 16, which carries event nodes and is slower for it)\n");
}

Status bench_selfplay(const BenchOptions *o) {
    SelfplayMetrics metrics;
    if (o->sweep != SWEEP_NONE) return bench_sweep(o);
    TRY(bench_run_measure(o, &metrics));
    report(o, &metrics);
    return STATUS_OK;
}
