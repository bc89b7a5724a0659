/* bench/blob_bench.c - blob-bench: every metric beside its ceiling, measured in the same run. */
#include <omp.h>

#include "host/process/streams.h"
#include "host/options/network_options.h"
#include "bench.h"

static const struct {
    const char *name;
    BenchFunction run;
} benches[] = {
    {"selfplay", bench_selfplay}, {"rows", bench_rows},   {"tree", bench_tree},
    {"gemm", bench_gemm},         {"copy", bench_copy},   {"worlds", bench_worlds},
    {"replay", bench_replay},     {"train", bench_train}, {"signature", bench_signature}};

enum { BENCHES = sizeof benches / sizeof benches[0] };

#define BENCH_NAMES "selfplay rows tree gemm copy worlds replay train signature"

static const char *const budget_names[] = {"light", "medium", "heavy", NULL};
static const char *const sweep_names[] = {"none",    "parallel",  "leaves",
                                          "network", "precision", NULL};

static void budget_preset(void *options, int choice) {
    BenchOptions *o = options;
    o->worlds = selfplay_budgets[choice].worlds;
    o->simulations = selfplay_budgets[choice].simulations;
}

#define AT(field) offsetof(BenchOptions, field)

static const Option bench_options[] = {
    {"players", "P", "seats (4)", OPTION_INT, AT(players), 2, 8, NULL, NULL, 0},
    {"cards", "T", "cards dealt to each (5)", OPTION_INT, AT(cards), 1, MAX_HAND, NULL, NULL, 0},
    {"budget", "NAME", "light 2x20, medium 3x30, heavy 5x50 worlds x simulations (medium)",
     OPTION_PRESET, 0, 0, 0, budget_names, budget_preset, 0},
    {"worlds", "W", "worlds a decision (3)", OPTION_INT, AT(worlds), 1, 255, NULL, NULL, 0},
    {"simulations", "S", "simulations a tree (30)", OPTION_INT, AT(simulations), 1, 10000, NULL,
     NULL, 0},
    {"leaves", "K", "leaves a batch (1)", OPTION_INT, AT(leaves), 1, 255, NULL, NULL, 0},
    {"parallel", "G", "live games (1024 on the cpu, 24576 on cuda)", OPTION_INT, AT(parallel), 1,
     1048576, NULL, NULL, 0},
    {"sweep", "NAME",
     "selfplay once for each value of parallel, leaves, network or precision (none)", OPTION_CHOICE,
     AT(sweep), 0, 0, sweep_names, NULL, 0},
    {"rows", "R", "one more row count for `rows`", OPTION_INT, AT(rows), 1, 1048576, NULL, NULL, 0},
    {"precision", "NAME", NETWORK_PRECISION_HELP, OPTION_CHOICE, AT(precision), 0, 0,
     network_precision_words, NULL, 0},
    {"network", "NAME", NETWORK_WAY_HELP, OPTION_CHOICE, AT(network), 0, 0, network_words, NULL, 0},
    {"device", "NAME", "auto, cuda, cpu (auto)", OPTION_TEXT, AT(device_name), 0, 0, NULL, NULL, 0},
    {"no-graph", NULL, "cuda: launch kernels one by one", OPTION_FLAG, AT(no_graph), 0, 0, NULL,
     NULL, 0},
    {"threads", "N", "CPU threads (all)", OPTION_INT, AT(threads), 1, 4096, NULL, NULL, 0},
    {"repeats", "N", "measurements, of which the median counts (5)", OPTION_INT, AT(repeats), 1,
     BENCH_REPEATS_MAX, NULL, NULL, 0},
    {"seconds", "X", "one measurement lasts (1)", OPTION_REAL, AT(seconds), 0.01, 60, NULL, NULL,
     0},
    {"seed", "N", "positions and games (1)", OPTION_INT64, AT(seed), 0, 9007199254740991.0, NULL,
     NULL, 0},
    {"csv", "FILE", "append machine,name,value,unit,ceiling,its name", OPTION_TEXT, AT(csv), 0, 0,
     NULL, NULL, 0},
    {"json", "FILE", "write every figure as an object, when all is done", OPTION_TEXT, AT(json), 0,
     0, NULL, NULL, 0},
    {NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};

static const OptionTable table = {
    "blob-bench",
    "Measures Blob's parts, each figure beside its ceiling in the same run.\v"
    "  selfplay   games and rows a second with the full network, beside plain GEMM\n"
    "  rows       the network alone, by rows a call\n"
    "  tree       search alone with the uniform evaluator; then every step of self-play, its bytes "
    "and GB/s beside plain copying\n"
    "  gemm       the ceiling of a CPU: oneDNN's GEMM at the network's shapes, float32 and int8\n"
    "  copy       the ceilings of the device: copying; on cuda large products by cuBLASLt\n"
    "  worlds     determinization\n"
    "  replay     the CPU's replay: add by 1 to 32 writers, gather, save, load\n"
    "  train      training: gather, forward, backward, AdamW, at batches of 512 to 4,096\n"
    "  signature  one hash of all visit counts of a fixed set of games: a change of play shows",
    "selfplay|rows|tree|gemm|copy|worlds|replay|train|signature ...", bench_options};

static int find(const char *name) {
    for (int i = 0; i < BENCHES; i++)
        if (strcmp(benches[i].name, name) == 0) return i;
    return -1;
}

static Status check(const BenchOptions *o, const char *const *names, int count) {
    bool selfplay = false;
    if (o->cards * o->players > CARDS) {
        fprintf(stderr, "--cards %d: must be 1..%d with --players %d\n", o->cards,
                CARDS / o->players, o->players);
        return STATUS_INPUT;
    }
    for (int i = 0; i < count; i++) {
        selfplay |= strcmp(names[i], "selfplay") == 0;
        if (find(names[i]) >= 0) continue;
        fprintf(stderr, "%s: no such bench; allowed: " BENCH_NAMES "\n", names[i]);
        return STATUS_INPUT;
    }
    if (count == 0) fprintf(stderr, "which bench? allowed: " BENCH_NAMES "\n");
    if (count > 0 && o->sweep != SWEEP_NONE && !selfplay)
        fprintf(stderr, "--sweep %s: only with the bench selfplay\n", sweep_names[o->sweep]);
    return count > 0 && (o->sweep == SWEEP_NONE || selfplay) ? STATUS_OK : STATUS_INPUT;
}

/* The processor's name as the kernel knows it. */
static void processor_name(char *name, size_t bytes) {
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

/* The machine of the metrics: "AMD EPYC, 2 threads", or what the backend says of its GPU. */
static Status open_device(BenchOptions *o) {
    char name[256];
    TRY(device_open(o->device_name, &o->device, name, sizeof name));
    if (bench_is_cpu(o)) {
        processor_name(name, sizeof name);
        snprintf(o->machine, sizeof o->machine, "%s, %d threads", name, o->threads);
    } else {
        snprintf(o->machine, sizeof o->machine, "%s", name);
    }
    return STATUS_OK;
}

static BenchOptions options_default(void) {
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
    o.device_name = "auto";
    return o;
}

int main(int argc, char **argv) {
    const char *names[BENCHES];
    int count = 0;
    BenchOptions o = options_default();
    streams_open();
    if (options_parse(&table, argc, argv, &o, names, BENCHES, &count) != STATUS_OK) return 2;
    if (o.threads) omp_set_num_threads(o.threads);
    o.threads = omp_get_max_threads();
    if (check(&o, names, count) != STATUS_OK || open_device(&o) != STATUS_OK) return 2;
    if (bench_begin(&o) != STATUS_OK) return 2;
    Status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < count; i++) {
        status = benches[find(names[i])].run(&o);
        if (status == STATUS_MEMORY)
            fprintf(stderr,
                    "%s: not enough memory; try fewer --worlds, --simulations or --parallel\n",
                    names[i]);
    }
    Status saved = bench_save(&o); /* what was measured before a failure too */
    if (status == STATUS_OK) status = saved;
    if (fflush(stdout) != 0) {
        perror("standard output");
        return 1;
    }
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 1;
}
