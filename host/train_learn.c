/* host/train_learn.c - an iteration's training: window, steps, what they made of the weights. */
#include <stdlib.h>
#include <string.h>

#include "safetensors.h"
#include "signals.h"
#include "train_run.h"

enum { BURST = 16 }; /* steps between two looks at signals and the progress bar */

/* What is drawn from: whole iterations up to `newest`. */
static Status set_window(TrainRun *run, int64_t newest, LearnResult *out) {
    const Device *d = run->device;
    ReplayWindow window;
    int64_t first = schedule_window_first(&run->setup.schedule, newest);
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

/* The batch of the last step, as the trainer got it, for whoever looks for what is wrong. */
static Status dump_batch(TrainRun *run, int64_t batch) {
    enum { X, LEGAL, POLICY, VALUE, SEATS, COUNT };
    const Device *d = run->device;
    int rows = run->options.batch / run->comm.size;
    size_t element = d->net->bf16_rows ? sizeof(uint16_t) : sizeof(float), R = (size_t)rows;
    const size_t sizes[COUNT] = {OBSERVE_COLUMNS * element, sizeof(uint64_t),
                                 ACTIONS * sizeof(float), MAX_SEATS * sizeof(float),
                                 sizeof(int32_t)};
    SafeTensor tensors[COUNT] = {
        {.name = "observation", .type = d->net->bf16_rows ? SAFE_BF16 : SAFE_F32, .rank = 2},
        {.name = "legal", .type = SAFE_I64, .rank = 1},
        {.name = "policy", .type = SAFE_F32, .rank = 2},
        {.name = "value", .type = SAFE_F32, .rank = 2},
        {.name = "seats", .type = SAFE_I32, .rank = 1}};
    const int64_t columns[COUNT] = {OBSERVE_COLUMNS, 0, ACTIONS, MAX_SEATS, 0};
    void *at[COUNT] = {NULL}, *number = NULL, *host = malloc(R * sizes[X]);
    char path[RUN_PATH];
    SafetensorsWriter file;
    Status status = host ? STATUS_OK : STATUS_MEMORY;
    for (int i = 0; i < COUNT; i++) {
        tensors[i].dims[0] = rows;
        tensors[i].dims[1] = columns[i];
        if (status == STATUS_OK) status = d->backend->alloc(&at[i], R * sizes[i]);
    }
    if (status == STATUS_OK) status = d->backend->alloc(&number, sizeof batch);
    if (status == STATUS_OK)
        status = d->backend->to_device(number, &batch, sizeof batch, run->stream);
    TrainBatch out = {at[X], (uint64_t *)at[LEGAL], (float *)at[POLICY], (float *)at[VALUE],
                      (int32_t *)at[SEATS]};
    GatherArgs args = {run->replay, (const int64_t *)number, run->comm.rank * rows, 0, rows,
                       out,         d->net->bf16_rows};
    if (status == STATUS_OK) status = d->replay->gather(&args, run->stream);
    run_folder_path(&run->folder, RUN_BAD_BATCH, path);
    if (status == STATUS_OK) status = safetensors_create(&file, path, tensors, COUNT, NULL);
    bool open = status == STATUS_OK;
    for (int i = 0; i < COUNT && status == STATUS_OK; i++) {
        status = d->backend->to_host(host, at[i], R * sizes[i], run->stream);
        if (status == STATUS_OK) status = d->backend->stream_sync(run->stream);
        if (status == STATUS_OK) status = safetensors_append(&file, i, host, R * sizes[i]);
    }
    if (open && status == STATUS_OK)
        status = safetensors_commit(&file);
    else if (open)
        safetensors_abort(&file);
    if (status == STATUS_OK) fprintf(stderr, "the batch of the last step is in %s\n", path);
    for (int i = 0; i < COUNT; i++)
        if (at[i]) d->backend->release(at[i]);
    if (number) d->backend->release(number);
    free(host);
    return status;
}

static Status say_stopped(TrainRun *run) {
    const TrainCounters *c = &run->state.counters;
    fprintf(stderr,
            "training stops: %d of its last steps in a row had a loss or gradient that is not "
            "finite, %lld in all; the last checkpoint is whole, a lower --rate may help\n",
            c->bad_in_a_row, (long long)c->skipped);
    if (train_run_leads(run)) TRY(dump_batch(run, c->steps * run->options.accumulate - 1));
    return STATUS_FAULT;
}

/* Steps first .. of the iteration's, a burst; what a person asks one process is asked of all. */
static Status learn_burst(TrainRun *run, int64_t batch, int64_t last, int first, int count,
                          const float *rates, LearnResult *out, bool *stop) {
    TrainReport reports[BURST];
    int64_t asked = signals_asked() > 0;
    TRY(run->comm.ops->greatest(&run->comm, &asked));
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
    if (!rates) return STATUS_MEMORY;
    schedule_rates(s, run->iteration, 0, steps, steps, made, rates);
    train->times(run->trainer, &from);
    Progress progress = progress_begin(run->options.quiet || !train_run_leads(run), 0, steps);
    progress.unit = "steps";
    Status status = set_window(run, newest, out);
    for (int i = 0; status == STATUS_OK && !*stop && i < steps; i += BURST) {
        int count = steps - i < BURST ? steps - i : BURST;
        status = learn_burst(run, (made + i) * accumulate, (made + steps) * accumulate - 1, i,
                             count, rates, out, stop);
        if (status == STATUS_OK && out->skipped > before) { /* rare: the state says more */
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
