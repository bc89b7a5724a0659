/* host/games/shard.h - a folder of finished games, complete or resumable at any moment.
 *
 *   DIR/run.json                    {"identity": what decides the content, "machine": the rest}
 *   DIR/games-000000.part           games of a shard that is not complete (shard_part.h)
 *   DIR/games-000000.safetensors    4,096 games by id, or a run's last ones (shard_file.h)
 *   DIR/metrics.jsonl               a line of rates now and then (metrics.h)
 *   DIR/lock                        held while a process writes here
 *
 *   append -> part -> every id there: written aside in id order, flushed, renamed; part removed
 *
 * A run started again keeps whole records of parts and drops what follows a torn or damaged one. A
 * short last shard stays as it is until a longer run has all its ids, and is then replaced. Memory:
 * some 300 KB for each shard that is open, nothing for each game. */
#ifndef HOST_GAMES_SHARD_H
#define HOST_GAMES_SHARD_H

#include "shard_file.h"

typedef struct {
    int64_t first, count; /* ids */
} ShardRange;

typedef struct ShardStore ShardStore;

/* Opens `folder`, made if its parent is there, for the games 0 .. games - 1 of the run that
 * `identity` (an object of texts, with format_version and what identity_read_terms needs) decides:
 * takes the lock, checks every shard, completes what a stopped run left to be renamed. `machine`
 * goes to run.json; NULL leaves an older one. Both stay the caller's.
 * STATUS_INPUT: the folder is none, not writable, in use, of another run, or holds a damaged or
 * foreign file of our names; said in one line. STATUS_FILE, STATUS_MEMORY. Then *out is NULL. */
Status shard_open(ShardStore **out, const char *folder, const cJSON *identity, const cJSON *machine,
                  int64_t games);

/* The ids that were not there when the folder was opened, ascending, no two ranges touching. */
const ShardRange *shard_missing(const ShardStore *store, int *count);

/* Keeps one finished game, the `count` words of a record; in any order. When its shard is complete,
 * the shard is on disk on return. A game that is there is ignored if equal, else STATUS_INPUT.
 * STATUS_ARGUMENT: its id is not in 0..games - 1. STATUS_FILE: said; what is there stays whole. */
Status shard_append(ShardStore *store, const uint16_t *words, int count);

/* Of the ids that were missing when the folder was opened and are below `end`: how many are not
 * there yet; the first `max` of them, ascending, in ids. */
int64_t shard_absent(const ShardStore *store, int64_t end, int64_t *ids, int max);

/* All that was appended is on disk on return. */
Status shard_flush(ShardStore *store);

/* Writes run.json again, with facts that are known only later. */
Status shard_write_machine(ShardStore *store, const cJSON *machine);

/* Flushes and frees; NULL is allowed. After a failed write it says nothing again. */
Status shard_close(ShardStore *store);

#endif
