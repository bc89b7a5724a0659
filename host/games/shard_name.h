/* host/games/shard_name.h - the names of files in a folder of shards. */
#ifndef HOST_GAMES_SHARD_NAME_H
#define HOST_GAMES_SHARD_NAME_H

#include "host/files/folder.h"

/* Consecutive ids in a shard; its index is id / SHARD_GAMES. */
enum { SHARD_GAMES = 4096, SHARD_PATH = FOLDER_PATH };

typedef enum { SHARD_NAME_FILE, SHARD_NAME_PART, SHARD_NAME_COUNT } ShardName;

/* folder/games-NNNNNN.safetensors, or .part */
void shard_path(char path[SHARD_PATH], const char *folder, int64_t index, ShardName kind);

/* The shard and kind that a file's name says; false: the name is not ours. */
bool shard_parse_name(const char *name, int64_t *index, ShardName *kind);

#endif
