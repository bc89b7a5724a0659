/* host/games/shard_store.h - what an open folder of shards keeps in memory; for shard*.c alone. */
#ifndef HOST_GAMES_SHARD_STORE_H
#define HOST_GAMES_SHARD_STORE_H

#include "shard.h"
#include "shard_name.h"

typedef struct {
    int64_t index;  /* of the shard */
    int base;       /* games in its file, short or not: first .. first + base - 1 */
    int covered;    /* games below the run's end that are in the file or the part */
    ShardPart part; /* fd -1: none yet */
} OpenShard;

struct ShardStore {
    char folder[DURABLE_PATH];
    int lock; /* file descriptor, -1: none */
    cJSON *identity;
    uint64_t hash; /* of the identity */
    int64_t games;
    ShardRange *missing; /* (missing_count) */
    int missing_count, missing_space;
    OpenShard **open; /* (open_count) */
    int open_count, open_space;
};

/* Ids of a shard that belong to the run, 0..SHARD_GAMES. */
int shard_expected(const ShardStore *store, int64_t index);

/* A new entry of store->open, with base and part as they are on disk. */
Status shard_begin(ShardStore *store, int64_t index, int base, OpenShard **out);

/* Opens or begins the part of an entry, and counts what it covers. */
Status shard_begin_part(ShardStore *store, OpenShard *shard);

/* Writes the shard's file if every id is there; the entry is freed then. */
Status shard_complete(ShardStore *store, OpenShard *shard);

#endif
