/* host/games/shard.h - a folder of finished games that can be resumed at any moment.
 *
 *   DIR/run.json                    {"identity": what determines the content, "machine": the rest}
 *   DIR/games-000000.part           games of an incomplete shard (shard_part.h)
 *   DIR/games-000000.safetensors    4,096 games by id; the last shard may be short (shard_file.h)
 *   DIR/metrics.jsonl               rates, a line every so often (metrics.h)
 *   DIR/lock, DIR/lock.held         held while a process writes here (folder.h)
 *
 *   append -> part -> once every id is there: written in id order, durably; part removed
 *
 * A restarted run keeps the whole records of a part and drops what follows a torn or damaged one. A
 * short last shard stays until a longer run has all its ids, and is then replaced. Memory: about
 * 300 KB per open shard, nothing per game. */
#ifndef HOST_GAMES_SHARD_H
#define HOST_GAMES_SHARD_H

#include "shard_file.h"

typedef struct {
    int64_t first, count; /* ids */
} ShardRange;

typedef struct ShardStore ShardStore;

/* Opens `folder`, which is made if its parent exists, for the games 0 .. games - 1 of the run that
 * `identity` describes (strings, with format_version and what identity_read_terms reads): takes the
 * lock, checks every shard, and completes shards whose games are all there. `machine` goes to
 * run.json; NULL keeps an older one. A run.json that is missing or damaged beside shards of this
 * run is written again, in one line on stderr. Both stay the caller's. *out is NULL after a
 * failure.
 * STATUS_INPUT: not a folder, not writable, in use, of another run, or a file of one of our names
 * is damaged or foreign; one line says which. STATUS_FILE, STATUS_MEMORY. */
Status shard_open(ShardStore **out, const char *folder, const cJSON *identity, const cJSON *machine,
                  int64_t games);

/* The ids that were missing when the folder was opened, as ascending ranges that do not touch. */
const ShardRange *shard_missing(const ShardStore *store, int *count);

/* Stores a finished game, the `count` words of a record; games may come in any order. A shard that
 * it completes is on disk on return. A game that is already there is ignored if equal, else
 * STATUS_INPUT. STATUS_ARGUMENT: its id is not in 0..games - 1. STATUS_FILE: reported; older data
 * stays whole. */
Status shard_append(ShardStore *store, const uint16_t *words, int count);

/* How many of the ids below `end` that were missing when the folder was opened are still missing;
 * the first `max` of them go to ids, ascending. */
int64_t shard_absent(const ShardStore *store, int64_t end, int64_t *ids, int max);

/* Everything appended is on disk on return. */
Status shard_flush(ShardStore *store);

/* Writes run.json again, with facts that became known since. */
Status shard_write_machine(ShardStore *store, const cJSON *machine);

/* Flushes and frees; NULL is allowed. A failed write is not reported twice. */
Status shard_close(ShardStore *store);

#endif
