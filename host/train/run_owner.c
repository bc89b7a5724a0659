/* host/train/run_owner.c - whose folder it is: by run.json, or by the files beside it. */
#include "run_owner.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/safetensors.h"
#include "run_names.h"
#include "train_change.h"

static const char *program_of(const cJSON *identity) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(identity, "program"));
    return text ? text : "another program";
}

static const cJSON *identity_of(const cJSON *run) {
    return cJSON_GetObjectItemCaseSensitive(run, "identity");
}

/* Matches the run that the file `path` tells of. */
static Status match(const char *path, const cJSON *found, const cJSON *identity, RunBegin begin,
                    RunOwner *out) {
    const cJSON *other = identity_of(found);
    if (strcmp(program_of(other), program_of(identity)) != 0)
        return durable_refuse(path, "belongs to a run of %.40s, not of %.40s", program_of(other),
                              program_of(identity));
    if (begin == RUN_FRESH) return STATUS_OK;
    out->changed = identity_hash(other) != identity_hash(identity);
    return train_change_match(path, other, identity, begin);
}

/* What a checkpoint or a replay file tells of its run, as run_folder_peek: an empty identity in
 * another program's file; NULL: it cannot be read. */
static cJSON *peek_file(const char *path, RunSeries series) {
    cJSON *texts = safetensors_peek(path), *run = texts ? cJSON_CreateObject() : NULL;
    if (!run || series == RUN_REPLAY) {
        cJSON_DeleteItemFromObjectCaseSensitive(texts, "replay_version");
        cJSON_DeleteItemFromObjectCaseSensitive(texts, "xxh64");
        if (run) cJSON_AddItemToObject(run, "identity", texts);
        return run;
    }
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, "identity"));
    const char *list = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, "changes"));
    cJSON *identity = text ? cJSON_Parse(text) : cJSON_CreateObject();
    cJSON *changes = list ? cJSON_Parse(list) : NULL;
    cJSON_Delete(texts);
    if (identity) cJSON_AddItemToObject(run, "identity", identity);
    if (changes) cJSON_AddItemToObject(run, "changes", changes);
    if (identity) return run;
    cJSON_Delete(run);
    return NULL;
}

/* What the numbered files tell. */
typedef struct {
    int files;              /* that are there */
    cJSON *run;             /* of the newest that can be read; NULL: of none */
    char witness[RUN_PATH]; /* that file */
} Trace;

static Status seek_trace(const RunFolder *run, Trace *out) {
    Status status = STATUS_OK;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < RUN_SERIES_COUNT && status == STATUS_OK; i++) {
        RunNumbers list;
        status = run_names_list(run, (RunSeries)i, &list);
        out->files += list.count;
        for (int k = list.count - 1; k >= 0 && !out->run; k--) {
            run_folder_number_path(run, (RunSeries)i, list.numbers[k], out->witness);
            out->run = peek_file(out->witness, (RunSeries)i);
        }
        free(list.numbers);
    }
    return status;
}

Status run_folder_peek(const char *folder, cJSON **out) {
    RunFolder run = {.lock.fd = -1};
    RunJson state;
    Trace trace;
    TRY(folder_check_path(folder));
    snprintf(run.folder, sizeof run.folder, "%s", folder);
    TRY(identity_seek_run(folder, out, &state));
    if (*out) return STATUS_OK;
    TRY(seek_trace(&run, &trace));
    *out = trace.run;
    return STATUS_OK;
}

static bool is_folder(const RunFolder *run, const char *name) {
    char path[RUN_PATH];
    struct stat found;
    snprintf(path, sizeof path, "%s/%s", run->folder, name);
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* Whether a run has begun here: it makes these folders at once. */
static bool has_begun(const RunFolder *run) {
    return is_folder(run, run_names_series(RUN_CHECKPOINTS)) &&
           is_folder(run, run_names_series(RUN_REPLAY));
}

/* The first name that is not ours into name (NAME_MAX + 1), or "". Files that a network could be in
 * count as ours only where a run has begun. */
static Status seek_foreign(const RunFolder *run, char name[256]) {
    bool begun = has_begun(run);
    DIR *folder = opendir(run->folder);
    name[0] = 0;
    if (!folder) return durable_refuse(run->folder, "cannot be read: %s", strerror(errno));
    for (struct dirent *d; !name[0] && (d = readdir(folder));) {
        const char *n = d->d_name;
        if (strcmp(n, ".") == 0 || strcmp(n, "..") == 0 || folder_is_lock(n) ||
            strcmp(n, "run.json") == 0 || folder_is_leftover(n, run_names_is_file))
            continue;
        if (begun && (run_names_is_file(n) || run_names_is_folder(n))) continue;
        snprintf(name, 256, "%s", n);
    }
    closedir(folder);
    return STATUS_OK;
}

static Status refuse_foreign(const RunFolder *run, RunJson state, const char *name) {
    if (state == RUN_JSON_DAMAGED) return identity_refuse_damaged(run->folder);
    return durable_refuse(run->folder,
                          "holds %.99s but no run.json: not the folder of a run, and is left alone",
                          name);
}

/* Without run.json and without an identity elsewhere. */
static Status check_unknown(const RunFolder *run, RunBegin begin, RunJson state, int files) {
    char name[256];
    if (begin == RUN_FRESH && has_begun(run)) return STATUS_OK;
    if (files > 0 && has_begun(run))
        return durable_refuse(run->folder,
                              "run.json is %s, and no checkpoint tells what run this is; --fresh "
                              "removes it and begins again",
                              state == RUN_JSON_MISSING ? "missing" : "damaged");
    TRY(seek_foreign(run, name));
    return name[0] ? refuse_foreign(run, state, name) : STATUS_OK;
}

static Status check_trace(const RunFolder *run, const cJSON *identity, RunBegin begin,
                          RunOwner *out) {
    Trace trace;
    Status status = seek_trace(run, &trace);
    if (status == STATUS_OK)
        status = trace.run ? match(trace.witness, trace.run, identity, begin, out)
                           : check_unknown(run, begin, out->state, trace.files);
    if (status == STATUS_OK && trace.run)
        snprintf(out->witness, sizeof out->witness, "%s", trace.witness);
    cJSON_Delete(trace.run);
    return status;
}

Status run_owner_check(const RunFolder *run, const cJSON *identity, RunBegin begin, RunOwner *out) {
    char path[IDENTITY_PATH];
    cJSON *found;
    memset(out, 0, sizeof *out);
    TRY(identity_seek_run(run->folder, &found, &out->state));
    if (!found) return check_trace(run, identity, begin, out);
    (void)identity_find_run(run->folder, path);
    Status status = match(path, found, identity, begin, out);
    cJSON_Delete(found);
    return status;
}

void run_owner_say(const RunFolder *run, const RunOwner *owner, RunBegin begin) {
    char path[IDENTITY_PATH];
    const char *what = owner->state == RUN_JSON_MISSING ? "missing" : "damaged";
    (void)identity_find_run(run->folder, path);
    if (begin == RUN_FRESH || owner->state == RUN_JSON_WHOLE) return;
    if (owner->witness[0])
        fprintf(stderr, "%s: was %s; written again from %s\n", path, what, owner->witness);
    else if (owner->state == RUN_JSON_DAMAGED)
        fprintf(stderr, "%s: was damaged, before there was a checkpoint: the run begins again\n",
                path);
}
