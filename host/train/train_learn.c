/* host/train/train_learn.c - an iteration's training: window, steps, results. */
#include <stdlib.h>
#include <string.h>

#include "host/process/signals.h"
#include "train_run.h"

/* Steps between checks of signals and the progress bar: as many as take so long. */
enum { BURST = 16, BURST_MICROSECONDS = 250000 };

typedef struct {
    int count;
    double seconds; /* that they took; 0: before the first */
} Burst;

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
    out->clipped += r->clipped;
    out->gradient_norm += r->gradient_norm;
}

static void finish_means(LearnResult *out) {
    int n = out->steps - out->skipped;
    double *sums[] = {&out->policy_loss, &out->value_loss, &out->target_entropy,
                      &out->accuracy,    &out->clipped,    &out->gradient_norm};
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

/* The size of the next one and whether to stop, the same in all processes: by the slowest of them,
 * and by a stop asked of any. */
static Status choose_burst(TrainRun *run, Burst *burst, int left, bool *stop) {
    const int64_t asked = (int64_t)1 << 40; /* above any step: one exchange, as each may wait */
    int64_t most = left < BURST ? left : BURST, step = 0;
    if (burst->count > 0) step = (int64_t)(1e6 * burst->seconds / burst->count);
    if (signals_asked() > 0) step = asked;
    TRY(run->comm.ops->all_reduce_max(&run->comm, &step));
    int64_t fit = step > 0 ? BURST_MICROSECONDS / step : 1;
    burst->count = (int)(fit > most ? most : fit < 1 ? 1 : fit);
    *stop = step >= asked;
    return STATUS_OK;
}

/* Takes a burst of the `steps` steps, from `first` on; `made` were made before them. */
static Status learn_burst(TrainRun *run, int64_t made, int first, int steps, Burst *burst,
                          const float *rates, LearnResult *out, bool *stop) {
    TrainReport reports[BURST];
    int64_t accumulate = run->options.accumulate;
    double start = progress_clock();
    TRY(choose_burst(run, burst, steps - first, stop));
    if (*stop) return STATUS_OK;
    TRY(run->device->train->run(run->trainer, (made + first) * accumulate,
                                (made + steps) * accumulate - 1, rates + first, burst->count,
                                reports, run->stream));
    for (int i = 0; i < burst->count; i++) add_report(out, &reports[i]);
    burst->seconds = progress_clock() - start;
    return STATUS_OK;
}

static Status learn_steps(TrainRun *run, int steps, const float *rates, LearnResult *out,
                          bool *stop) {
    int64_t made = run->state.counters.steps;
    int before = 0;
    Burst burst = {0, 0};
    Status status = STATUS_OK;
    Progress progress = progress_begin(run->options.play.quiet || !train_run_leads(run), 0, steps);
    progress.unit = "steps";
    for (int i = 0; status == STATUS_OK && !*stop && i < steps; i += burst.count) {
        status = learn_burst(run, made, i, steps, &burst, rates, out, stop);
        if (status == STATUS_OK &&
            out->skipped > before) { /* rare: only the saved state says whether to stop */
            status = run->device->train->save(run->trainer, &run->state, run->stream);
            if (status == STATUS_OK && run->state.counters.stopped) status = say_stopped(run);
            before = out->skipped;
        }
        progress_show(&progress, i + burst.count, (double)(i + burst.count) / steps);
    }
    progress_clear(&progress);
    return status;
}

Status train_learn(TrainRun *run, int64_t newest, int64_t new_examples, LearnResult *out,
                   bool *stop) {
    const TrainOps *train = run->device->train;
    const Schedule *s = &run->setup.schedule;
    int steps = schedule_steps(s, new_examples);
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
    schedule_rates(s, run->iteration, 0, steps, steps, run->state.counters.steps, rates);
    train->times(run->trainer, &from);
    Status status = set_window(run, newest, out);
    if (status == STATUS_OK) status = learn_steps(run, steps, rates, out, stop);
    free(rates);
    if (status != STATUS_OK || *stop) return status;
    TRY(train->save(run->trainer, &run->state, run->stream));
    finish_means(out);
    train->times(run->trainer, &to);
    double all = to.busy + to.waiting + to.filling - from.busy - from.waiting - from.filling;
    out->waiting_frac = all > 0 ? (to.waiting - from.waiting) / all : 0;
    out->seconds = progress_clock() - start;
    return STATUS_OK;
}
