/* host/train/train_learn.c - an iteration's training: window, steps, results. */
#include <stdlib.h>
#include <string.h>

#include "host/process/signals.h"
#include "train_run.h"

enum { BURST = 16 }; /* steps between checks of signals and the progress bar */

/* Sets the window that is drawn from: whole iterations up to `newest`. */
static Status set_window(TrainRun *run, int64_t newest, LearnResult *out) {
    const Device *d = run->device;
    ReplayWindow window;
    int64_t first = train_run_window(run, newest);
    TRY(d->replay->window(&run->replay, train_run_games(run, first),
                          train_run_games(run, newest + 1), run->window_temp,
                          run->window_temp_bytes, run->stream));
    TRY(d->backend->to_host(&window, run->replay.window, sizeof window, run->stream));
    TRY(d->backend->stream_sync(run->stream));
    if (window.missing.code != FAULT_NONE) {
        fprintf(stderr, "game %lld is missing in the replay\n", (long long)window.missing.item);
        return STATUS_DEVICE;
    }
    out->window_games = window.end - window.first;
    out->window_examples = window.examples;
    return STATUS_OK;
}

static void add_report(LearnResult *out, const TrainReport *r) {
    out->steps++;
    out->skipped += r->skipped;
    out->rate = r->rate;
    if (r->skipped) return;
    out->policy_loss += r->policy_loss;
    out->value_loss += r->value_loss;
    out->target_entropy += r->target_entropy;
    out->accuracy += r->accuracy;
    out->gradient_norm += r->gradient_norm;
}

static void finish_means(LearnResult *out) {
    int n = out->steps - out->skipped;
    double *sums[] = {&out->policy_loss, &out->value_loss, &out->target_entropy, &out->accuracy,
                      &out->gradient_norm};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) *sums[i] = n > 0 ? *sums[i] / n : NAN;
}

static Status say_stopped(TrainRun *run) {
    const TrainCounters *c = &run->state.counters;
    fprintf(stderr,
            "training stops: a loss or gradient was not finite in %d of the last %d steps, and in "
            "the last %d in a row; checkpoints are unchanged, a new run with a lower --rate "
            "may help\n",
            bits_count(c->last[0]) + bits_count(c->last[1]), (int)TRAIN_LAST, c->bad_in_a_row);
    if (train_run_leads(run)) TRY(train_dump_batch(run, c->steps * run->options.accumulate - 1));
    return STATUS_FAULT;
}

/* Takes `count` steps from `first` on. A stop asked of one process stops all. */
static Status learn_burst(TrainRun *run, int64_t batch, int64_t last, int first, int count,
                          const float *rates, LearnResult *out, bool *stop) {
    TrainReport reports[BURST];
    int64_t asked = signals_asked() > 0;
    TRY(run->comm.ops->all_reduce_max(&run->comm, &asked));
    *stop = asked > 0;
    if (*stop) return STATUS_OK;
    TRY(run->device->train->run(run->trainer, batch, last, rates + first, count, reports,
                                run->stream));
    for (int i = 0; i < count; i++) add_report(out, &reports[i]);
    return STATUS_OK;
}

Status train_learn(TrainRun *run, int64_t newest, int64_t new_examples, LearnResult *out,
                   bool *stop) {
    const TrainOps *train = run->device->train;
    const Schedule *s = &run->setup.schedule;
    int64_t made = run->state.counters.steps;
    int steps = schedule_steps(s, new_examples), accumulate = run->options.accumulate, before = 0;
    double start = progress_clock();
    TrainTimes from, to;
    float *rates = (float *)malloc((size_t)steps * sizeof *rates);
    memset(out, 0, sizeof *out);
    *stop = false;
    if (newest < run->salvaged) { /* its games were damaged: nothing to train on yet */
        free(rates);
        return STATUS_OK;
    }
    if (!rates) return STATUS_MEMORY;
    schedule_rates(s, run->iteration, 0, steps, steps, made, rates);
    train->times(run->trainer, &from);
    Progress progress = progress_begin(run->options.play.quiet || !train_run_leads(run), 0, steps);
    progress.unit = "steps";
    Status status = set_window(run, newest, out);
    for (int i = 0; status == STATUS_OK && !*stop && i < steps; i += BURST) {
        int count = steps - i < BURST ? steps - i : BURST;
        status = learn_burst(run, (made + i) * accumulate, (made + steps) * accumulate - 1, i,
                             count, rates, out, stop);
        if (status == STATUS_OK &&
            out->skipped > before) { /* rare: only the saved state says whether to stop */
            status = train->save(run->trainer, &run->state, run->stream);
            if (status == STATUS_OK && run->state.counters.stopped) status = say_stopped(run);
            before = out->skipped;
        }
        progress_show(&progress, i + count);
    }
    free(rates);
    progress_clear(&progress);
    if (status != STATUS_OK || *stop) return status;
    TRY(train->save(run->trainer, &run->state, run->stream));
    finish_means(out);
    train->times(run->trainer, &to);
    double all = to.busy + to.waiting + to.filling - from.busy - from.waiting - from.filling;
    out->waiting_frac = all > 0 ? (to.waiting - from.waiting) / all : 0;
    out->seconds = progress_clock() - start;
    return STATUS_OK;
}
