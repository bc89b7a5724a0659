/* host/train/run_names.c - names of the files and folders of a training run. */
#include "run_names.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/array.h"

static const char *const file_names[RUN_FILE_COUNT] = {"weights.safetensors", "best.safetensors",
                                                       "metrics.jsonl", "bad_batch.safetensors"};
static const char *const series_names[RUN_SERIES_COUNT] = {"checkpoints", "replay"};

const char *run_names_series(RunSeries series) { return series_names[series]; }

void run_folder_path(const RunFolder *run, RunFile file, char *path) {
    snprintf(path, RUN_PATH, "%s/%s", run->folder, file_names[file]);
}

void run_folder_number_path(const RunFolder *run, RunSeries series, int64_t number, char *path) {
    snprintf(path, RUN_PATH, "%s/%s/%06" PRId64 ".safetensors", run->folder, series_names[series],
             number);
}

/* Parses "000012.safetensors", as run_folder_number_path writes it. */
static bool parse_number(const char *name, int64_t *number) {
    char expected[64];
    *number = strtoll(name, NULL, 10);
    if (*number < 0) return false;
    snprintf(expected, sizeof expected, "%06" PRId64 ".safetensors", *number);
    return strcmp(name, expected) == 0;
}

bool run_names_is_file(const char *name) {
    for (int i = 0; i < RUN_FILE_COUNT; i++)
        if (strcmp(name, file_names[i]) == 0) return true;
    return strcmp(name, "run.json") == 0;
}

bool run_names_is_folder(const char *name) {
    for (int i = 0; i < RUN_SERIES_COUNT; i++)
        if (strcmp(name, series_names[i]) == 0) return true;
    return strcmp(name, "tensorboard") == 0;
}

bool run_names_is_number(const char *name) {
    int64_t number;
    return parse_number(name, &number);
}

bool run_names_is_event(const char *name) { return strncmp(name, "events.out.tfevents.", 20) == 0; }

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

Status run_names_list(const RunFolder *run, RunSeries series, RunNumbers *out) {
    char path[RUN_PATH];
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "%s/%s", run->folder, series_names[series]);
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT || errno == ENOTDIR ? STATUS_OK
                                                   : durable_fail(path, "cannot be read");
    Status status = STATUS_OK;
    for (struct dirent *d; status == STATUS_OK && (d = readdir(folder));) {
        int64_t number;
        if (!parse_number(d->d_name, &number)) continue;
        int64_t *numbers = (int64_t *)array_grow(out->numbers, out->count, &out->space,
                                                 sizeof *numbers);
        status = numbers ? STATUS_OK : STATUS_MEMORY;
        if (!numbers) break;
        out->numbers = numbers;
        out->numbers[out->count++] = number;
    }
    closedir(folder);
    if (out->count) qsort(out->numbers, (size_t)out->count, sizeof *out->numbers, by_size);
    return status;
}
