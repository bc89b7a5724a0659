/* host/programs/blob_selfplay.c - blob-gpu-selfplay: turns the crank of a self-play run.
 *
 * Steps: 1 options, 2 device, 3 network, 4 size, 5 folder, 6 epochs, 7 summary. What can be refused
 * is refused before the folder is touched. */
#include <errno.h>
#include <stdlib.h>

#include <omp.h>

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
#include "host/run/run_failure.h"
#include "host/run/run_identity.h"
#include "host/run/run_memory.h"
#include "host/run/selfplay_options.h"
#include "host/run/summary.h"

static const double SAVE_SECONDS = 10; /* between two flushes of the parts to disk */
enum { TIMELINE_EPOCHS = 48 };         /* what --trace draws, as its help says */

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
    size_t free_bytes; /* on the device, before the run took its own */
    RunRates rates;
    char **argv;
    Timeline *timeline; /* NULL: nothing is drawn, or no more */
    char drawn[200];    /* what the timeline holds of the device, in words */
} Run;

static const Weights *run_weights(const Run *run) {
    return run->config.evaluator == EVALUATOR_NET ? &run->weights : NULL;
}

/* Step 3: the network, from a file or seeded. */
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

/* The rest of step 3: in which numbers, and which way through it. */
static Status choose_network(Run *run) {
    SelfplayConfig *c = &run->config;
    if (c->evaluator != EVALUATOR_NET) return STATUS_OK;
    NetSpec spec = {c->model, c->precision, NETWORK_AUTO, 1, NULL};
    TRY(run->device->net->choose((Network)run->options.play.network, &spec, &run->weights,
                                 &c->network, run->network_text, sizeof run->network_text));
    return STATUS_OK;
}

/* Step 5: the folder, and what is missing in it. With nothing to play run.json keeps what it says.
 */
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

/* Said only when nothing is left to refuse, so that a refusal stands alone. */
static void print_start(const Run *run) {
    const SelfplayOptions *o = &run->options;
    char text[16];
    if (o->play.quiet) return;
    fprintf(stderr, "device: %s\n", run->device_text);
    if (run->config.evaluator == EVALUATOR_NET)
        fprintf(stderr, "network: %s, %s\n", precision_name(run->config.precision),
                run->network_text);
    if (run->config.evaluator == EVALUATOR_NET && !o->weights)
        fprintf(stderr, "no --weights: a random network of seed %lld\n",
                (long long)o->weights_seed);
    summary_bytes_text(run->free_bytes, text, sizeof text);
    summary_bytes_print(&run->rates.bytes, stderr);
    fprintf(stderr, "            of %s that are free\n", text);
}

static RunFailure failure_of(const Run *run) {
    RunFailure failure = {&run->options,
                          &run->config,
                          run->store,
                          run->ranges,
                          run->range_count,
                          run->device->backend->graphs,
                          run->rates.counters.started,
                          run->argv};
    return failure;
}

/* Finished games of one epoch: into the folder and the tally. */
static Status keep_games(Run *run, const uint16_t *out, int words) {
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

/* A line of metrics.jsonl. */
static Status keep_metrics(Run *run) {
    TRY(run->device->backend->phases_read(run->rates.phases));
    cJSON *now = metrics_object(&run->rates, &run->tally, run->options.players);
    metrics_append(run->options.out, now);
    cJSON_Delete(now);
    return STATUS_OK;
}

/* What --trace draws ends here, if it has not before. A disk that refused it costs no game. */
static void end_timeline(Run *run, int64_t epochs) {
    char unused[1];
    bool full;
    if (!run->timeline) return;
    (void)run->device->backend->timeline(NULL, unused, sizeof unused);
    long events = timeline_events(run->timeline, &full);
    if (timeline_close(run->timeline) == STATUS_OK && epochs > 0 && !run->options.play.quiet)
        fprintf(stderr, "trace: %s holds %ld events of %lld epochs%s: %s\n", run->options.timeline,
                events, (long long)epochs, full ? " and is full" : "", run->drawn);
    run->timeline = NULL;
}

/* Step 6: one epoch is under way while the one before is read. */
static Status play(Run *run) {
    Selfplay *sp = &run->selfplay;
    const PlayCounters *counters;
    const uint16_t *out;
    int64_t there = run->options.games - run->missing;
    double start = progress_clock(), saved = start;
    Progress progress = progress_begin(run->options.play.quiet, there, run->options.games);
    TRY(selfplay_enqueue(sp));
    for (int64_t epoch = 0; run->tally.games < run->missing; epoch++) {
        bool stop = signals_asked() > 0;
        double now = timeline_clock();
        if (!stop) TRY(selfplay_enqueue(sp));
        now = timeline_host(run->timeline, "enqueue", now);
        TRY(selfplay_wait(sp, epoch, &counters, &out));
        now = timeline_host(run->timeline, "wait", now);
        run->rates.counters = *counters;
        TRY(keep_games(run, out, counters->out_used));
        now = timeline_host(run->timeline, "write games", now);
        if (counters->fault.code != FAULT_NONE) {
            TRY(shard_flush(run->store)); /* what was finished stays */
            RunFailure failure = failure_of(run);
            return run_failure_fault(&failure, &counters->fault);
        }
        run->rates.seconds = progress_clock() - start;
        progress_show(&progress, there + run->tally.games);
        if (progress_clock() - saved > SAVE_SECONDS) {
            TRY(shard_flush(run->store));
            TRY(keep_metrics(run));
            saved = progress_clock();
            timeline_host(run->timeline, "flush to disk", now);
        }
        if (run->timeline) TRY(run->device->backend->phases_read(run->rates.phases));
        timeline_flush(run->timeline);
        if (epoch + 1 == TIMELINE_EPOCHS) end_timeline(run, TIMELINE_EPOCHS);
        if (stop && epoch + 1 == sp->epochs) break;
    }
    progress_end(&progress, there + run->tally.games);
    return keep_metrics(run);
}

/* What is known of the run only now goes to run.json: its rates. */
static Status keep_rates(Run *run) {
    cJSON *machine = run_machine(&run->options, &run->config, run->device_text);
    if (!machine) return STATUS_MEMORY;
    cJSON_AddItemToObject(machine, "rates",
                          metrics_object(&run->rates, &run->tally, run->options.players));
    Status status = shard_write_machine(run->store, machine);
    cJSON_Delete(machine);
    return status;
}

/* Phase 7. */
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
    if (run->options.play.threads) omp_set_num_threads(run->options.play.threads);
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
        fprintf(stderr, "an epoch of %d waves is too long for a graph: launch by launch\n",
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
    TRY(keep_rates(run));
    print_summary(run);
    return STATUS_OK;
}

int main(int argc, char **argv) {
    static Run run;
    threads_begin(argv);
    signals_block(); /* before any thread begins */
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
