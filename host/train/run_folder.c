/* host/train/run_folder.c - opens a run's folder, finds its newest good checkpoint, tidies. */
#include "run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/flush.h"
#include "host/games/identity.h"
#include "checkpoint.h"
#include "run_names.h"
#include "run_owner.h"

static void series_path(const RunFolder *run, RunSeries series, char *path) {
    snprintf(path, RUN_PATH, "%s/%s", run->folder, run_names_series(series));
}

typedef enum { REMOVE_LEFTOVERS, REMOVE_OWN } Removal;

/* Removes a folder's leftovers, or also all that `is_own` accepts except run.json; then flushes. */
static Status clean_folder(const char *path, FolderOwns is_own, Removal removal) {
    DIR *folder = opendir(path);
    bool removed = false;
    Status status = STATUS_OK;
    if (!folder) return errno == ENOENT ? STATUS_OK : durable_fail(path, "cannot be read");
    for (struct dirent *d; status == STATUS_OK && (d = readdir(folder));) {
        bool own = removal == REMOVE_OWN && is_own(d->d_name) && strcmp(d->d_name, "run.json") != 0;
        if (!own && !folder_is_leftover(d->d_name, is_own)) continue;
        removed = true;
        if (unlinkat(dirfd(folder), d->d_name, 0) != 0 && errno != ENOENT)
            status = durable_fail(path, "a file in it cannot be removed");
    }
    if (status == STATUS_OK && removed) status = flush_folder(dirfd(folder), path);
    closedir(folder);
    return status;
}

/* Checkpoints go first, so that an interrupted removal leaves an older state of the run, or
 * none. */
static Status clean_run(const RunFolder *run, Removal removal) {
    char path[RUN_PATH];
    for (int i = 0; i < RUN_SERIES_COUNT; i++) {
        series_path(run, (RunSeries)i, path);
        TRY(clean_folder(path, run_names_is_number, removal));
    }
    snprintf(path, sizeof path, "%s/tensorboard", run->folder);
    TRY(clean_folder(path, run_names_is_event, removal));
    return clean_folder(run->folder, run_names_is_file, removal);
}

/* A resumed run keeps its history of changes. */
static Status write_json(const RunFolder *run, const cJSON *identity, const cJSON *machine,
                         RunBegin begin) {
    cJSON *before = NULL;
    if (begin != RUN_FRESH) TRY(run_folder_peek(run->folder, &before));
    const cJSON *was = cJSON_GetObjectItemCaseSensitive(before, "identity");
    Status status = identity_write_run(run->folder, begin == RUN_CHANGE && was ? was : identity,
                                       cJSON_GetObjectItemCaseSensitive(before, "changes"),
                                       machine);
    cJSON_Delete(before);
    return status;
}

Status run_folder_open(RunFolder *run, const char *folder, const cJSON *identity,
                       const cJSON *machine, RunBegin begin) {
    char path[RUN_PATH];
    RunOwner owner;
    run->lock.fd = -1;
    run->folder[0] = 0;
    TRY(folder_check_path(folder));
    TRY(folder_make(folder));
    snprintf(run->folder, sizeof run->folder, "%s", folder);
    TRY(run_owner_check(run, identity, begin, &owner)); /* before a foreign folder gets a lock */
    TRY(folder_lock(folder, &run->lock));
    TRY(run_owner_check(run, identity, begin, &owner)); /* again: it may have been written since */
    TRY(clean_run(run, begin == RUN_FRESH ? REMOVE_OWN : REMOVE_LEFTOVERS));
    const bool lost = owner.state != RUN_JSON_WHOLE;
    if (lost || begin == RUN_FRESH || (machine && !owner.changed))
        TRY(write_json(run, identity, machine, begin));
    run_owner_say(run, &owner, begin);
    for (int i = 0; i < RUN_SERIES_COUNT; i++) {
        series_path(run, (RunSeries)i, path);
        TRY(folder_make(path));
    }
    return STATUS_OK;
}

void run_folder_close(RunFolder *run) { folder_unlock(&run->lock); }

/* Without a checkpoint there are no games but those of the first iteration, which it makes
 * whole. */
static Status check_beginning(const RunFolder *run) {
    RunNumbers list;
    Status status = run_names_list(run, RUN_REPLAY, &list);
    if (status == STATUS_OK && list.count > 0 && list.numbers[list.count - 1] > 0)
        status = durable_refuse(run->folder,
                                "has games of %lld iterations and no checkpoint; --fresh begins "
                                "again, and removes them",
                                (long long)list.numbers[list.count - 1] + 1);
    free(list.numbers);
    return status;
}

Status run_folder_resume(const RunFolder *run, RunLoad load, void *context, int64_t *number) {
    RunNumbers list;
    Status status = run_names_list(run, RUN_CHECKPOINTS, &list);
    *number = RUN_NONE;
    for (int i = list.count - 1; status == STATUS_OK && *number == RUN_NONE && i >= 0; i--) {
        char path[RUN_PATH];
        run_folder_number_path(run, RUN_CHECKPOINTS, list.numbers[i], path);
        status = load(context, list.numbers[i], path);
        if (status == STATUS_OK) *number = list.numbers[i];
        if (status == STATUS_INPUT) status = STATUS_OK;
    }
    if (status == STATUS_OK && *number == RUN_NONE && list.count > 0)
        status = durable_refuse(run->folder,
                                "none of its checkpoints can be resumed from; --fresh removes "
                                "them and begins again");
    if (status == STATUS_OK && list.count == 0) status = check_beginning(run);
    free(list.numbers);
    return status;
}

static Status remove_number(const RunFolder *run, RunSeries series, int64_t number) {
    char path[RUN_PATH];
    run_folder_number_path(run, series, number, path);
    return unlink(path) == 0 || errno == ENOENT ? STATUS_OK
                                                : durable_fail(path, "cannot be removed");
}

/* Removes the checkpoints before those that stay, list->numbers[begin .. end - 1], except `best`
 * and what these name as their best. */
static Status prune_checkpoints(const RunFolder *run, const RunNumbers *list, int begin, int end,
                                int64_t best) {
    for (int i = 0; i < begin; i++) {
        bool needed = list->numbers[i] == best;
        for (int k = begin; k < end && !needed; k++) {
            char path[RUN_PATH];
            int64_t named;
            run_folder_number_path(run, RUN_CHECKPOINTS, list->numbers[k], path);
            needed = checkpoint_peek_number(path, CHECKPOINT_BEST, &named) &&
                     named == list->numbers[i];
        }
        if (!needed) TRY(remove_number(run, RUN_CHECKPOINTS, list->numbers[i]));
    }
    return STATUS_OK;
}

Status run_folder_prune(const RunFolder *run, int64_t newest, int keep, int64_t best,
                        RunWindow window, void *context) {
    RunNumbers list, games = {NULL, 0, 0};
    int64_t first = INT64_MAX;
    int begin, end = 0;
    Status status = STATUS_OK;
    TRY_GOTO(status, run_names_list(run, RUN_CHECKPOINTS, &list));
    while (end < list.count && list.numbers[end] <= newest) end++;
    begin = end > keep ? end - keep : 0;
    TRY_GOTO(status, prune_checkpoints(run, &list, begin, end, best));
    TRY_GOTO(status, run_names_list(run, RUN_REPLAY, &games));
    for (int i = begin; i < end; i++) {
        int64_t needed = window(context, list.numbers[i]);
        if (needed < first) first = needed;
    }
    for (int i = 0; begin < end && i < games.count && games.numbers[i] < first; i++)
        TRY_GOTO(status, remove_number(run, RUN_REPLAY, games.numbers[i]));
fail:
    free(list.numbers);
    free(games.numbers);
    return status;
}
