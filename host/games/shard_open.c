/* host/games/shard_open.c - opens a folder of shards: its owner, what is there, what is missing. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/array.h"
#include "host/files/folder.h"
#include "shard_store.h"

typedef struct {
    int64_t index;
    bool has[SHARD_NAME_COUNT];
} Entry;

typedef struct {
    Entry *entries; /* (count) owned */
    int count, space;
} Listing;

/* The files that are written aside. */
static bool is_own_file(const char *name) {
    int64_t index;
    ShardName kind;
    return strcmp(name, "run.json") == 0 ||
           (shard_parse_name(name, &index, &kind) && kind == SHARD_NAME_FILE);
}

static Status list_name(Listing *list, const char *name) {
    int64_t index;
    ShardName kind;
    if (!shard_parse_name(name, &index, &kind)) return STATUS_OK;
    Entry *entries = (Entry *)array_grow(list->entries, list->count, &list->space, sizeof *entries);
    if (!entries) return STATUS_MEMORY;
    list->entries = entries;
    Entry *entry = &list->entries[list->count++];
    memset(entry, 0, sizeof *entry);
    entry->index = index;
    entry->has[kind] = true;
    return STATUS_OK;
}

static int by_index(const void *a, const void *b) {
    int64_t x = ((const Entry *)a)->index, y = ((const Entry *)b)->index;
    return x < y ? -1 : x > y;
}

/* The shards of the folder, ascending, one entry for the file and the part of an index. */
static Status list_folder(const ShardStore *store, Listing *list) {
    DIR *folder = opendir(store->folder);
    if (!folder) return durable_refuse(store->folder, "cannot be read: %s", strerror(errno));
    Status status = STATUS_OK;
    for (struct dirent *d; status == STATUS_OK && (d = readdir(folder));) {
        if (folder_is_leftover(d->d_name, is_own_file))
            unlinkat(dirfd(folder), d->d_name, 0);
        else
            status = list_name(list, d->d_name);
    }
    closedir(folder);
    if (list->count == 0) return status;
    qsort(list->entries, (size_t)list->count, sizeof *list->entries, by_index);
    int n = 0;
    for (int i = 1; i < list->count; i++) {
        Entry *last = &list->entries[n], *entry = &list->entries[i];
        if (entry->index != last->index)
            list->entries[++n] = *entry;
        else
            for (int k = 0; k < SHARD_NAME_COUNT; k++) last->has[k] |= entry->has[k];
    }
    list->count = n + 1;
    return status;
}

static Status add_missing(ShardStore *store, int64_t first, int64_t count) {
    if (count <= 0) return STATUS_OK;
    ShardRange *last = store->missing_count ? &store->missing[store->missing_count - 1] : NULL;
    if (last && last->first + last->count == first) {
        last->count += count;
        return STATUS_OK;
    }
    ShardRange *missing = (ShardRange *)array_grow(store->missing, store->missing_count,
                                                   &store->missing_space, sizeof *missing);
    if (!missing) return STATUS_MEMORY;
    store->missing = missing;
    store->missing[store->missing_count].first = first;
    store->missing[store->missing_count++].count = count;
    return STATUS_OK;
}

/* Checks a shard's file and counts its games. */
static Status check_file(const ShardStore *store, int64_t index, int *games) {
    char path[SHARD_PATH];
    Shard file;
    shard_path(path, store->folder, index, SHARD_NAME_FILE);
    Status status = STATUS_OK;
    TRY_GOTO(status, shard_file_open(&file, path));
    TRY_GOTO(status, identity_match(path, file.file.metadata, store->identity));
    *games = file.games;
    if (file.first != index * SHARD_GAMES)
        status = durable_refuse(path, "begins with game %" PRId64 ", expected %" PRId64, file.first,
                                index * SHARD_GAMES);
fail:
    shard_file_close(&file);
    return status;
}

/* A part beside a file that has all that the run wants: left by a stop between rename and removal,
 * unless it holds games of a longer run. */
static Status drop_useless_part(const ShardStore *store, int64_t index, int base) {
    char path[SHARD_PATH];
    shard_path(path, store->folder, index, SHARD_NAME_PART);
    ShardPart *part = (ShardPart *)malloc(sizeof *part);
    if (!part) return STATUS_MEMORY;
    bool useless = true;
    Status status = shard_part_open(part, path, index * SHARD_GAMES, store->hash, PART_READ_ONLY);
    for (int i = base; i < SHARD_GAMES; i++) useless = useless && !part->offset[i];
    shard_part_close(part);
    free(part);
    if (status == STATUS_OK && useless && unlink(path) != 0)
        status = durable_fail(path, "cannot be removed");
    return status;
}

/* Resumes one shard: lists what is missing, and opens its part if there is one. */
static Status resume_shard(ShardStore *store, const Entry *entry) {
    int base = 0, expected = shard_expected(store, entry->index);
    int64_t first = entry->index * SHARD_GAMES;
    if (entry->has[SHARD_NAME_FILE]) TRY(check_file(store, entry->index, &base));
    if (expected == 0) return STATUS_OK;
    if (!entry->has[SHARD_NAME_PART]) return add_missing(store, first + base, expected - base);
    if (base >= expected) return drop_useless_part(store, entry->index, base);
    OpenShard *shard;
    TRY(shard_begin(store, entry->index, base, &shard));
    TRY(shard_begin_part(store, shard));
    for (int i = base; i < expected; i++)
        if (!shard->part.offset[i]) TRY(add_missing(store, first + i, 1));
    return shard_complete(store, shard);
}

/* Whether the folder has files of other owners. */
static Status seek_foreign(const ShardStore *store, bool *foreign) {
    DIR *folder = opendir(store->folder);
    if (!folder) return durable_refuse(store->folder, "cannot be read: %s", strerror(errno));
    *foreign = false;
    for (struct dirent *d; (d = readdir(folder));) {
        const char *name = d->d_name;
        *foreign |= strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !folder_is_lock(name) &&
                    strcmp(name, "run.json") != 0 && strcmp(name, "metrics.jsonl") != 0;
    }
    closedir(folder);
    return STATUS_OK;
}

static Status match_run(const ShardStore *store, RunJson *state) {
    char path[IDENTITY_PATH];
    cJSON *run;
    (void)identity_find_run(store->folder, path);
    TRY(identity_seek_run(store->folder, &run, state));
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(run, "identity");
    Status status = run ? identity_match(path, found, store->identity) : STATUS_OK;
    cJSON_Delete(run);
    return status;
}

/* A damaged run.json is made again if shards show whose the folder is, or if nothing else is there:
 * it could be another program's. */
static Status check_damaged(const ShardStore *store, const Listing *list, RunJson state) {
    bool foreign = false;
    if (state != RUN_JSON_DAMAGED || list->count > 0) return STATUS_OK;
    TRY(seek_foreign(store, &foreign));
    return foreign ? identity_refuse_damaged(store->folder) : STATUS_OK;
}

/* Once all shards are found to be this run's. */
static void say_lost(const ShardStore *store, const Listing *list, RunJson state) {
    char path[IDENTITY_PATH];
    if (state == RUN_JSON_WHOLE || (state == RUN_JSON_MISSING && list->count == 0)) return;
    (void)identity_find_run(store->folder, path);
    fprintf(stderr, "%s: %s; written again%s\n", path,
            state == RUN_JSON_MISSING ? "was missing" : "was damaged",
            list->count > 0 ? ", for the games beside it are of this run" : "");
}

static Status resume(ShardStore *store, RunJson state) {
    Listing list = {NULL, 0, 0};
    int64_t at = 0;
    Status status = STATUS_OK;
    TRY_GOTO(status, list_folder(store, &list));
    TRY_GOTO(status, check_damaged(store, &list, state));
    for (int i = 0; i < list.count; i++) {
        int64_t first = list.entries[i].index * SHARD_GAMES;
        int64_t end = first < store->games ? first : store->games;
        TRY_GOTO(status, add_missing(store, at, end - at));
        TRY_GOTO(status, resume_shard(store, &list.entries[i]));
        at = end + shard_expected(store, list.entries[i].index);
    }
    TRY_GOTO(status, add_missing(store, at, store->games - at));
    say_lost(store, &list, state);
fail:
    free(list.entries);
    return status;
}

static void check_identity(const cJSON *identity) {
    const cJSON *item;
    cJSON_ArrayForEach(item, identity) assert(cJSON_IsString(item));
    (void)item;
}

Status shard_open(ShardStore **out, const char *folder, const cJSON *identity, const cJSON *machine,
                  int64_t games) {
    GameTerms terms;
    *out = NULL;
    check_identity(identity);
    if (games < 1 || games > INT64_MAX / 2) return STATUS_ARGUMENT;
    TRY(folder_check_path(folder));
    TRY(identity_read_terms(folder, identity, &terms));
    ShardStore *store = (ShardStore *)calloc(1, sizeof *store);
    if (!store) return STATUS_MEMORY;
    snprintf(store->folder, sizeof store->folder, "%s", folder);
    store->lock.fd = -1;
    store->games = games;
    store->identity = identity_copy(identity);
    store->hash = identity_hash(identity);
    Status status = store->identity ? STATUS_OK : STATUS_MEMORY;
    if (status != STATUS_OK) goto fail;
    RunJson run_json;
    TRY_GOTO(status, folder_make(folder));
    TRY_GOTO(status, folder_lock(folder, &store->lock));
    TRY_GOTO(status, match_run(store, &run_json));
    TRY_GOTO(status, resume(store, run_json));
    if (machine || run_json != RUN_JSON_WHOLE)
        TRY_GOTO(status, shard_write_machine(store, machine));
    *out = store;
    return STATUS_OK;
fail:
    shard_close(store);
    return status;
}

const ShardRange *shard_missing(const ShardStore *store, int *count) {
    *count = store->missing_count;
    return store->missing;
}

Status shard_write_machine(ShardStore *store, const cJSON *machine) {
    return identity_write_run(store->folder, store->identity, NULL, machine);
}
