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

static Status read_texts(TrainRun *run, const char *path, int64_t number, const cJSON *texts) {
    int64_t iterations = 0;
    TRY(read_number(path, texts, "iterations", &iterations));
    TRY(read_number(path, texts, "best_checkpoint", &run->best_checkpoint));
    TRY(read_number(path, texts, "salvaged", &run->salvaged));
    if (iterations != number || run->best_checkpoint > number)
        return durable_refuse(path, "is the state after %lld iterations, its name says %lld",
                              (long long)iterations, (long long)number);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, "identity"));
    cJSON *identity = text ? cJSON_Parse(text) : NULL;
    Status status = identity ? identity_match(path, identity, run->identity)
                             : durable_refuse(path, "its identity is missing");
    cJSON_Delete(identity);
    TRY(status);
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
    run_folder_number_path(&run->folder, RUN_REPLAY, i, path);
    Status status = replay_file_load(&games, path, run->identity, &run->replay.rules,
                                     run->replay.stride);
    if (status == STATUS_OK &&
        (games.first != train_run_games(run, i) || games.games != run->options.games))
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
    if (run->best_checkpoint == 0) {
        weights_init(&run->best, (uint64_t)run->options.play.seed);
        return STATUS_OK;
    }
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

/* Begins with random weights from the run's seed. */
static Status begin(TrainRun *run) {
    weights_init(&run->state.weights, (uint64_t)run->options.play.seed);
    memcpy(run->state.ema.data, run->state.weights.data,
           run->state.ema.count * sizeof *run->state.ema.data);
    memset(run->state.m.data, 0, run->state.m.count * sizeof *run->state.m.data);
    memset(run->state.v.data, 0, run->state.v.count * sizeof *run->state.v.data);
    memset(&run->state.counters, 0, sizeof run->state.counters);
    run->best_checkpoint = 0;
    cJSON_Delete(run->history);
    run->history = cJSON_CreateArray();
    return run->history ? read_best(run) : STATUS_MEMORY;
}

Status train_resume(TrainRun *run) {
    int64_t number;
    TRY(run_folder_resume(&run->folder, load_checkpoint, run, &number));
    run->iteration = number == RUN_NONE ? 0 : number;
    if (number == RUN_NONE) TRY(begin(run));
    return run->device->train->load(run->trainer, &run->state, run->stream);
}
