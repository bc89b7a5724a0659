/* host/train/train_save.c - writes an iteration's files while the next one runs.
 *
 *   replay file ─► weights for other programs ─► log line ─► checkpoint ─► old files are removed
 *
 * An iteration counts once its checkpoint is there: all else is written before, and again with the
 * same bytes if the run stopped in between. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "device/core/thread.h"
#include "host/files/weights_file.h"
#include "host/games/identity.h"
#include "host/replay/replay_file.h"
#include "host/run/run_identity.h"
#include "checkpoint.h"
#include "train_run.h"

/* The thread only reads copies: the run continues meanwhile. */
struct TrainSaver {
    TrainRun *run; /* only options, setup, folder, identity and log, which nobody else writes to */
    pthread_t thread;
    bool busy;
    Status status; /* of the last write, once busy is false */
    int64_t iteration, best_checkpoint;
    ReplayGames games;
    TrainState state;
    Weights best;
    cJSON *texts;
    TrainLine line;
};

static Status copy_weights(Weights *to, const Weights *from) {
    memcpy(to->data, from->data, from->count * sizeof *from->data);
    return STATUS_OK;
}

/* The oldest replay file that checkpoint `number` needs: the next iteration's window begins there
 * or later, even with --overlap, which trains on the games of the one before. */
static int64_t oldest_needed(void *context, int64_t number) {
    const TrainRun *run = (const TrainRun *)context;
    Schedule then = run->setup.schedule;
    cJSON *identity = train_change_identity(run->identity, run->changes, number - 1);
    bool now = identity && identity_hash(identity) == identity_hash(run->identity);
    if (identity) train_change_schedule(identity, &then); /* of before a change */
    cJSON_Delete(identity);
    if (number == 0 || !identity) return 0;
    return now ? train_run_window(run, number - 1)
               : train_change_window(&then, run->changes, number - 1);
}

static Status prune(TrainRun *run, int64_t newest, int64_t best) {
    return run_folder_prune(&run->folder, newest, run->options.keep, best > 0 ? best : RUN_NONE,
                            oldest_needed, run);
}

/* Saves weights to a file of their own, with the checkpoint they are of. */
static Status save_weights(const TrainSaver *s, RunFile file, const Weights *weights,
                           int64_t checkpoint) {
    char path[RUN_PATH], text[32];
    cJSON *metadata = cJSON_CreateObject();
    if (!metadata) return STATUS_MEMORY;
    snprintf(text, sizeof text, "%lld", (long long)checkpoint);
    cJSON_AddStringToObject(metadata, "iterations", text);
    run_folder_path(&s->run->folder, file, path);
    Status status = weights_file_save(weights, path, metadata);
    cJSON_Delete(metadata);
    return status;
}

static Status save_all(TrainSaver *s) {
    TrainRun *run = s->run;
    char path[RUN_PATH];
    run_folder_number_path(&run->folder, RUN_REPLAY, s->iteration, path);
    TRY(replay_file_save(path, run->identity, &s->games,
                         run->options.replay_compress ? REPLAY_FILE_ZSTD : REPLAY_FILE_PLAIN, 1));
    TRY(save_weights(s, RUN_WEIGHTS, &s->state.ema, s->iteration + 1));
    TRY(save_weights(s, RUN_BEST, &s->best, s->best_checkpoint));
    train_log_add(&run->log, &s->line);
    run_folder_number_path(&run->folder, RUN_CHECKPOINTS, s->iteration + 1, path);
    TRY(checkpoint_save(path, &s->state, s->texts));
    return prune(run, s->iteration + 1, s->best_checkpoint);
}

static void *save_thread(void *context) {
    TrainSaver *s = (TrainSaver *)context;
    s->status = save_all(s);
    return NULL;
}

static Status wait_for(TrainSaver *s) {
    if (s->busy) pthread_join(s->thread, NULL);
    s->busy = false;
    replay_games_free(&s->games);
    cJSON_Delete(s->texts);
    s->texts = NULL;
    Status status = s->status;
    s->status = STATUS_OK;
    return status;
}

Status train_save_open(TrainRun *run) {
    TrainSaver *s = (TrainSaver *)calloc(1, sizeof *s);
    if (!s) return STATUS_MEMORY;
    run->saver = s;
    s->run = run;
    TRY(train_state_alloc(&s->state, &run->setup.model));
    TRY(weights_alloc(&s->best, &run->setup.model));
    if (run->iteration == 0) return STATUS_OK;
    /* A run that stopped just before or after a checkpoint left weights that are ahead of it, or
     * files that should be removed. */
    TRY(save_weights(s, RUN_WEIGHTS, &run->state.ema, run->iteration));
    TRY(save_weights(s, RUN_BEST, &run->best, run->best_checkpoint));
    return prune(run, run->iteration, run->best_checkpoint);
}

static void add_number(cJSON *object, const char *key, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    cJSON_AddStringToObject(object, key, text);
}

/* What a checkpoint holds beside the trainer's state: the same however often the run was
 * stopped. */
static cJSON *checkpoint_texts(const TrainRun *run) {
    cJSON *texts = cJSON_CreateObject();
    char *history = cJSON_PrintUnformatted(run->history);
    char *identity = cJSON_PrintUnformatted(run->identity);
    char *changes = cJSON_PrintUnformatted(run->changes);
    if (texts && history && identity && changes) {
        if (run->changes->child) cJSON_AddStringToObject(texts, "changes", changes);
        cJSON_AddStringToObject(texts, "identity", identity);
        cJSON_AddStringToObject(texts, "history", history);
        cJSON_AddStringToObject(texts, "version", BLOB_VERSION);
        cJSON_AddStringToObject(texts, "revision", options_revision());
        add_number(texts, "iterations", run->iteration + 1);
        add_number(texts, "games", train_run_games(run, run->iteration + 1));
        add_number(texts, "best_checkpoint", run->best_checkpoint);
        add_number(texts, "salvaged", run->salvaged);
    }
    cJSON_free(history);
    cJSON_free(identity);
    cJSON_free(changes);
    return texts;
}

Status train_save(TrainRun *run, const TrainLine *line) {
    TrainSaver *s = run->saver;
    if (!train_run_leads(run)) return STATUS_OK;
    TRY(wait_for(s));
    s->iteration = run->iteration;
    s->best_checkpoint = run->best_checkpoint;
    s->line = *line;
    TRY(replay_copy_out(&s->games, &run->replay, run->device->backend,
                        train_run_games(run, run->iteration),
                        train_run_games(run, run->iteration + 1), run->stream));
    TRY(copy_weights(&s->state.weights, &run->state.weights));
    TRY(copy_weights(&s->state.ema, &run->state.ema));
    TRY(copy_weights(&s->state.m, &run->state.m));
    TRY(copy_weights(&s->state.v, &run->state.v));
    TRY(copy_weights(&s->best, &run->best));
    s->state.counters = run->state.counters;
    s->texts = checkpoint_texts(run);
    if (!s->texts) return STATUS_MEMORY;
    TRY(thread_start(&s->thread, save_thread, s));
    s->busy = true;
    return STATUS_OK;
}

Status train_save_close(TrainRun *run) {
    TrainSaver *s = run->saver;
    if (!s) return STATUS_OK;
    Status status = wait_for(s);
    train_state_free(&s->state);
    weights_free(&s->best);
    free(s);
    run->saver = NULL;
    return status;
}
