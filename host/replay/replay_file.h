/* host/replay/replay_file.h - the games of an iteration as a file, and their way out of the ring and back.
 *
 *   ring ─► replay_copy_out ─► games on the host ─► replay_file_save ─► file
 *   ring ◄─ replay_copy_in  ◄─ games on the host ◄─ replay_file_load ◄─ file
 *
 * A safetensors file with its checksum (safetensors.h), n games of consecutive ids, ascending:
 *
 *   offset        I64 (n + 1)  where each game's words begin, from 0
 *   words         U16 (offset[n])  the records (device/replay/record.h) one by one; or, packed,
 *   frame_offset  I64 (F + 1)  where each frame's bytes begin, from 0
 *   frames        U8  (frame_offset[F])  zstd frames, each of REPLAY_FRAME_WORDS words, the last of
 *                              what is left; the low bytes of a frame's words, then the high ones
 *
 * Metadata: the run's identity, "replay_version" and "xxh64". The bytes depend on the identity and
 * the games alone (frames: and on the version of zstd). */
#ifndef HOST_REPLAY_REPLAY_FILE_H
#define HOST_REPLAY_REPLAY_FILE_H

#include "device/replay/replay_ops.h"
#include "host/files/safetensors.h"

/* The value of the key replay_version: of what is described above. */
#define REPLAY_FILE_VERSION "1"

enum { REPLAY_FRAME_WORDS = 1 << 18 };

typedef enum { REPLAY_FILE_PLAIN, REPLAY_FILE_ZSTD, REPLAY_FILE_COUNT } ReplayCompression;

static inline int64_t replay_frame_count(int64_t words) {
    return (words + REPLAY_FRAME_WORDS - 1) / REPLAY_FRAME_WORDS;
}

/* Words of frame f of `words` words in all. */
static inline size_t replay_frame_words(int64_t words, int64_t f) {
    int64_t left = words - f * REPLAY_FRAME_WORDS;
    return (size_t)(left < REPLAY_FRAME_WORDS ? left : REPLAY_FRAME_WORDS);
}

/* Finished games in host memory. */
typedef struct {
    int64_t first;                    /* id of the first */
    int64_t games;                    /* n >= 1: ids first .. first + n - 1 */
    const int64_t *offset;            /* (n + 1) in words */
    const uint16_t *words;            /* (offset[n]) */
    ReplayGame *known;                /* (n) owned: as the ring has it; NULL: not found out yet */
    void *offset_block, *words_block; /* owned; NULL where a view of `file` */
    Safetensors file;                 /* owned */
} ReplayGames;

void replay_games_free(ReplayGames *games);

/* Memory for free(); NULL: there is none. */
void *replay_block_take(size_t bytes);

/* Takes words_block for so many words, and makes `words` its view; NULL: no memory. */
uint16_t *replay_games_take(ReplayGames *games, int64_t words);

/* The games first .. end - 1 of the ring, packed; waits for `stream`. Nobody adds games to their
 * places meanwhile. The caller calls replay_games_free, also after a failure.
 * STATUS_ARGUMENT: one of them is not there. STATUS_MEMORY, STATUS_DEVICE. */
Status replay_copy_out(ReplayGames *out, const Replay *r, const Backend *backend, int64_t first,
                       int64_t end, Stream stream);

/* The games into their places of the ring; waits for `stream`. They are trusted, as what
 * replay_file_load returns, and so is `known`, which spares replaying them in the host's memory. */
Status replay_copy_in(const ReplayGames *games, const Replay *r, const Backend *backend,
                      const ReplayOps *ops, Stream stream);

/* Durable. identity: an object of texts. Compresses on `threads` threads (>= 1), the same bytes on
 * any number. May be called from any thread.
 * STATUS_FILE: the disk refused, said; an older file of the name is as it was. STATUS_MEMORY. */
Status replay_file_save(const char *path, const cJSON *identity, const ReplayGames *games,
                        ReplayCompression compression, int threads);

/* The metadata of such a file but for its checksum: a copy of the identity and the version. The
 * caller deletes it. NULL: no memory. */
cJSON *replay_file_metadata(const cJSON *identity);

/* Reads a file and believes none of it: checksum, sizes, identity (NULL: any), and every game by
 * the rules (those of `rules`, but for its number of seats, which each game has for itself), which
 * has `stride` words or fewer. The caller calls replay_games_free, also after a failure.
 * STATUS_INPUT: missing or wrong, said in one line. STATUS_MEMORY, STATUS_FILE. */
Status replay_file_load(ReplayGames *out, const char *path, const cJSON *identity,
                        const Rules *rules, int stride);

#endif
