/* host/train/train_play.c - plays an iteration's games, shares them, sums them up. */
#include <stdlib.h>
#include <string.h>

#include "host/process/signals.h"
#include "host/run/outlook.h"
#include "host/run/run_memory.h"
#include "train_run.h"

/* The iteration's ids that process `rank` plays: first .. end - 1. */
static void share_of(const TrainRun *run, int rank, int64_t *first, int64_t *end) {
    int64_t games = run->options.games, from = train_run_games(run, run->iteration);
    *first = from + games * rank / run->comm.size;
    *end = from + games * (rank + 1) / run->comm.size;
}

static Status play_config(TrainRun *run, SelfplayConfig *config) {
    size_t free_bytes;
    int64_t first, end;
    *config = train_setup_play(&run->setup, &run->options, run->iteration);
    config->precision = run->play_precision;
    config->network = run->network;
    config->replay = &run->replay;
    config->graph = !run->options.play.no_graph;
    share_of(run, run->comm.rank, &first, &end);
    return run_memory_choose(config, end - first, run->device, &run->selfplay_bytes, &free_bytes);
}

Status train_play_measure(TrainRun *run) {
    SelfplayConfig config;
    return play_config(run, &config);
}

/* Reopens self-play with the tree sizes of another stage of the curriculum. */
static Status open_stage(TrainRun *run, ScheduleStage stage) {
    SelfplayConfig config;
    if (run->selfplay.device) selfplay_close(&run->selfplay);
    TRY(play_config(run, &config));
    GameRange none = {0, 0};
    Status status = selfplay_open(&run->selfplay, &config, run->device, train_run_player(run),
                                  &none, 1, 0);
    if (status == STATUS_MEMORY) {
        selfplay_close(&run->selfplay);
        return run_memory_refuse(&config, run->device);
    }
    run->stage = stage;
    return status;
}

Status train_play_open(TrainRun *run) {
    int64_t first, end;
    ScheduleStage stage = schedule_stage(&run->setup.schedule, run->iteration);
    bool same = run->selfplay.device && stage.worlds == run->stage.worlds &&
                stage.simulations == run->stage.simulations;
    if (!same) TRY(open_stage(run, stage));
    TRY(selfplay_load(&run->selfplay, 0, train_run_player(run)));
    share_of(run, run->comm.rank, &first, &end);
    return selfplay_next(&run->selfplay, first, end - first);
}

static Status say_fault(const TrainRun *run, const Fault *fault) {
    fprintf(
        stderr,
        "iteration %lld: self-play stopped with fault %u at %lld; the last checkpoint is intact\n",
        (long long)run->iteration, fault->code, (long long)fault->item);
    return STATUS_FAULT;
}

Status train_play_run(TrainRun *run, const atomic_int *quiet, PlayResult *out, bool *stop) {
    Selfplay *sp = &run->selfplay;
    const PlayCounters *counters;
    const uint16_t *none;
    int64_t first, end;
    share_of(run, run->comm.rank, &first, &end);
    double start = progress_clock();
    Outlook outlook = outlook_begin(&sp->config, end - first);
    Progress progress = progress_begin(*quiet, 0, end - first);
    memset(out, 0, sizeof *out);
    *stop = false;
    while (out->games < end - first) {
        if (signals_asked() > 0) {
            *stop = true;
            break;
        }
        TRY(selfplay_feed(sp));
        TRY(selfplay_read(sp, &counters, &none));
        if (counters->fault.code != FAULT_NONE) return say_fault(run, &counters->fault);
        out->games = counters->finished;
        out->rows = counters->rows;
        progress.quiet = *quiet;
        progress_show(
            &progress, out->games,
            outlook_share(&outlook, out->rows, out->games, counters->started - out->games));
    }
    out->seconds = progress_clock() - start;
    progress_clear(&progress);
    return run->device->backend->stream_sync(sp->wave.stream);
}

/* Broadcasts the slots first .. end - 1 of the ring, which do not wrap, from process `root`. */
static Status share_slots(TrainRun *run, int root, int64_t first, int64_t end) {
    Replay *r = &run->replay;
    size_t n = (size_t)(end - first), stride = (size_t)r->stride;
    TRY(run->comm.ops->broadcast(&run->comm, r->words + (size_t)first * stride,
                                 n * stride * sizeof *r->words, root, run->stream));
    return run->comm.ops->broadcast(&run->comm, r->games + first, n * sizeof *r->games, root,
                                    run->stream);
}

/* Broadcasts the games first .. end - 1 of process `root`, in two parts if the ring wraps. */
static Status share_games(TrainRun *run, int root, int64_t first, int64_t end) {
    int64_t capacity = run->replay.capacity, at = first % capacity, n = end - first;
    int64_t before = capacity - at < n ? capacity - at : n;
    TRY(share_slots(run, root, at, at + before));
    return n > before ? share_slots(run, root, 0, n - before) : STATUS_OK;
}

/* Sums over the iteration's games, all of which are now in this process's ring. */
static Status sum_games(TrainRun *run, PlayResult *out) {
    const Backend *backend = run->device->backend;
    const Replay *r = &run->replay;
    int64_t games = run->options.games, first = train_run_games(run, run->iteration);
    int64_t entropy = 0, at = first % r->capacity, capacity = r->capacity;
    int64_t before = capacity - at < games ? capacity - at : games;
    ReplayGame *list = (ReplayGame *)calloc((size_t)games, sizeof *list);
    if (!list) return STATUS_MEMORY;
    Status status = backend->to_host(list, r->games + at, (size_t)before * sizeof *list,
                                     run->stream);
    if (status == STATUS_OK)
        status = backend->to_host(list + before, r->games, (size_t)(games - before) * sizeof *list,
                                  run->stream);
    if (status == STATUS_OK) status = backend->stream_sync(run->stream);
    for (int64_t i = 0; status == STATUS_OK && i < games; i++) {
        if (list[i].id != first + i) {
            fprintf(stderr, "game %lld is missing in the replay\n", (long long)(first + i));
            status = STATUS_DEVICE;
        }
        out->examples += list[i].examples;
        out->seats += list[i].seats;
        out->bids_hit += list[i].bids_hit;
        out->score += list[i].score;
        entropy += list[i].entropy_1024;
    }
    out->entropy = out->examples ? (double)entropy / 1024 / (double)out->examples : 0;
    free(list);
    return status;
}

Status train_play_share(TrainRun *run, PlayResult *out) {
    for (int root = 0; run->comm.size > 1 && root < run->comm.size; root++) {
        int64_t first, end;
        share_of(run, root, &first, &end);
        TRY(share_games(run, root, first, end));
    }
    return sum_games(run, out);
}
