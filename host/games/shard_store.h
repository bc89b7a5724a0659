/* host/games/shard_store.h - an open folder of shards in memory; only for shard*.c. */
#ifndef HOST_GAMES_SHARD_STORE_H
#define HOST_GAMES_SHARD_STORE_H

#include "shard.h"
#include "shard_name.h"

typedef struct {
    int64_t index;  /* of the shard */
    int base;       /* games in its file: first .. first + base - 1 */
    int covered;    /* games below the run's end, in the file or the part */
    ShardPart part; /* fd -1: not open yet */
} OpenShard;

struct ShardStore {
    char folder[DURABLE_PATH];
    FolderLock lock;
    cJSON *identity;
    uint64_t hash; /* identity_hash */
    int64_t games;
    ShardRange *missing; /* (missing_count) */
    int missing_count, missing_space;
    OpenShard **open; /* (open_count) */
    int open_count, open_space;
};

/* How many ids of a shard belong to the run, 0..SHARD_GAMES. */
int shard_expected(const ShardStore *store, int64_t index);

/* Adds an entry to store->open for a shard whose file has `base` games. */
Status shard_begin(ShardStore *store, int64_t index, int base, OpenShard **out);

/* Opens or begins the part of an entry and counts the games it covers. */
Status shard_begin_part(ShardStore *store, OpenShard *shard);

/* Writes the shard's file and frees the entry, if every id is there. */
Status shard_complete(ShardStore *store, OpenShard *shard);

#endif
