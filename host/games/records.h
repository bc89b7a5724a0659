/* host/games/records.h - every game in some folders or shards of one run, in order of its id, checked.
 *
 *   records_open -> [ records_visit ]* -> records_close */
#ifndef HOST_GAMES_RECORDS_H
#define HOST_GAMES_RECORDS_H

#include "shard_store.h"

typedef struct {
    char path[SHARD_PATH];
    int64_t index; /* of the shard */
    ShardName kind;
} RecordSource;

typedef struct {
    RecordSource *sources; /* (source_count) by index, a shard's file before its part; owned */
    int source_count, source_space;
    cJSON *identity; /* of all of them; owned */
    GameTerms terms;
    int64_t file_games, part_games; /* found by the last visit */
    int torn_parts;                 /* of which the last record is not whole */
} Records;

/* The folders and files (games-NNNNNN.safetensors, .part beside its run.json) that paths name.
 * STATUS_INPUT: nothing there, one shard named twice, an identity that cannot be read; said.
 * The caller calls records_close, also after a failure. */
Status records_open(Records *records, const char *const *paths, int path_count);
void records_close(Records *records);

/* Gets a game whose head was read; reads its rounds with game_record_next. */
typedef Status (*RecordVisitor)(void *context, GameRecord *game);

/* Gives each game to the visitor once, checking checksums, identities and ids on the way, and after
 * the visitor that the game was right. STATUS_INPUT: the first thing wrong, said in one line. */
Status records_visit(Records *records, RecordVisitor visitor, void *context);

#endif
