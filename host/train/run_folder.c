/* host/train/run_folder.c - opens a run's folder, finds its newest good checkpoint, tidies. */
#include "run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/array.h"
#include "host/files/folder.h"
#include "host/games/identity.h"
#include "checkpoint.h"

static const char *const file_names[RUN_FILE_COUNT] = {"weights.safetensors", "best.safetensors",
                                                       "metrics.jsonl", "bad_batch.safetensors"};
static const char *const series_names[RUN_SERIES_COUNT] = {"checkpoints", "replay"};

typedef struct {
    int64_t *numbers; /* (count) ascending; owned */
    int count, space;
} Numbers;

void run_folder_path(const RunFolder *run, RunFile file, char *path) {
    snprintf(path, RUN_PATH, "%s/%s", run->folder, file_names[file]);
}

void run_folder_number_path(const RunFolder *run, RunSeries series, int64_t number, char *path) {
    snprintf(path, RUN_PATH, "%s/%s/%06" PRId64 ".safetensors", run->folder, series_names[series],
             number);
}

static void series_path(const RunFolder *run, RunSeries series, char *path) {
    snprintf(path, RUN_PATH, "%s/%s", run->folder, series_names[series]);
}

/* Parses "000012.safetensors", as run_folder_number_path writes it. */
static bool parse_number(const char *name, int64_t *number) {
    char expected[64];
    *number = strtoll(name, NULL, 10);
    if (*number < 0) return false;
    snprintf(expected, sizeof expected, "%06" PRId64 ".safetensors", *number);
    return strcmp(name, expected) == 0;
}

/* Whether a file of the run's folder itself is ours. */
static bool is_own_file(const char *name) {
    for (int i = 0; i < RUN_FILE_COUNT; i++)
        if (strcmp(name, file_names[i]) == 0) return true;
    return strcmp(name, "run.json") == 0;
}

static bool is_own_number(const char *name) {
    int64_t number;
    return parse_number(name, &number);
}

/* TensorBoard's files, which belong to the run as well. */
static bool is_event_file(const char *name) {
    return strncmp(name, "events.out.tfevents.", 20) == 0;
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
    if (status == STATUS_OK && removed && fsync(dirfd(folder)) != 0 && errno != EINVAL)
        status = durable_fail(path, "cannot be flushed");
    closedir(folder);
    return status;
}

/* Checkpoints go first, so that an interrupted removal leaves an older state of the run, or
 * none. */
static Status clean_run(const RunFolder *run, Removal removal) {
    char path[RUN_PATH];
    for (int i = 0; i < RUN_SERIES_COUNT; i++) {
        series_path(run, (RunSeries)i, path);
        TRY(clean_folder(path, is_own_number, removal));
    }
    snprintf(path, sizeof path, "%s/tensorboard", run->folder);
    TRY(clean_folder(path, is_event_file, removal));
    return clean_folder(run->folder, is_own_file, removal);
}

/* A folder without run.json is ours only if it is as good as empty. */
static Status check_empty(const char *path) {
    DIR *folder = opendir(path);
    Status status = STATUS_OK;
    if (!folder) return durable_refuse(path, "cannot be read: %s", strerror(errno));
    for (struct dirent *d; status == STATUS_OK && (d = readdir(folder));) {
        const char *name = d->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lock") == 0 ||
            folder_is_leftover(name, is_own_file))
            continue;
        status = durable_refuse(path,
                                "holds %.99s but no run.json: not the folder of a run, and is "
                                "left alone",
                                name);
    }
    closedir(folder);
    return status;
}

static const char *program_of(const cJSON *identity) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(identity, "program"));
    return text ? text : "another program";
}

/* Checks that the folder belongs to this run, or may become its folder. */
static Status check_owner(const RunFolder *run, const cJSON *identity, RunBegin begin,
                          bool *there) {
    char path[IDENTITY_PATH];
    cJSON *found;
    *there = identity_find_run(run->folder, path);
    if (!*there) return check_empty(run->folder);
    TRY(identity_read_run(run->folder, &found));
    Status status = STATUS_OK;
    if (strcmp(program_of(found), program_of(identity)) != 0)
        status = durable_refuse(path, "belongs to a run of %.40s, not of %.40s", program_of(found),
                                program_of(identity));
    else if (begin != RUN_FRESH)
        status = identity_match(path, found, identity);
    cJSON_Delete(found);
    return status;
}

Status run_folder_open(RunFolder *run, const char *folder, const cJSON *identity,
                       const cJSON *machine, RunBegin begin) {
    char path[RUN_PATH];
    bool there;
    run->lock = -1;
    run->folder[0] = 0;
    TRY(folder_check_path(folder));
    TRY(folder_make(folder));
    snprintf(run->folder, sizeof run->folder, "%s", folder);
    TRY(check_owner(run, identity, begin, &there)); /* before a lock is left in a foreign folder */
    TRY(folder_lock(folder, &run->lock));
    TRY(check_owner(run, identity, begin,
                    &there)); /* again: another process may have written it since */
    TRY(clean_run(run, begin == RUN_FRESH ? REMOVE_OWN : REMOVE_LEFTOVERS));
    if (machine || !there || begin == RUN_FRESH) TRY(identity_write_run(folder, identity, machine));
    for (int i = 0; i < RUN_SERIES_COUNT; i++) {
        series_path(run, (RunSeries)i, path);
        TRY(folder_make(path));
    }
    return STATUS_OK;
}

void run_folder_close(RunFolder *run) { folder_unlock(&run->lock); }

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The caller frees numbers, also after a failure. */
static Status list_numbers(const RunFolder *run, RunSeries series, Numbers *out) {
    char path[RUN_PATH];
    memset(out, 0, sizeof *out);
    series_path(run, series, path);
    DIR *folder = opendir(path);
    if (!folder) return durable_fail(path, "cannot be read");
    Status status = STATUS_OK;
    for (struct dirent *d; status == STATUS_OK && (d = readdir(folder));) {
        int64_t number;
        if (!parse_number(d->d_name, &number)) continue;
        int64_t *numbers = array_grow(out->numbers, out->count, &out->space, sizeof *numbers);
        status = numbers ? STATUS_OK : STATUS_MEMORY;
        if (!numbers) break;
        out->numbers = numbers;
        out->numbers[out->count++] = number;
    }
    closedir(folder);
    if (out->count) qsort(out->numbers, (size_t)out->count, sizeof *out->numbers, by_size);
    return status;
}

/* Without a checkpoint there are no games but those of the first iteration, which it makes
 * whole. */
static Status check_beginning(const RunFolder *run) {
    Numbers list;
    Status status = list_numbers(run, RUN_REPLAY, &list);
    if (status == STATUS_OK && list.count > 0 && list.numbers[list.count - 1] > 0)
        status = durable_refuse(run->folder,
                                "has games of %lld iterations and no checkpoint; --fresh begins "
                                "again, and removes them",
                                (long long)list.numbers[list.count - 1] + 1);
    free(list.numbers);
    return status;
}

Status run_folder_resume(const RunFolder *run, RunLoad load, void *context, int64_t *number) {
    Numbers list;
    Status status = list_numbers(run, RUN_CHECKPOINTS, &list);
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
static Status prune_checkpoints(const RunFolder *run, const Numbers *list, int begin, int end,
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
    Numbers list, games = {NULL, 0, 0};
    int64_t first = INT64_MAX;
    int begin, end = 0;
    Status status = STATUS_OK;
    TRY_GOTO(status, list_numbers(run, RUN_CHECKPOINTS, &list));
    while (end < list.count && list.numbers[end] <= newest) end++;
    begin = end > keep ? end - keep : 0;
    TRY_GOTO(status, prune_checkpoints(run, &list, begin, end, best));
    TRY_GOTO(status, list_numbers(run, RUN_REPLAY, &games));
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
