/* host/games/shard.c - appends games to parts and turns complete parts into shards. */
#include "shard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/array.h"
#include "host/files/folder.h"
#include "shard_store.h"

int shard_expected(const ShardStore *store, int64_t index) {
    int64_t left = store->games - index * SHARD_GAMES;
    return left <= 0 ? 0 : left < SHARD_GAMES ? (int)left : SHARD_GAMES;
}

Status shard_begin(ShardStore *store, int64_t index, int base, OpenShard **out) {
    OpenShard **open = (OpenShard **)array_grow(store->open, store->open_count, &store->open_space,
                                                sizeof *open);
    if (!open) return STATUS_MEMORY;
    store->open = open;
    OpenShard *shard = (OpenShard *)calloc(1, sizeof *shard);
    if (!shard) return STATUS_MEMORY;
    int expected = shard_expected(store, index);
    shard->index = index;
    shard->base = base;
    shard->covered = base < expected ? base : expected;
    shard->part.fd = -1;
    store->open[store->open_count++] = shard;
    *out = shard;
    return STATUS_OK;
}

Status shard_begin_part(ShardStore *store, OpenShard *shard) {
    char path[SHARD_PATH];
    shard_path(path, store->folder, shard->index, SHARD_NAME_PART);
    int64_t first = shard->index * SHARD_GAMES;
    Status status = shard_part_open(&shard->part, path, first, store->hash, PART_WRITE);
    if (status != STATUS_OK) {
        shard_part_close(
            &shard->part); /* else closing the store would flush to a file that is not ours */
        return status;
    }
    for (int i = shard->base; i < shard_expected(store, shard->index); i++)
        shard->covered += shard->part.offset[i] != 0;
    return STATUS_OK;
}

static void end_shard(ShardStore *store, OpenShard *shard) {
    for (int i = 0; i < store->open_count; i++)
        if (store->open[i] == shard) {
            store->open[i] = store->open[--store->open_count];
            break;
        }
    shard_part_close(&shard->part);
    free(shard);
}

typedef struct {
    const OpenShard *shard;
    Shard file; /* of the first `base` games */
} Merge;

static Status merge_source(void *context, int64_t id, uint16_t *words, int *count) {
    const Merge *merge = (const Merge *)context;
    int64_t i = id - merge->shard->index * SHARD_GAMES;
    if (i < merge->shard->base) return shard_file_read(&merge->file, (int)i, words, count);
    return shard_part_read(&merge->shard->part, id, words, count);
}

/* The part of an earlier, longer run may hold games past this run's end; then it stays. */
static Status remove_part(const OpenShard *shard, int games) {
    for (int i = games; i < SHARD_GAMES; i++)
        if (shard->part.offset[i]) return STATUS_OK;
    if (unlink(shard->part.path) != 0) return durable_fail(shard->part.path, "cannot be removed");
    return durable_flush_folder(shard->part.path);
}

Status shard_complete(ShardStore *store, OpenShard *shard) {
    int expected = shard_expected(store, shard->index);
    if (shard->covered < expected || shard->base >= expected) return STATUS_OK;
    char path[SHARD_PATH];
    Merge merge;
    TRY(shard_part_flush(&shard->part, false)); /* so that a failure below loses no game */
    memset(&merge, 0, sizeof merge);
    merge.shard = shard;
    shard_path(path, store->folder, shard->index, SHARD_NAME_FILE);
    Status status = STATUS_OK;
    if (shard->base > 0) TRY_GOTO(status, shard_file_open(&merge.file, path));
    TRY_GOTO(status, shard_file_write(path, store->identity, shard->index * SHARD_GAMES, expected,
                                      merge_source, &merge));
    TRY_GOTO(status, remove_part(shard, expected));
    end_shard(store, shard);
fail:
    shard_file_close(&merge.file);
    return status;
}

/* The number of games in a shard's file; 0: there is none. */
static Status count_base(const ShardStore *store, int64_t index, int *base) {
    char path[SHARD_PATH];
    Shard file;
    *base = 0;
    shard_path(path, store->folder, index, SHARD_NAME_FILE);
    if (access(path, F_OK) != 0) return STATUS_OK;
    Status status = shard_file_open(&file, path);
    if (status == STATUS_OK) *base = file.games;
    shard_file_close(&file);
    return status;
}

static Status find_open(ShardStore *store, int64_t index, OpenShard **out) {
    for (int i = 0; i < store->open_count; i++)
        if (store->open[i]->index == index) {
            *out = store->open[i];
            return STATUS_OK;
        }
    int base;
    TRY(count_base(store, index, &base));
    return shard_begin(store, index, base, out);
}

/* Compares a game with the one in the shard's file. */
static Status compare(const ShardStore *store, int64_t id, const uint16_t *words, int count) {
    char path[SHARD_PATH];
    Shard file;
    int there = 0;
    uint16_t *other = (uint16_t *)malloc(RECORD_MAX_WORDS * sizeof *other);
    if (!other) return STATUS_MEMORY;
    shard_path(path, store->folder, id / SHARD_GAMES, SHARD_NAME_FILE);
    Status status = shard_file_open(&file, path);
    if (status == STATUS_OK)
        status = shard_file_read(&file, (int)(id % SHARD_GAMES), other, &there);
    if (status == STATUS_OK &&
        (there != count || memcmp(words, other, (size_t)count * sizeof *words) != 0))
        status = durable_refuse(path, "game %" PRId64 " is already there with other content", id);
    shard_file_close(&file);
    free(other);
    return status;
}

Status shard_append(ShardStore *store, const uint16_t *words, int count) {
    int64_t id = count >= RECORD_HEAD_WORDS ? record_id(words) : -1;
    if (id < 0 || id >= store->games || words[RECORD_WORDS_AT] != count) return STATUS_ARGUMENT;
    OpenShard *shard;
    TRY(find_open(store, id / SHARD_GAMES, &shard));
    if (id % SHARD_GAMES < shard->base) return compare(store, id, words, count);
    if (shard->part.fd < 0) TRY(shard_begin_part(store, shard));
    int before = shard->part.count;
    TRY(shard_part_append(&shard->part, id, words, count));
    shard->covered += shard->part.count - before;
    return shard_complete(store, shard);
}

/* Whether a game that was missing when the folder was opened has come since. */
static bool has_come(const ShardStore *store, int64_t id) {
    char path[SHARD_PATH];
    for (int i = 0; i < store->open_count; i++)
        if (store->open[i]->index == id / SHARD_GAMES)
            return store->open[i]->part.fd >= 0 &&
                   store->open[i]->part.offset[id % SHARD_GAMES] != 0;
    shard_path(path, store->folder, id / SHARD_GAMES, SHARD_NAME_FILE);
    return access(path, F_OK) == 0; /* a completed shard is no longer open */
}

int64_t shard_absent(const ShardStore *store, int64_t end, int64_t *ids, int max) {
    int64_t count = 0;
    for (int i = 0; i < store->missing_count; i++)
        for (int64_t k = 0; k < store->missing[i].count; k++) {
            int64_t id = store->missing[i].first + k;
            if (id >= end) return count;
            if (has_come(store, id)) continue;
            if (count < max) ids[count] = id;
            count++;
        }
    return count;
}

Status shard_flush(ShardStore *store) {
    for (int i = 0; i < store->open_count; i++)
        if (store->open[i]->part.fd >= 0) TRY(shard_part_flush(&store->open[i]->part, true));
    return STATUS_OK;
}

Status shard_close(ShardStore *store) {
    if (!store) return STATUS_OK;
    Status status = shard_flush(store);
    while (store->open_count > 0) end_shard(store, store->open[0]);
    folder_unlock(&store->lock);
    cJSON_Delete(store->identity);
    free(store->missing);
    free(store->open);
    free(store);
    return status;
}
