/* bench/blob_bench.c - blob-bench: its options, its table of benches, and main(). */
#include <omp.h>

#include "host/process/streams.h"
#include "host/process/threads.h"
#include "host/options/network_options.h"
#include "bench.h"

static const struct {
    const char *name;
    BenchFunction run;
} benches[] = {{"selfplay", bench_selfplay},  {"rows", bench_rows},     {"tree", bench_tree},
               {"gemm", bench_gemm},          {"copy", bench_copy},     {"worlds", bench_worlds},
               {"solve", bench_solve},        {"replay", bench_replay}, {"train", bench_train},
               {"signature", bench_signature}};

enum { BENCHES = sizeof benches / sizeof benches[0] };

#define BENCH_NAMES "selfplay rows tree gemm copy worlds solve replay train signature"

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
    {.name = "players",
     .arg = "P",
     .help = "seats (4)",
     .kind = OPTION_INT,
     .offset = AT(players),
     .min = 2,
     .max = 8},
    {.name = "cards",
     .arg = "T",
     .help = "cards dealt to each (5)",
     .kind = OPTION_INT,
     .offset = AT(cards),
     .min = 1,
     .max = MAX_HAND},
    {.name = "budget",
     .arg = "NAME",
     .help = "light 2x20, medium 3x30, heavy 5x50 worlds x simulations (medium)",
     .kind = OPTION_PRESET,
     .choices = budget_names,
     .preset = budget_preset},
    {.name = "worlds",
     .arg = "W",
     .help = "worlds a decision (3)",
     .kind = OPTION_INT,
     .offset = AT(worlds),
     .min = 1,
     .max = 255},
    {.name = "simulations",
     .arg = "S",
     .help = "simulations a tree (30); 0, with --worlds 1, only for selfplay: moves by the "
             "network's policy",
     .kind = OPTION_INT,
     .offset = AT(simulations),
     .min = 0,
     .max = 10000},
    {.name = "leaves",
     .arg = "K",
     .help = "leaves a batch (1)",
     .kind = OPTION_INT,
     .offset = AT(leaves),
     .min = 1,
     .max = 255},
    {.name = "parallel",
     .arg = "G",
     .help = "live games (1024 on the cpu, 24576 on cuda)",
     .kind = OPTION_INT,
     .offset = AT(parallel),
     .min = 1,
     .max = 1048576},
    {.name = "sweep",
     .arg = "NAME",
     .help = "run selfplay for each value of parallel, leaves, network or precision (none)",
     .kind = OPTION_CHOICE,
     .offset = AT(sweep),
     .choices = sweep_names},
    {.name = "rows",
     .arg = "R",
     .help = "an additional row count for the bench rows",
     .kind = OPTION_INT,
     .offset = AT(rows),
     .min = 1,
     .max = 1048576},
    {.name = "precision",
     .arg = "NAME",
     .help = NETWORK_PRECISION_HELP,
     .kind = OPTION_CHOICE,
     .offset = AT(precision),
     .choices = network_precision_words},
    {.name = "network",
     .arg = "NAME",
     .help = NETWORK_HELP,
     .kind = OPTION_CHOICE,
     .offset = AT(network),
     .choices = network_words},
    {.name = "device",
     .arg = "NAME",
     .help = "auto, cuda, cpu (auto)",
     .kind = OPTION_TEXT,
     .offset = AT(device_name),
     .choices = network_device_words},
    {.name = "no-graph",
     .help = "cuda: launch the kernels one by one",
     .kind = OPTION_FLAG,
     .offset = AT(no_graph)},
    {.name = "threads",
     .arg = "N",
     .help = "CPU threads (all)",
     .kind = OPTION_INT,
     .offset = AT(threads),
     .min = 1,
     .max = 4096},
    {.name = "repeats",
     .arg = "N",
     .help = "number of measurements; the median counts (5)",
     .kind = OPTION_INT,
     .offset = AT(repeats),
     .min = 1,
     .max = BENCH_REPEATS_MAX},
    {.name = "seconds",
     .arg = "X",
     .help = "length of one measurement (1)",
     .kind = OPTION_REAL,
     .offset = AT(seconds),
     .min = 0.01,
     .max = 60},
    {.name = "seed",
     .arg = "N",
     .help = "seed of positions and games (1)",
     .kind = OPTION_INT64,
     .offset = AT(seed),
     .min = 0,
     .max = 9007199254740991.0},
    {.name = "csv",
     .arg = "FILE",
     .help = "append to a table: machine,name,value,unit,ceiling,ceiling name",
     .kind = OPTION_TEXT,
     .offset = AT(csv),
     .writes = 1},
    {.name = "json",
     .arg = "FILE",
     .help = "at the end, write every metric as an object",
     .kind = OPTION_TEXT,
     .offset = AT(json),
     .writes = 1},
    {0}};

static const OptionTable table = {
    .program = "blob-bench",
    .about =
        "Measures the parts of Blob, each metric beside its ceiling in the same run.\v"
        "  selfplay   games and rows a second with the full network, beside plain GEMM\n"
        "  rows       the network alone, by rows a call\n"
        "  tree       search alone with the uniform evaluator; then each phase of self-play, its "
        "bytes, and its GB/s beside plain copying\n"
        "  gemm       products alone on a CPU at the network's shapes: ours, and oneDNN's where "
        "found\n"
        "  copy       the device's ceilings: copying; on cuda also large products by cuBLASLt\n"
        "  worlds     determinization\n"
        "  solve      open hands solved, by seats and cards\n"
        "  replay     the replay ring: add (on the CPU by 1 to 32 writers), gather, save, load\n"
        "  train      training: gather, forward, backward, AdamW, at batches of 512 to 4,096\n"
        "  signature  one hash of all visit counts of a fixed set of games, which shows whether "
        "play has changed",
    .words = BENCH_NAMES,
    .files = "selfplay|rows|tree|gemm|copy|worlds|solve|replay|train|signature ...",
    .options = bench_options};

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
    if (count > 0 && o->simulations == 0 && (o->worlds > 1 || count > 1 || !selfplay)) {
        fprintf(stderr, "--simulations 0: only with the bench selfplay, and --worlds 1\n");
        return STATUS_INPUT;
    }
    if (count == 0) fprintf(stderr, "which bench? allowed: " BENCH_NAMES "\n");
    if (count > 0 && o->sweep != SWEEP_NONE && !selfplay)
        fprintf(stderr, "--sweep %s: only with the bench selfplay\n", sweep_names[o->sweep]);
    return count > 0 && (o->sweep == SWEEP_NONE || selfplay) ? STATUS_OK : STATUS_INPUT;
}

/* The processor's name by /proc/cpuinfo. */
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

/* Opens the device and names the machine: "AMD EPYC, 2 threads", or the backend's text of the
 * GPU. */
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
    return (BenchOptions){.players = 4,
                          .cards = 5,
                          .worlds = 3,
                          .simulations = 30,
                          .leaves = 1,
                          .repeats = 5,
                          .seed = 1,
                          .seconds = 1,
                          .device_name = "auto"};
}

int main(int argc, char **argv) {
    const char *names[BENCHES];
    int count = 0;
    BenchOptions o = options_default();
    streams_open();
    if (options_parse(&table, argc, argv, &o, names, BENCHES, &count) != STATUS_OK) return 2;
    if (threads_set(o.threads, 2) != STATUS_OK) return 1;
    o.threads = omp_get_max_threads();
    if (check(&o, names, count) != STATUS_OK || open_device(&o) != STATUS_OK) return 2;
    if (bench_begin(&o) != STATUS_OK) return 2;
    Status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < count; i++) {
        status = benches[find(names[i])].run(&o);
        if (status == STATUS_MEMORY)
            fprintf(stderr,
                    "%s: not enough memory; try a smaller --worlds, --simulations or --parallel\n",
                    names[i]);
    }
    Status saved = bench_save(&o); /* after a failure, what was measured before it */
    if (status == STATUS_OK) status = saved;
    if (fflush(stdout) != 0) {
        perror("standard output");
        return 1;
    }
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 1;
}
