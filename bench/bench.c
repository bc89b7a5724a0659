/* bench/bench.c - clock, medians, positions and reports of all benches. */
#include "bench.h"

#include "../device/play/deal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

double bench_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, compare_double);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* The processor's name as the kernel knows it. */
static void machine_name(char *name, size_t bytes) {
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(name, bytes, "unknown processor");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        colon[strcspn(colon, "\n")] = 0;
        snprintf(name, bytes, "%s", colon + 2);
        break;
    }
    if (f) fclose(f);
}

void bench_report(const BenchOptions *o, const char *name, double value, const char *unit,
                  double ceiling, const char *ceiling_name) {
    printf("%-44s %14.4g %-16s", name, value, unit);
    if (ceiling > 0) printf(" %5.1f%% of %.4g (%s)", 100 * value / ceiling, ceiling, ceiling_name);
    printf("\n");
    fflush(stdout);
    if (!o->csv) return;
    char machine[128];
    machine_name(machine, sizeof machine);
    FILE *f = fopen(o->csv, "a");
    if (!f) {
        fprintf(stderr, "--csv %s: %s\n", o->csv, strerror(errno));
        return;
    }
    fprintf(f, "\"%s, %d threads\",\"%s\",%.6g,%s,%.6g,%s\n", machine, o->threads,
            name + strspn(name, " "), value, unit, ceiling, ceiling > 0 ? ceiling_name : "");
    fclose(f);
}

/* One random round, stopped after `stop` choices or at its last one. */
static void random_position(const Rules *rules, int cards, Rng *rng, RoundState *out) {
    uint64_t hands[MAX_SEATS];
    RoundState s;
    int P = rules->players,
        turned = deal_hands(rng, P, cards, rules->variant == RULES_OH_HELL, hands);
    int trump = turned == CARD_NONE ? (int)rng_below(rng, SUITS + 1) : card_suit(turned);
    round_begin(&s, P, cards, (int)rng_below(rng, (uint32_t)P), trump, turned, hands);
    int stop = (int)rng_below(rng, (uint32_t)(P * (cards + 1)));
    *out = s;
    for (int i = 0; i <= stop && !round_is_over(&s); i++) {
        uint64_t legal = round_legal(&s);
        if (!bits_is_one(legal)) *out = s;
        for (int skip = (int)rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
            legal &= legal - 1;
        round_apply(&s, bits_lowest(legal));
    }
}

void bench_positions(const Rules *rules, int cards, uint64_t seed, int n, RoundState *states) {
    for (int i = 0; i < n; i++) {
        Rng rng = rng_begin(seed, (uint64_t)i, 0, RNG_DEAL, 0);
        random_position(rules, cards, &rng, &states[i]);
    }
}

double bench_row_flops(const ModelConfig *m) {
    double C = m->width, layer = C * C + 2.0 * C * m->hidden;
    double heads = C * m->policy_hidden + (double)m->policy_hidden * m->actions +
                   C * m->value_hidden + (double)m->value_hidden * m->values;
    return 2 * (m->inputs * C + m->layers * layer + heads);
}
