/* host/replay/replay_file.h - an iteration's games: from the ring to a file and back.
 *
 *   ring ─► replay_copy_out ─► games on the host ─► replay_file_save ─► file
 *   ring ◄─ replay_copy_in  ◄─ games on the host ◄─ replay_file_load ◄─ file
 *
 * A safetensors file with its checksum (safetensors.h), n games of consecutive ids, ascending:
 *
 *   offset        I64 (n + 1)  where each game's words begin; the first is 0
 *   words         U16 (offset[n])  the records (device/replay/record.h), back to back; or,
 *   compressed, frame_offset  I64 (F + 1)  where each frame's bytes begin; the first is 0
 *   frames        U8  (frame_offset[F])  zstd frames of REPLAY_FRAME_WORDS words each, the last of
 *   the
 *                              rest; a frame holds its words' low bytes, then the high ones
 *
 * Metadata: the run's identity, "replay_version" and "xxh64". The bytes depend on the identity and
 * the games alone; frames depend on the version of zstd too. */
#ifndef HOST_REPLAY_REPLAY_FILE_H
#define HOST_REPLAY_REPLAY_FILE_H

#include "device/replay/replay_ops.h"
#include "host/files/safetensors.h"

/* The value of replay_version: the version of the format above. */
#define REPLAY_FILE_VERSION "1"

enum { REPLAY_FRAME_WORDS = 1 << 18 };

typedef enum { REPLAY_FILE_PLAIN, REPLAY_FILE_ZSTD, REPLAY_FILE_COUNT } ReplayCompression;

static inline int64_t replay_frame_count(int64_t words) {
    return (words + REPLAY_FRAME_WORDS - 1) / REPLAY_FRAME_WORDS;
}

/* Words in frame f, of `words` in all. */
static inline size_t replay_frame_words(int64_t words, int64_t f) {
    int64_t left = words - f * REPLAY_FRAME_WORDS;
    return (size_t)(left < REPLAY_FRAME_WORDS ? left : REPLAY_FRAME_WORDS);
}

/* Finished games in host memory. */
typedef struct {
    int64_t first;         /* id of the first */
    int64_t games;         /* n >= 1: ids first .. first + n - 1 */
    const int64_t *offset; /* (n + 1) in words */
    const uint16_t *words; /* (offset[n]) */
    ReplayGame *known;     /* (n) owned: what the ring keeps of each game; NULL: not computed yet */
    void *offset_block, *words_block; /* owned; NULL where a view of `file` */
    Safetensors file;                 /* owned */
} ReplayGames;

void replay_games_free(ReplayGames *games);

/* Memory to be freed with free(); NULL: there is none. */
void *replay_block_take(size_t bytes);

/* Allocates words_block for so many words and makes `words` its view; NULL: no memory. */
uint16_t *replay_games_take(ReplayGames *games, int64_t words);

/* Copies the games first .. end - 1 out of the ring, packed; waits for `stream`. Nobody may write
 * to their slots meanwhile. The caller calls replay_games_free, also after a failure.
 * STATUS_ARGUMENT: one of them is missing. STATUS_MEMORY, STATUS_DEVICE. */
Status replay_copy_out(ReplayGames *out, const Replay *r, const Backend *backend, int64_t first,
                       int64_t end, Stream stream);

/* Copies the games into their slots of the ring; waits for `stream`. They must be right, as
 * replay_file_load returns them, and so must `known`, which saves a ring in host memory from
 * playing them through. */
Status replay_copy_in(const ReplayGames *games, const Replay *r, const Backend *backend,
                      const ReplayOps *ops, Stream stream);

/* Writes durably. identity: an object of strings. Compresses on `threads` threads (>= 1), whose
 * number does not change the bytes. May be called from any thread.
 * STATUS_FILE: the write failed, reported; an older file of the name stays. STATUS_MEMORY. */
Status replay_file_save(const char *path, const cJSON *identity, const ReplayGames *games,
                        ReplayCompression compression, int threads);

/* The metadata of such a file without the checksum: a copy of the identity, and the version. The
 * caller deletes it. NULL: no memory. */
cJSON *replay_file_metadata(const cJSON *identity);

/* Reads a file and checks all of it: checksum, sizes, identity (NULL: any), and every game, which
 * must follow `rules` (with its own number of seats) and have at most `stride` words. The caller
 * calls replay_games_free, also after a failure.
 * STATUS_INPUT: missing or wrong; one line says why. STATUS_MEMORY, STATUS_FILE. */
Status replay_file_load(ReplayGames *out, const char *path, const cJSON *identity,
                        const Rules *rules, int stride);

#endif
