/* host/programs/blob_selfplay.c - blob-gpu-selfplay: plays games and writes them to a folder.
 *
 * Steps: 1 options, 2 device, 3 network, 4 size, 5 folder, 6 epochs, 7 summary. Mistakes are
 * refused before the folder is touched. */
#include <errno.h>
#include <stdlib.h>

#include "device/core/timeline.h"
#include "host/process/progress.h"
#include "host/process/signals.h"
#include "host/process/streams.h"
#include "host/process/threads.h"
#include "host/options/network_options.h"
#include "host/files/weights_file.h"
#include "host/files/weights_shape.h"
#include "host/games/shard.h"
#include "host/run/metrics.h"
#include "host/run/outlook.h"
#include "host/run/run_failure.h"
#include "host/run/run_identity.h"
#include "host/run/run_memory.h"
#include "host/run/selfplay_options.h"
#include "host/run/summary.h"

static const double SAVE_SECONDS = 10; /* between flushing parts to disk */
enum { TIMELINE_EPOCHS = 48 };         /* that --trace writes, as its help says */

typedef struct {
    SelfplayOptions options;
    SelfplayConfig config;
    const Device *device;
    char device_text[256];  /* name and threads */
    char network_text[256]; /* the implementation chosen, and why */
    Weights weights;
    ShardStore *store;
    GameRange *ranges; /* (range_count) ids to play */
    int range_count;
    int64_t missing; /* games in them */
    Selfplay selfplay;
    GameTally tally;
    size_t free_bytes; /* on the device, before the run took its memory */
    RunRates rates;
    char **argv;
    Timeline *timeline; /* NULL: not asked for, or ended */
    char drawn[200];    /* what the time line holds of the device */
} Run;

static const Weights *run_weights(const Run *run) {
    return run->config.evaluator == EVALUATOR_NET ? &run->weights : NULL;
}

/* Step 3: the network, from a file or random. */
static Status load_network(Run *run) {
    const SelfplayOptions *o = &run->options;
    if (run->config.evaluator != EVALUATOR_NET) {
        if (!o->weights) return STATUS_OK;
        fprintf(stderr, "--weights %s: only with --evaluator net\n", o->weights);
        return STATUS_INPUT;
    }
    if (o->weights) {
        TRY(weights_file_player(o->weights, &run->config.model));
        return weights_file_load(&run->weights, &run->config.model, o->weights);
    }
    TRY(weights_alloc(&run->weights, &run->config.model));
    weights_init(&run->weights, (uint64_t)o->weights_seed);
    return STATUS_OK;
}

/* The rest of step 3: precision and implementation of the network. */
static Status choose_network(Run *run) {
    SelfplayConfig *c = &run->config;
    if (c->evaluator != EVALUATOR_NET) return STATUS_OK;
    NetSpec spec = {
        .model = c->model, .precision = c->precision, .network = NETWORK_AUTO, .capacity = 1};
    TRY(run->device->net->choose((Network)run->options.play.network, &spec, &run->weights,
                                 &c->network, run->network_text, sizeof run->network_text));
    return STATUS_OK;
}

/* Step 5: the folder, and the games that are missing in it. If none is, run.json stays as it is. */
static Status open_folder(Run *run) {
    const SelfplayOptions *o = &run->options;
    cJSON *identity = run_identity(o, &run->config, run->device, run_weights(run));
    Status status = STATUS_MEMORY;
    if (identity) status = shard_open(&run->store, o->out, identity, NULL, o->games);
    cJSON_Delete(identity);
    if (status != STATUS_OK) return status;
    const ShardRange *missing = shard_missing(run->store, &run->range_count);
    run->ranges = calloc((size_t)run->range_count + 1, sizeof *run->ranges);
    if (!run->ranges) return STATUS_MEMORY;
    for (int i = 0; i < run->range_count; i++) {
        run->ranges[i].first = missing[i].first;
        run->ranges[i].ordinal = run->missing;
        run->missing += missing[i].count;
    }
    if (run->missing == 0) return STATUS_OK;
    cJSON *machine = run_machine(o, &run->config, run->device_text);
    status = machine ? shard_write_machine(run->store, machine) : STATUS_MEMORY;
    cJSON_Delete(machine);
    return status;
}

/* Printed once nothing can be refused any more, so that a refusal is the only line. */
static void print_start(const Run *run) {
    const SelfplayOptions *o = &run->options;
    char text[16];
    if (o->play.quiet) return;
    fprintf(stderr, "device: %s\n", run->device_text);
    if (run->config.evaluator == EVALUATOR_NET)
        fprintf(stderr, "network: %s, %s\n", precision_name(run->config.precision),
                run->network_text);
    if (run->config.evaluator == EVALUATOR_NET && !o->weights)
        fprintf(stderr, "no --weights: a random network, seed %lld\n", (long long)o->weights_seed);
    summary_bytes_text(run->free_bytes, text, sizeof text);
    summary_bytes_print(&run->rates.bytes, stderr);
    fprintf(stderr, "            of %s free\n", text);
}

static RunFailure failure_of(const Run *run) {
    return (RunFailure){.options = &run->options,
                        .config = &run->config,
                        .store = run->store,
                        .ranges = run->ranges,
                        .range_count = run->range_count,
                        .graphs = run->device->backend->graphs,
                        .started = run->rates.counters.started,
                        .argv = run->argv};
}

/* Adds the finished games of an epoch to the folder and the tally. */
static Status save_games(Run *run, const uint16_t *out, int words) {
    GameTerms terms = {run->config.rules, run->config.settings.cards, run->config.settings.full};
    for (int at = 0; at < words;) {
        int count = game_record_words(out + at, words - at);
        GameRecord record;
        if (!game_record_begin(&record, &terms, out + at, count) ||
            !game_tally_add(&run->tally, &record)) {
            fprintf(stderr, "game %lld came back damaged from the device: %s\n",
                    (long long)record.id, record.wrong);
            return STATUS_DEVICE;
        }
        TRY(shard_append(run->store, out + at, count));
        at += count;
    }
    return STATUS_OK;
}

/* Appends a line to metrics.jsonl. */
static Status save_metrics(Run *run) {
    TRY(run->device->backend->phases_read(run->rates.phases));
    cJSON *now = metrics_object(&run->rates, &run->tally, run->options.players);
    metrics_append(run->options.out, now);
    cJSON_Delete(now);
    return STATUS_OK;
}

/* Ends the time line of --trace, unless it has ended. A disk that refuses it costs no game. */
static void end_timeline(Run *run, int64_t epochs) {
    char unused[1];
    bool full;
    if (!run->timeline) return;
    (void)run->device->backend->timeline(NULL, unused, sizeof unused);
    long events = timeline_events(run->timeline, &full);
    if (timeline_close(run->timeline) == STATUS_OK && epochs > 0 && !run->options.play.quiet)
        fprintf(stderr, "timeline: %s holds %ld events of %lld epochs%s: %s\n",
                run->options.timeline, events, (long long)epochs, full ? " and is full" : "",
                run->drawn);
    run->timeline = NULL;
}

/* Step 6: reads an epoch while the next one runs. */
static Status play(Run *run) {
    Selfplay *sp = &run->selfplay;
    const PlayCounters *counters;
    const uint16_t *out;
    int64_t there = run->options.games - run->missing;
    double start = progress_clock(), saved = start;
    Outlook outlook = outlook_begin(&run->config, run->missing);
    Progress progress = progress_begin(run->options.play.quiet, there, run->options.games);
    for (int64_t epoch = 0; run->tally.games < run->missing; epoch++) {
        double now = timeline_clock();
        if (signals_asked() == 0) TRY(selfplay_feed(sp));
        if (!selfplay_is_fed(sp)) break;
        now = timeline_host(run->timeline, "enqueue", now);
        TRY(selfplay_read(sp, &counters, &out));
        now = timeline_host(run->timeline, "wait", now);
        run->rates.counters = *counters;
        TRY(save_games(run, out, counters->out_used));
        now = timeline_host(run->timeline, "write games", now);
        if (counters->fault.code != FAULT_NONE) {
            TRY(shard_flush(run->store)); /* finished games are not lost */
            RunFailure failure = failure_of(run);
            return run_failure_fault(&failure, &counters->fault);
        }
        run->rates.seconds = progress_clock() - start;
        progress_show(&progress, there + run->tally.games,
                      outlook_share(&outlook, counters->rows, run->tally.games,
                                    counters->started - run->tally.games));
        if (progress_clock() - saved > SAVE_SECONDS) {
            TRY(shard_flush(run->store));
            TRY(save_metrics(run));
            saved = progress_clock();
            timeline_host(run->timeline, "flush to disk", now);
        }
        if (run->timeline) TRY(run->device->backend->phases_read(run->rates.phases));
        timeline_flush(run->timeline);
        if (epoch + 1 == TIMELINE_EPOCHS) end_timeline(run, TIMELINE_EPOCHS);
    }
    progress_end(&progress, there + run->tally.games);
    return save_metrics(run);
}

/* Adds the rates, known only now, to run.json. */
static Status save_rates(Run *run) {
    cJSON *machine = run_machine(&run->options, &run->config, run->device_text);
    if (!machine) return STATUS_MEMORY;
    cJSON_AddItemToObject(machine, "rates",
                          metrics_object(&run->rates, &run->tally, run->options.players));
    Status status = shard_write_machine(run->store, machine);
    cJSON_Delete(machine);
    return status;
}

/* Step 7. */
static void print_summary(const Run *run) {
    int64_t there = run->options.games - run->missing + run->tally.games;
    printf("device      %s\n", run->device_text);
    printf("run         %lld of %lld games are in %s%s\n", (long long)there,
           (long long)run->options.games, run->options.out,
           there < run->options.games ? "; the same command plays the rest" : "");
    game_tally_print(&run->tally, run->options.players, stdout);
    run_rates_print(&run->rates, &run->tally, stdout);
}

static Status run_all(Run *run, int argc, char **argv) {
    run->argv = argv;
    /* Step 1: options. */
    run->options = selfplay_options_default();
    TRY(options_parse(&selfplay_option_table, argc, argv, &run->options, NULL, 0, NULL));
    TRY(selfplay_options_check(&run->options));
    run->config = selfplay_options_config(&run->options);
    TRY(threads_set(run->options.play.threads, 1));
    /* Step 2: device. */
    TRY(device_open(run->options.play.device, &run->device, run->device_text,
                    sizeof run->device_text));
    TRY(network_precision(run->options.play.precision, run->device, &run->config.precision));
    /* Steps 3 to 5. */
    TRY(load_network(run));
    TRY(choose_network(run));
    TRY(run_memory_choose(&run->config, run->options.games, run->device, &run->rates.bytes,
                          &run->free_bytes));
    if (run->options.timeline) TRY(timeline_open(&run->timeline, run->options.timeline));
    TRY(open_folder(run));
    if (run->missing == 0) {
        printf("%s holds all %lld games of this run: nothing to play\n", run->options.out,
               (long long)run->options.games);
        return STATUS_OK;
    }
    if (run->config.parallel > run->missing) run->config.parallel = (int)run->missing;
    selfplay_measure(&run->config, run->device, &run->rates.bytes);
    print_start(run);
    if (run->timeline)
        TRY(run->device->backend->timeline(run->timeline, run->drawn, sizeof run->drawn));
    Status status = selfplay_open(&run->selfplay, &run->config, run->device, run_weights(run),
                                  run->ranges, run->range_count, run->missing);
    if (status == STATUS_MEMORY) {
        selfplay_close(&run->selfplay);
        return run_memory_refuse(&run->config, run->device);
    }
    TRY(status);
    if (run->config.graph && run->device->backend->graphs && !selfplay_has_graph(&run->selfplay))
        fprintf(stderr,
                "an epoch of %d waves is too long for a graph: kernels are launched one by one\n",
                run->config.waves);
    /* Steps 6 and 7. */
    TRY(signals_watch(run->options.play.quiet));
    status = play(run);
    if (status == STATUS_DEVICE) {
        TRY(shard_flush(run->store));
        RunFailure failure = failure_of(run);
        return run_failure_device(&failure, status);
    }
    TRY(status);
    TRY(shard_flush(run->store));
    TRY(save_rates(run));
    print_summary(run);
    return STATUS_OK;
}

int main(int argc, char **argv) {
    static Run run;
    threads_begin(argv);
    signals_block(); /* before any thread exists */
    streams_open();
    Status status = run_all(&run, argc, argv);
    end_timeline(&run, run.selfplay.epochs);
    selfplay_close(&run.selfplay);
    Status closed = shard_close(run.store);
    weights_free(&run.weights);
    free(run.ranges);
    if (status == STATUS_OK) status = closed;
    if (status == STATUS_MEMORY) fprintf(stderr, "not enough memory; try a smaller --parallel\n");
    if (fflush(stdout) != 0 && status == STATUS_OK) {
        fprintf(stderr, "standard output: %s\n", strerror(errno));
        status = STATUS_FILE;
    }
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 1;
}
