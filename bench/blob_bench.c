/* bench/blob_bench.c - blob-bench: every figure beside its ceiling, measured in the same run. */
#include <omp.h>

#include "bench.h"

static const struct {
    const char *name;
    BenchFunction run;
} benches[] = {{"selfplay", bench_selfplay}, {"rows", bench_rows},
               {"tree", bench_tree},         {"gemm", bench_gemm},
               {"worlds", bench_worlds},     {"signature", bench_signature}};

enum { BENCHES = sizeof benches / sizeof benches[0] };

static const char *const precision_names[] = {"float32", "bf16", NULL};

#define AT(field) offsetof(BenchOptions, field)

static const Option bench_options[] = {
    {"players", "P", "seats (4)", OPTION_INT, AT(players), 2, 8, NULL, NULL, 0},
    {"cards", "T", "cards dealt to each (5)", OPTION_INT, AT(cards), 1, MAX_HAND, NULL, NULL, 0},
    {"worlds", "W", "worlds a decision (3)", OPTION_INT, AT(worlds), 1, 255, NULL, NULL, 0},
    {"simulations", "S", "simulations a tree (30)", OPTION_INT, AT(simulations), 1, 10000, NULL,
     NULL, 0},
    {"leaves", "K", "leaves a batch (1)", OPTION_INT, AT(leaves), 1, 255, NULL, NULL, 0},
    {"parallel", "G", "live games (1024 on the cpu, 24576 on cuda)", OPTION_INT, AT(parallel), 1,
     1048576, NULL, NULL, 0},
    {"rows", "R", "one more row count for `rows`", OPTION_INT, AT(rows), 1, 1048576, NULL, NULL, 0},
    {"threads", "N", "CPU threads (all)", OPTION_INT, AT(threads), 1, 4096, NULL, NULL, 0},
    {"repeats", "N", "measurements, of which the median counts (5)", OPTION_INT, AT(repeats), 1, 16,
     NULL, NULL, 0},
    {"seconds", "X", "one measurement lasts (1)", OPTION_REAL, AT(seconds), 0.01, 60, NULL, NULL,
     0},
    {"seed", "N", "positions and games (1)", OPTION_INT64, AT(seed), 0, 9007199254740991.0, NULL,
     NULL, 0},
    {"precision", "NAME", "float32, bf16 on cuda (float32)", OPTION_CHOICE, AT(precision), 0, 0,
     precision_names, NULL, 0},
    {"device", "NAME", "auto, cuda, cpu (auto)", OPTION_TEXT, AT(device), 0, 0, NULL, NULL, 0},
    {"csv", "FILE", "append machine,threads,name,value,unit,ceiling,its name", OPTION_TEXT, AT(csv),
     0, 0, NULL, NULL, 0},
    {NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};

static const OptionTable table = {
    "blob-bench",
    "Measures Blob's parts, each figure beside its ceiling in the same run.\v"
    "  selfplay   games and rows a second with the full network, beside plain GEMM\n"
    "  rows       the network alone\n"
    "  tree       search alone, uniform evaluator\n"
    "  gemm       the ceiling: oneDNN's single-precision GEMM at the network's shapes\n"
    "  worlds     determinization\n"
    "  signature  one hash of all visit counts of a fixed set of games: a change of play shows",
    "selfplay|rows|tree|gemm|worlds|signature ...", bench_options};

static int find(const char *name) {
    for (int i = 0; i < BENCHES; i++)
        if (strcmp(benches[i].name, name) == 0) return i;
    return -1;
}

int main(int argc, char **argv) {
    const char *names[BENCHES];
    int count = 0;
    BenchOptions o;
    memset(&o, 0, sizeof o);
    o.players = 4;
    o.cards = 5;
    o.worlds = 3;
    o.simulations = 30;
    o.leaves = 1;
    o.repeats = 5;
    o.seed = 1;
    o.seconds = 1;
    o.device = "auto";
    if (options_parse(&table, argc, argv, &o, names, BENCHES, &count) != STATUS_OK) return 2;
    if (o.threads) omp_set_num_threads(o.threads);
    o.threads = omp_get_max_threads();
    if (o.cards * o.players > CARDS) {
        fprintf(stderr, "--cards %d: must be 1..%d with --players %d\n", o.cards, CARDS / o.players,
                o.players);
        return 2;
    }
    for (int i = 0; i < count; i++)
        if (find(names[i]) < 0) {
            fprintf(stderr,
                    "%s: no such bench; allowed: selfplay rows tree gemm worlds signature\n",
                    names[i]);
            return 2;
        }
    if (count == 0) {
        fprintf(stderr, "which bench? allowed: selfplay rows tree gemm worlds signature\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        Status status = benches[find(names[i])].run(&o);
        if (status == STATUS_MEMORY)
            fprintf(stderr,
                    "%s: not enough memory; try fewer --worlds, --simulations or --parallel\n",
                    names[i]);
        if (status != STATUS_OK) return status == STATUS_INPUT ? 2 : 1;
    }
    if (fflush(stdout) == 0) return 0;
    perror("standard output");
    return 1;
}
