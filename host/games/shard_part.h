/* host/games/shard_part.h - the finished games of an incomplete shard, as they came.
 *
 *   head    [magic "blobpart"] [version] [identity hash] [first game id] [XXH64 of these 32 bytes]
 *   record  [game id: int64] [words: uint32] [XXH64 of these 12 bytes, low half: uint32]
 *           [XXH64 of the words, seeded with the id] [words: uint16 each]
 *
 * head: five uint64; all is little endian. A file may be cut anywhere: the next run drops what
 * follows the last whole record. */
#ifndef HOST_GAMES_SHARD_PART_H
#define HOST_GAMES_SHARD_PART_H

#include <stdbool.h>

#include "shard_name.h"

enum { PART_HEAD_BYTES = 40, PART_RECORD_BYTES = 24, PART_BUFFER_BYTES = 1 << 18 };

typedef enum { PART_WHOLE, PART_TORN, PART_DAMAGED, PART_END_COUNT } PartEnd;

typedef struct {
    char path[DURABLE_PATH + 64];
    int fd;          /* -1: not open */
    int64_t first;   /* id of the shard's first game */
    int64_t size;    /* bytes of the head and whole records, including those in `buffer` */
    int64_t flushed; /* of these, bytes handed to the system */
    int64_t offset[SHARD_GAMES]; /* where each game's record begins; 0: not here */
    int count;                   /* games here */
    bool broken;                 /* a write failed and was reported; no other is tried */
    PartEnd end;                 /* what followed the last whole record when it was opened */
    unsigned char
        *buffer; /* (PART_BUFFER_BYTES) owned; bytes flushed .. size - 1; NULL until used */
} ShardPart;

typedef enum { PART_READ_ONLY, PART_WRITE } PartMode;

/* Opens a part, or with PART_WRITE begins one; reads all of it and indexes its whole records. What
 * follows them is cut off with one line on stderr (PART_WRITE), or left there; `end` says what it
 * was.
 * STATUS_INPUT: no such file, not a part, of another shard or run. STATUS_FILE, STATUS_MEMORY.
 * The caller calls shard_part_close, also after a failure. */
Status shard_part_open(ShardPart *part, const char *path, int64_t first, uint64_t identity_hash,
                       PartMode mode);

/* Adds a game's words. A game that is already here is ignored if equal, else STATUS_INPUT.
 * STATUS_FILE: what is in the file stays whole up to the last flush. */
Status shard_part_append(ShardPart *part, int64_t id, const uint16_t *words, int count);

/* Copies the words of a game that is here to words (RECORD_MAX_WORDS). */
Status shard_part_read(const ShardPart *part, int64_t id, uint16_t *words, int *count);

/* Hands the buffer to the system, and with `to_disk` waits until the file is on disk. */
Status shard_part_flush(ShardPart *part, bool to_disk);

/* Closes and frees without flushing. */
void shard_part_close(ShardPart *part);

#endif
