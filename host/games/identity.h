/* host/games/identity.h - what determines a run's content, as an object of strings.
 *
 * The same object is in the metadata of every shard and, under "identity", in run.json. */
#ifndef HOST_GAMES_IDENTITY_H
#define HOST_GAMES_IDENTITY_H

#include <cjson/cJSON.h>

#include "host/files/folder.h"
#include "game_record.h"

/* The value of format_version: the version of the files that shard.h describes. */
#define IDENTITY_FORMAT_VERSION "1"

/* OK where both are equal in every key but "xxh64". STATUS_INPUT: one line on stderr names `path`
 * (which holds `found`), the first key that differs, and both values. */
Status identity_match(const char *path, const cJSON *found, const cJSON *expected);

/* A hash of all keys and values but "xxh64", whatever their order. */
uint64_t identity_hash(const cJSON *identity);

/* A copy without "xxh64"; NULL: no memory. */
cJSON *identity_copy(const cJSON *identity);

/* Reads rules (blob, oh-hell), players, cards, format (round, full), and for oh-hell points and
 * penalty (0, 1). STATUS_INPUT: another format_version, or a key is missing or out of range. */
Status identity_read_terms(const char *path, const cJSON *identity, GameTerms *terms);

enum { IDENTITY_PATH = FOLDER_PATH + 16 };

/* Whether the folder has a run.json; its path into `path`. */
bool identity_find_run(const char *folder, char path[IDENTITY_PATH]);

/* A run.json that is cut or damaged can be made again: every file that lasts holds the identity. */
typedef enum { RUN_JSON_WHOLE, RUN_JSON_MISSING, RUN_JSON_DAMAGED } RunJson;

/* Reads a folder's run.json; only of a whole one *run is its object, which the caller deletes.
 * Missing or damaged is no failure and not reported. STATUS_INPUT: it cannot be read. */
Status identity_seek_run(const char *folder, cJSON **run, RunJson *state);

/* Reports that a folder's run.json is damaged; returns STATUS_INPUT. */
Status identity_refuse_damaged(const char *folder);

/* identity_match for a folder's run.json; OK too where there is none. STATUS_INPUT: damaged, or
 * another run's. */
Status identity_match_run(const char *folder, const cJSON *expected);

/* The identity in a folder's run.json; the caller deletes it. STATUS_INPUT: missing or damaged. */
Status identity_read_run(const char *folder, cJSON **identity);

/* Durably writes folder/run.json: {"identity": .., "changes": .., "machine": ..}; without changes
 * where there are none, or NULL; machine may be NULL. */
Status identity_write_run(const char *folder, const cJSON *identity, const cJSON *changes,
                          const cJSON *machine);

#endif
