/* host/games/shard_name.c - the names of files in a folder of shards. */
#include "shard_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const endings[SHARD_NAME_COUNT] = {".safetensors", ".part"};

void shard_path(char path[SHARD_PATH], const char *folder, int64_t index, ShardName kind) {
    snprintf(path, SHARD_PATH, "%s/games-%06" PRId64 "%s", folder, index, endings[kind]);
}

bool shard_parse_name(const char *name, int64_t *index, ShardName *kind) {
    char again[SHARD_PATH];
    if (strncmp(name, "games-", 6) != 0 || name[6] < '0' || name[6] > '9') return false;
    errno = 0;
    long long number = strtoll(name + 6, NULL, 10);
    if (errno || number > INT64_MAX / SHARD_GAMES - 1) return false;
    for (int i = 0; i < SHARD_NAME_COUNT; i++) {
        shard_path(again, "", number, (ShardName)i);
        *index = number;
        *kind = (ShardName)i;
        if (strcmp(again + 1, name) == 0) return true;
    }
    return false;
}
