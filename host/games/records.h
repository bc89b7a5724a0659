/* host/games/records.h - all games of some folders or shards of one run, by id, checked.
 *
 *   records_open -> [ records_visit ]* -> records_close */
#ifndef HOST_GAMES_RECORDS_H
#define HOST_GAMES_RECORDS_H

#include "shard_store.h"

typedef struct {
    char path[SHARD_PATH];
    int64_t index; /* the shard's */
    ShardName kind;
} RecordSource;

typedef struct {
    RecordSource *sources; /* (source_count) by index, a shard's file before its part; owned */
    int source_count, source_space;
    cJSON *identity; /* shared by all of them; owned */
    GameTerms terms;
    int64_t file_games, part_games; /* counted by the last visit */
    int torn_parts;                 /* whose last record is cut off */
} Records;

/* Opens the folders and files (games-NNNNNN.safetensors, or .part beside its run.json) of `paths`.
 * STATUS_INPUT: nothing found, a shard given twice, or no readable identity; reported.
 * The caller calls records_close, also after a failure. */
Status records_open(Records *records, const char *const *paths, int path_count);
void records_close(Records *records);

/* STATUS_INPUT: writing to this path would destroy one of the files, or put a file among them that
 * has a name of theirs; reported. */
Status records_refuse_output(const Records *records, const char *path);

/* Receives a game whose head has been read; reads its rounds with game_record_next. */
typedef Status (*RecordVisitor)(void *context, GameRecord *game);

/* Passes each game to the visitor once. Checks checksums, identities and ids on the way, and after
 * the visitor returns, that the game was right. STATUS_INPUT: one line names the first error. */
Status records_visit(Records *records, RecordVisitor visitor, void *context);

#endif
