/* host/programs/blob_train.c - blob-train: the training loop: self-play, learning, match,
 * checkpoint.
 *
 * Steps: 1 options, 2 device, 3 folder, 4 memory, 5 resume, 6 iterations, 7 summary. Mistakes are
 * refused before the folder is touched. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "device/core/thread.h"
#include "host/process/signals.h"
#include "host/process/streams.h"
#include "host/process/threads.h"
#include "host/options/network_options.h"
#include "host/games/identity.h"
#include "host/train/train_run.h"

/* Step 1: options, the same in all processes. */
static Status read_options(TrainRun *run, int argc, char **argv) {
    TrainOptions *o = &run->options;
    *o = train_options_default();
    TRY(options_parse(&train_option_table, argc, argv, o, NULL, 0, NULL));
    TRY(train_options_resolve(o, &run->setup));
    if (o->batch % run->comm.size == 0) return STATUS_OK;
    fprintf(stderr, "--batch %d: not a multiple of the %d processes\n", o->batch, run->comm.size);
    return STATUS_INPUT;
}

/* Only the first process reports what is wrong with them. */
static Status read_options_once(TrainRun *run, int argc, char **argv) {
    if (train_run_leads(run)) return read_options(run, argc, argv);
    int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) (void)dup2(null, STDERR_FILENO);
    Status status = read_options(run, argc, argv);
    fflush(stderr);
    if (saved >= 0) (void)dup2(saved, STDERR_FILENO);
    if (saved >= 0) close(saved);
    if (null >= 0) close(null);
    return status;
}

/* Step 2: the device, and the precision and implementation of networks on it. */
static Status open_device(TrainRun *run) {
    const TrainOptions *o = &run->options;
    device_select(run->comm.local_rank);
    TRY(device_open(o->play.device, &run->device, run->device_text, sizeof run->device_text));
    TRY(comm_attach(&run->comm, run->device->backend));
    TRY(network_precision(o->precision, run->device, &run->precision));
    TRY(network_precision(o->play.precision, run->device, &run->play_precision));
    if (run->precision == PRECISION_INT8) {
        fprintf(stderr, "--precision int8: training has float32 and, on cuda, bf16; "
                        "self-play has --play-precision int8\n");
        return STATUS_INPUT;
    }
    Weights sample; /* for `auto` to compare implementations with */
    memset(&sample, 0, sizeof sample);
    NetSpec spec = {.model = run->setup.model,
                    .precision = run->play_precision,
                    .network = NETWORK_AUTO,
                    .capacity = 1};
    Status status = weights_alloc(&sample, &run->setup.model);
    if (status == STATUS_OK) {
        weights_init(&sample, (uint64_t)o->play.seed);
        status = run->device->net->choose((Network)o->play.network, &spec, &sample, &run->network,
                                          run->network_text, sizeof run->network_text);
    }
    weights_free(&sample);
    return status;
}

/* Printed once nothing can be refused any more. */
static void print_start(const TrainRun *run) {
    const TrainOptions *o = &run->options;
    if (o->play.quiet || !train_run_leads(run)) return;
    fprintf(stderr, "device: %s", run->device_text);
    if (run->comm.size > 1) fprintf(stderr, ", %d processes", run->comm.size);
    fprintf(stderr, "\nnetwork: %zu parameters, trained in %s; plays in %s, %s\n", run->best.count,
            precision_name(run->precision), precision_name(run->play_precision), run->network_text);
    train_memory_print(run, stderr);
    if (run->iteration > 0)
        fprintf(stderr, "%s resumes at iteration %lld of %lld\n", o->out, (long long)run->iteration,
                (long long)o->iterations);
}

/* Until the run starts, all processes stop if one refuses, so that none waits for it. Only that one
 * reports why. */
static Status together(TrainRun *run, Status mine) {
    int64_t worst = mine;
    TRY(run->comm.ops->all_reduce_max(&run->comm, &worst));
    return mine != STATUS_OK ? mine : worst != STATUS_OK ? STATUS_INPUT : STATUS_OK;
}

/* Whether the number is the same in all processes. */
static Status same_in_all(TrainRun *run, uint64_t number, bool *same) {
    int64_t most = (int64_t)(number >> 1), least = -most;
    TRY(run->comm.ops->all_reduce_max(&run->comm, &most));
    TRY(run->comm.ops->all_reduce_max(&run->comm, &least));
    *same = most == -least;
    return STATUS_OK;
}

/* All processes train one network, with the same options, from the same checkpoint. */
static Status compare_processes(TrainRun *run) {
    bool options, position;
    TRY(same_in_all(run, identity_hash(run->identity), &options));
    TRY(same_in_all(run, (uint64_t)run->iteration << 1, &position));
    if (options && position) return STATUS_OK;
    if (train_run_leads(run))
        fprintf(stderr, "the processes differ in their %s: all must be the same\n",
                options ? "newest checkpoint" : "options or devices");
    return STATUS_INPUT;
}

static int is_quiet(const TrainRun *run) {
    return run->options.play.quiet || !train_run_leads(run);
}

/* Self-play while the network trains. */
typedef struct {
    TrainRun *run;
    PlayResult *result;
    atomic_int quiet; /* 1 while the progress of learning is shown */
    Status status;
    bool stop;
} PlayBeside;

static void *play_beside(void *context) {
    PlayBeside *p = (PlayBeside *)context;
    p->status = p->run->device->backend->enter();
    if (p->status == STATUS_OK) p->status = train_play_run(p->run, &p->quiet, p->result, &p->stop);
    return NULL;
}

/* Examples of the previous iteration, from its entry in the history. */
static int64_t examples_before(const TrainRun *run) {
    const cJSON *line = cJSON_GetArrayItem(run->history, (int)run->iteration - 1);
    return (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(line, "examples"));
}

/* A request to stop one process stops all. */
static Status agree(TrainRun *run, bool *stop) {
    int64_t asked = *stop;
    TRY(run->comm.ops->all_reduce_max(&run->comm, &asked));
    *stop = asked > 0;
    return STATUS_OK;
}

/* With --overlap: plays this iteration's games while the network learns from those before. */
static Status play_and_learn(TrainRun *run, PlayResult *play, LearnResult *learn, bool *stop) {
    PlayBeside beside = {run, play, 1, STATUS_OK, false};
    pthread_t thread;
    Status status = STATUS_OK;
    TRY(train_play_open(run));
    TRY(thread_start(&thread, play_beside, &beside));
    if (run->iteration > 0)
        status = train_learn(run, run->iteration - 1, examples_before(run), learn, stop);
    beside.quiet = is_quiet(run);
    pthread_join(thread, NULL);
    TRY(status);
    TRY(beside.status);
    *stop = *stop || beside.stop;
    TRY(agree(run, stop));
    return *stop ? STATUS_OK : train_play_share(run, play);
}

/* Without: plays, then learns from these games too. */
static Status play_then_learn(TrainRun *run, PlayResult *play, LearnResult *learn, bool *stop) {
    const atomic_int quiet = is_quiet(run);
    TRY(train_play_open(run));
    TRY(train_play_run(run, &quiet, play, stop));
    TRY(agree(run, stop));
    if (*stop) return STATUS_OK;
    TRY(train_play_share(run, play));
    return train_learn(run, run->iteration, play->examples, learn, stop);
}

/* The log's line of an iteration. */
static TrainLine line_of(const TrainRun *run, const PlayResult *play, const LearnResult *learn,
                         double seconds) {
    TrainLine line = train_line_empty();
    const TrainOptions *o = &run->options;
    line.iteration = run->iteration;
    line.step = run->state.counters.steps;
    line.seconds = seconds;
    line.games = o->games;
    line.games_per_minute = 60 * (double)o->games / play->seconds;
    line.rows_per_second = (double)play->rows * run->comm.size / play->seconds;
    line.worlds = run->stage.worlds;
    line.simulations = run->stage.simulations;
    line.score_mean = (double)play->score / (double)play->seats;
    line.bids_hit_frac = (double)play->bids_hit / (double)play->seats;
    line.search_entropy = play->entropy;
    line.skipped = learn->skipped;
    if (learn->steps == 0) return line;
    line.window_games = learn->window_games;
    line.window_examples = learn->window_examples;
    line.examples_per_second = (double)learn->steps * o->batch * o->accumulate / learn->seconds;
    line.waiting_frac = learn->waiting_frac;
    line.policy_loss = learn->policy_loss;
    line.value_loss = learn->value_loss;
    line.loss = learn->policy_loss + o->value_weight * learn->value_loss;
    line.target_entropy = learn->target_entropy;
    line.accuracy = learn->accuracy;
    if (o->method == TRAIN_POLICY) line.clip_frac = learn->clipped;
    line.gradient_norm = learn->gradient_norm;
    line.rate = learn->rate;
    return line;
}

static void add_known(cJSON *object, const char *key, double x) {
    if (isfinite(x)) cJSON_AddNumberToObject(object, key, x);
}

/* Its entry in the history, which checkpoints hold: without clocks, so that equal runs have equal
 * bytes. */
static Status add_history(TrainRun *run, const TrainLine *line, int64_t examples) {
    cJSON *now = cJSON_CreateObject();
    if (!now) return STATUS_MEMORY;
    cJSON_AddNumberToObject(now, "iteration", (double)line->iteration);
    cJSON_AddNumberToObject(now, "step", (double)line->step);
    cJSON_AddNumberToObject(now, "examples", (double)examples);
    add_known(now, "policy_loss", line->policy_loss);
    add_known(now, "value_loss", line->value_loss);
    add_known(now, "target_entropy", line->target_entropy);
    add_known(now, "score_mean", line->score_mean);
    add_known(now, "bids_hit_frac", line->bids_hit_frac);
    cJSON_AddNumberToObject(now, "skipped", (double)line->skipped);
    if (line->match.opponent[0]) {
        cJSON_AddStringToObject(now, "arena", line->match.verdict);
        add_known(now, "arena_difference", line->match.difference);
    }
    cJSON_AddItemToArray(run->history, now);
    return STATUS_OK;
}

/* Step 6: one iteration. *stop: a request to stop came, and the iteration is dropped. */
static Status iterate(TrainRun *run, bool *stop) {
    const TrainOptions *o = &run->options;
    PlayResult play;
    LearnResult learn;
    memset(&play, 0, sizeof play);
    memset(&learn, 0, sizeof learn);
    double start = progress_clock();
    TRY(o->overlap ? play_and_learn(run, &play, &learn, stop)
                   : play_then_learn(run, &play, &learn, stop));
    if (*stop) return STATUS_OK;
    TrainLine line = line_of(run, &play, &learn, 0);
    if (o->match_every > 0 && (run->iteration + 1) % o->match_every == 0)
        TRY(train_match(run, &line.match, stop));
    if (*stop) return STATUS_OK;
    line.seconds = progress_clock() - start;
    TRY(add_history(run, &line, play.examples));
    return train_save(run, &line);
}

static Status run_iterations(TrainRun *run) {
    bool stop = false;
    for (; run->iteration < run->options.iterations; run->iteration++) {
        TRY(iterate(run, &stop));
        if (!stop) continue;
        if (!run->options.play.quiet && train_run_leads(run))
            fprintf(stderr, "stopped in iteration %lld; the same command resumes there\n",
                    (long long)run->iteration);
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* Step 7. */
static void print_summary(const TrainRun *run) {
    if (!train_run_leads(run)) return;
    printf("run         %lld of %lld iterations are in %s%s\n", (long long)run->iteration,
           (long long)run->options.iterations, run->options.out,
           run->iteration < run->options.iterations ? "; the same command makes the rest" : "");
    printf("weights     %s/weights.safetensors, after %lld steps\n", run->options.out,
           (long long)run->state.counters.steps);
    if (run->options.match_every > 0)
        printf("best        %s/best.safetensors, after %lld iterations\n", run->options.out,
               (long long)run->best_checkpoint);
}

static Status run_all(TrainRun *run, int argc, char **argv) {
    TrainOptions *o = &run->options;
    TRY(together(run, read_options_once(run, argc, argv)));
    TRY(together(run, threads_set(o->play.threads, o->overlap ? 3 : 2)));
    /* Steps 2 to 5. */
    TRY(together(run, open_device(run)));
    TRY(together(run, train_folder_peek(run)));
    TRY(together(run, train_memory_open(run)));
    TRY(together(run, train_start_load(run)));
    TRY(together(run, train_play_measure(run))); /* before the folder is touched */
    TRY(together(run, train_folder_open(run)));
    TRY(together(run, train_resume(run)));
    TRY(compare_processes(run));
    TRY(together(run, train_run_leads(run) ? train_save_open(run) : STATUS_OK));
    TRY(together(run, train_run_leads(run) ? train_log_restore(o->out, run->history) : STATUS_OK));
    if (run->iteration >= o->iterations) {
        if (train_run_leads(run))
            printf("%s holds all %lld iterations of this run: nothing to do; for more, "
                   "--iterations N --change\n",
                   o->out, (long long)o->iterations);
        return STATUS_OK;
    }
    TRY(together(run, train_folder_change(run)));
    TRY(together(run, train_run_leads(run)
                          ? train_log_open(&run->log, o->out, run->iteration, o->play.quiet)
                          : STATUS_OK));
    TRY(together(run, train_play_measure(run)));
    print_start(run);
    TRY(signals_watch(o->play.quiet));
    /* Steps 6 and 7. From here on a process that fails ends the others. */
    run->alone = true;
    TRY(run_iterations(run));
    TRY(train_save_close(run));
    run->alone = false;
    print_summary(run);
    return STATUS_OK;
}

int main(int argc, char **argv) {
    static TrainRun run;
    threads_begin(argv);
    signals_block(); /* before any thread exists */
    streams_open();
    run.folder.lock.fd = run.log.fd = -1;
    Status status = comm_open(&run.comm, &argc, &argv);
    if (status == STATUS_OK) status = run_all(&run, argc, argv);
    Status saved = train_save_close(&run); /* finishes a save under way, after a failure too */
    if (status == STATUS_OK) status = saved;
    train_log_close(&run.log);
    run_folder_close(&run.folder);
    if (status == STATUS_MEMORY) fprintf(stderr, "not enough memory; try a smaller --batch\n");
    if (fflush(stdout) != 0 && status == STATUS_OK) {
        fprintf(stderr, "standard output: %s\n", strerror(errno));
        status = STATUS_FILE;
    }
    int code = status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 1;
    if (code != 0 && run.alone)
        comm_abort(&run.comm, code); /* others may be waiting for this one */
    train_memory_close(&run);
    cJSON_Delete(run.identity);
    cJSON_Delete(run.history);
    cJSON_Delete(run.changes);
    cJSON_Delete(run.before);
    run.comm.ops->close(&run.comm);
    return code;
}
