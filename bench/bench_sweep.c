/* bench/bench_sweep.c - a table with a row for each value of a setting, each beside its ceiling. */
#include "bench_sweep.h"

#include "host/options/network_options.h"
#include "host/run/summary.h"
#include "bench_run.h"
#include "ceiling.h"

enum { VALUES_MAX = 8 };

static const char *const sweep_titles[SWEEP_COUNT] = {"", "parallel", "leaves", "network",
                                                      "precision"};

/* Fills in the values of the sweep on this device; returns how many. */
static int sweep_values(const BenchOptions *o, int values[VALUES_MAX]) {
    static const int games_cpu[] = {64, 128, 256, 512, 1024, 2048, 4096};
    static const int games_cuda[] = {1024, 4096, 8192, 16384, 24576, 32768, 65536};
    static const int leaves[] = {1, 2, 4, 8, 16};
    const int *from = o->sweep == SWEEP_LEAVES ? leaves : bench_is_cpu(o) ? games_cpu : games_cuda;
    int n = o->sweep == SWEEP_LEAVES ? 5 : 7;
    if (o->sweep == SWEEP_PARALLEL || o->sweep == SWEEP_LEAVES) {
        for (int i = 0; i < n; i++) values[i] = from[i];
        return n;
    }
    /* all words after "auto" but the one that a CPU lacks */
    n = 0;
    const char *const *words = o->sweep == SWEEP_NETWORK ? network_words : network_precision_words;
    for (int i = 1; words[i]; i++) {
        bool missing = o->sweep != SWEEP_NETWORK && i - 1 == PRECISION_BF16 && bench_is_cpu(o);
        if (!missing) values[n++] = i;
    }
    return n;
}

/* The options with this value of the setting; its name goes to text (16). */
static BenchOptions sweep_options(const BenchOptions *o, int value, char *text) {
    BenchOptions options = *o;
    snprintf(text, 16, "%d", value);
    switch (o->sweep) {
    case SWEEP_PARALLEL: options.parallel = value; break;
    case SWEEP_LEAVES: options.leaves = value; break;
    case SWEEP_NETWORK:
        options.network = value;
        snprintf(text, 16, "%s", network_words[value]);
        break;
    default: options.precision = value; snprintf(text, 16, "%s", network_precision_words[value]);
    }
    return options;
}

static void print_row(const BenchOptions *o, const char *value, const SelfplayMetrics *m) {
    const SelfplayConfig *c = &m->config;
    const char *gemm = ceiling_gemm_name(o, c->precision);
    char bytes[16], outside[16] = "?", games[16] = "-", each[16] = "-", name[96], of[64];
    const bool ended = m->rows_a_game > 0; /* a game did, within a window */
    summary_bytes_text(m->bytes.model + m->bytes.trees + m->bytes.wave + m->bytes.games, bytes,
                       sizeof bytes);
    if (m->outside >= 0) snprintf(outside, sizeof outside, "%.1f%%", 100 * m->outside);
    if (ended) snprintf(games, sizeof games, "%.4g", m->games_per_minute);
    if (ended) snprintf(each, sizeof each, "%.1f", m->rows_a_game);
    printf("%-10s %8d %12.4g %12.4g %8.1f%% %12s %10s %9s %10s\n", value, c->parallel,
           m->rows_per_second, m->ceiling, 100 * m->share, games, each, outside, bytes);
    fflush(stdout);
    snprintf(of, sizeof of, "%s / 7.43 MFLOP", gemm);
    snprintf(name, sizeof name, "sweep %s %s, parallel %d", sweep_titles[o->sweep], value,
             c->parallel);
    bench_add(o, name, m->rows_per_second, "rows/s", m->ceiling, of);
    if (!ended) return;
    snprintf(of, sizeof of, "%s / (rows a game x 7.43 MFLOP)", gemm);
    bench_add(o, name, m->games_per_minute, "games/min", 60 * m->ceiling / m->rows_a_game, of);
}

Status bench_sweep(const BenchOptions *o) {
    int values[VALUES_MAX], n = sweep_values(o, values), measured = 0;
    printf("selfplay, %s, %dx%d, P %d T %d; ceiling: plain GEMM of the row's precision\n",
           o->device->backend->name, o->worlds, o->simulations, o->players, o->cards);
    printf("%-10s %8s %12s %12s %9s %12s %10s %9s %10s\n", sweep_titles[o->sweep], "parallel",
           "rows/s", "ceiling", "share", "games/min", "rows/game", "outside", "memory");
    for (int i = 0; i < n; i++) {
        char text[16];
        SelfplayMetrics metrics;
        fflush(stdout);
        BenchOptions options = sweep_options(o, values[i], text);
        Status status = bench_run_measure(&options, &metrics);
        if (status == STATUS_OK)
            print_row(&options, text, &metrics);
        else if (status == STATUS_MEMORY)
            printf("%-10s does not fit into memory\n", text);
        else if (status == STATUS_INPUT || status == STATUS_ARGUMENT)
            printf("%-10s not on this device\n", text);
        else
            return status;
        measured += status == STATUS_OK;
    }
    return measured ? STATUS_OK : STATUS_INPUT;
}
