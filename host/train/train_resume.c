/* host/train/train_resume.c - resumes a run from its newest good checkpoint.
 *
 * Every process reads the files itself: all see the same folder. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/weights_file.h"
#include "host/games/identity.h"
#include "host/replay/replay_file.h"
#include "checkpoint.h"
#include "train_run.h"

/* Reads a number that the checkpoint's strings must have. */
static Status read_number(const char *path, const cJSON *texts, const char *key, int64_t *out) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, key));
    char *end = NULL;
    if (text) *out = strtoll(text, &end, 10);
    if (!text || end == text || *end || *out < 0)
        return durable_refuse(path, "%s is %s, expected a number", key, text ? text : "missing");
    return STATUS_OK;
}

static cJSON *parse_text(const cJSON *texts, const char *key) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, key));
    return text ? cJSON_Parse(text) : NULL;
}

/* Other options hold from checkpoint `number` on, whose run had those of `found`. The games that
 * its window had reached stay the oldest: of others, files may be gone. An iteration of more games
 * than a window now takes would not fit the ring either. */
static Status change(TrainRun *run, int64_t number, const cJSON *found) {
    const Schedule *now = &run->setup.schedule;
    Schedule then = *now;
    const char *games = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(found, "games"));
    if (games) then.games = strtoll(games, NULL, 10);
    train_change_schedule(found, &then);
    int64_t first = train_change_window(&then, run->changes, number - 1);
    if (then.games > now->window_max) first = number;
    if (first > run->salvaged) run->salvaged = first;
    return train_change_add(run->changes, number, found, run->identity);
}

/* The checkpoint is of a run with these options, or with others that change here. */
static Status read_identity(TrainRun *run, const char *path, int64_t number, const cJSON *texts) {
    cJSON *found = parse_text(texts, "identity");
    if (!found) return durable_refuse(path, "its identity is missing");
    bool changes = run->options.change || train_folder_pending(run, number);
    cJSON_Delete(run->changes);
    run->changes = parse_text(texts, "changes");
    if (!run->changes) run->changes = cJSON_CreateArray();
    Status status = run->changes ? train_change_match(path, found, run->identity,
                                                      changes ? RUN_CHANGE : RUN_CONTINUE)
                                 : STATUS_MEMORY;
    if (status == STATUS_OK && identity_hash(found) != identity_hash(run->identity))
        status = change(run, number, found);
    cJSON_Delete(found);
    return status;
}

static Status read_texts(TrainRun *run, const char *path, int64_t number, const cJSON *texts) {
    int64_t iterations = 0;
    TRY(read_number(path, texts, "iterations", &iterations));
    TRY(read_number(path, texts, "best_checkpoint", &run->best_checkpoint));
    TRY(read_number(path, texts, "salvaged", &run->salvaged));
    if (iterations != number || run->best_checkpoint > number)
        return durable_refuse(path, "is the state after %lld iterations, its name says %lld",
                              (long long)iterations, (long long)number);
    TRY(read_identity(run, path, number, texts));
    const char *history = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, "history"));
    cJSON_Delete(run->history);
    run->history = history ? cJSON_Parse(history) : NULL;
    if (!cJSON_IsArray(run->history) || cJSON_GetArraySize(run->history) != number)
        return durable_refuse(path, "its history is missing or does not have %lld iterations",
                              (long long)number);
    return STATUS_OK;
}

/* Reads the games of iteration i into the ring. */
static Status read_games(TrainRun *run, int64_t i) {
    char path[RUN_PATH];
    ReplayGames games;
    cJSON *identity = train_change_identity(run->identity, run->changes, i);
    int64_t first = train_run_games(run, i);
    if (!identity) return STATUS_MEMORY;
    run_folder_number_path(&run->folder, RUN_REPLAY, i, path);
    Status status = replay_file_load(&games, path, identity, &run->replay.rules,
                                     run->replay.stride);
    cJSON_Delete(identity);
    if (status == STATUS_OK &&
        (games.first != first || games.games != train_run_games(run, i + 1) - first))
        status = durable_refuse(path, "holds games %lld .. %lld, not those of iteration %lld",
                                (long long)games.first, (long long)(games.first + games.games - 1),
                                (long long)i);
    if (status == STATUS_OK)
        status = replay_copy_in(&games, &run->replay, run->device->backend, run->device->replay,
                                run->stream);
    replay_games_free(&games);
    return status;
}

/* Reads the games of the window that the next training draws from, newest first. With --salvage it
 * stops at the first iteration that is damaged. */
static Status read_replay(TrainRun *run, int64_t number) {
    int64_t first = train_run_window(run, number - 1);
    for (int64_t i = number - 1; i >= first; i--) {
        Status status = read_games(run, i);
        if (status != STATUS_INPUT || !run->options.salvage) {
            TRY(status);
            continue;
        }
        run->salvaged = i + 1;
        if (train_run_leads(run))
            fprintf(stderr, "--salvage: trains only on the games of iterations %lld and later\n",
                    (long long)(i + 1));
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* Loads best.safetensors if it exists, is whole, and is of the best checkpoint. */
static bool read_best_file(TrainRun *run) {
    char path[RUN_PATH];
    Safetensors file;
    Weights weights;
    int64_t checkpoint = -1;
    memset(&weights, 0, sizeof weights);
    run_folder_path(&run->folder, RUN_BEST, path);
    if (access(path, R_OK) != 0) return false;
    Status status = safetensors_open(&file, path, SAFE_CHECKSUM_REQUIRED);
    const char *text = status == STATUS_OK ? safetensors_find_text(&file, "iterations") : NULL;
    if (text) checkpoint = strtoll(text, NULL, 10);
    safetensors_close(&file);
    if (checkpoint != run->best_checkpoint) return false;
    status = weights_file_load(&weights, &run->setup.model, path);
    if (status == STATUS_OK)
        memcpy(run->best.data, weights.data, run->best.count * sizeof *run->best.data);
    weights_free(&weights);
    return status == STATUS_OK;
}

/* The best weights are the averaged ones of a checkpoint that is kept for them, or the initial
 * ones. They also have a file of their own, which is ahead if the run stopped between the two
 * writes. */
static Status read_best(TrainRun *run) {
    char path[RUN_PATH];
    TrainState state;
    cJSON *texts = NULL;
    memset(&state, 0, sizeof state);
    if (run->best_checkpoint == 0) return train_start_best(run, read_best_file);
    if (read_best_file(run)) return STATUS_OK;
    run_folder_number_path(&run->folder, RUN_CHECKPOINTS, run->best_checkpoint, path);
    Status status = train_state_alloc(&state, &run->setup.model);
    if (status == STATUS_OK) status = checkpoint_load(path, &run->setup.model, &state, &texts);
    if (status == STATUS_OK)
        memcpy(run->best.data, state.ema.data, run->best.count * sizeof *run->best.data);
    cJSON_Delete(texts);
    train_state_free(&state);
    return status;
}

static Status load_checkpoint(void *context, int64_t number, const char *path) {
    TrainRun *run = (TrainRun *)context;
    cJSON *texts = NULL;
    Status status = checkpoint_load(path, &run->setup.model, &run->state, &texts);
    if (status == STATUS_OK) status = read_texts(run, path, number, texts);
    cJSON_Delete(texts);
    TRY(status);
    TRY(read_replay(run, number));
    return read_best(run);
}

/* Begins with the weights of --weights, or with random ones from the run's seed. */
static Status begin(TrainRun *run) {
    TRY(train_start_state(run));
    run->best_checkpoint = 0;
    cJSON_Delete(run->history);
    cJSON_Delete(run->changes);
    run->history = cJSON_CreateArray();
    run->changes = cJSON_CreateArray();
    return run->history && run->changes ? read_best(run) : STATUS_MEMORY;
}

Status train_resume(TrainRun *run) {
    int64_t number;
    TRY(run_folder_resume(&run->folder, load_checkpoint, run, &number));
    run->iteration = number == RUN_NONE ? 0 : number;
    if (number == RUN_NONE) TRY(begin(run));
    return run->device->train->load(run->trainer, &run->state, run->stream);
}
