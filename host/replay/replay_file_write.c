/* host/replay/replay_file_write.c - an iteration's games to a file, compressed or plain. */
#include "replay_file.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "host/games/identity.h"

enum {
    /* of zstd; -5 compresses 1.7 and decompresses 1.6 times as fast, to 1.46 times the size */
    LEVEL = 1,
    FRAME_BYTES = 2 * REPLAY_FRAME_WORDS
};

/* Frames in memory. */
typedef struct {
    int64_t count;
    unsigned char **bytes; /* (count) owned */
    int64_t *offset;       /* (count + 1) owned */
} Frames;

/* The high bytes are nearly all zero and cost nothing once they are separate: games of 4 x 5 cards
 * shrink to 1/3.5; the words as they are shrink to 1/2.9, at half the speed. */
static void split_bytes(const uint16_t *words, size_t n, unsigned char *bytes) {
    for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)words[i];
    for (size_t i = 0; i < n; i++) bytes[n + i] = (unsigned char)(words[i] >> 8);
}

static void frames_free(Frames *frames) {
    for (int64_t f = 0; frames->bytes && f < frames->count; f++) free(frames->bytes[f]);
    free(frames->bytes);
    free(frames->offset);
}

/* Compresses frame f; its size goes to offset[f + 1]. False: no memory. */
static bool pack_frame(Frames *frames, const ReplayGames *games, int64_t f, ZSTD_CCtx *context,
                       unsigned char *split, unsigned char *packed) {
    size_t n = replay_frame_words(games->offset[games->games], f);
    split_bytes(games->words + f * REPLAY_FRAME_WORDS, n, split);
    size_t size = ZSTD_compressCCtx(context, packed, ZSTD_compressBound(FRAME_BYTES), split, 2 * n,
                                    LEVEL);
    if (ZSTD_isError(size)) return false; /* the buffer suffices: only memory can run out */
    frames->offset[f + 1] = (int64_t)size;
    frames->bytes[f] = (unsigned char *)malloc(size);
    if (frames->bytes[f]) memcpy(frames->bytes[f], packed, size);
    return frames->bytes[f] != NULL;
}

static Status pack(Frames *frames, const ReplayGames *games, int threads) {
    int64_t count = replay_frame_count(games->offset[games->games]);
    int failed = 0;
    frames->count = count;
    frames->bytes = (unsigned char **)calloc((size_t)count + 1, sizeof *frames->bytes);
    frames->offset = (int64_t *)calloc((size_t)count + 1, sizeof *frames->offset);
    if (!frames->bytes || !frames->offset) return STATUS_MEMORY;
#pragma omp parallel num_threads(threads) reduction(+ : failed) if (threads > 1)
    {
        ZSTD_CCtx *context = ZSTD_createCCtx();
        unsigned char *split = (unsigned char *)malloc(FRAME_BYTES);
        unsigned char *packed = (unsigned char *)malloc(ZSTD_compressBound(FRAME_BYTES));
        bool ready = context && split && packed;
#pragma omp for schedule(dynamic, 1)
        for (int64_t f = 0; f < count; f++)
            failed += !ready || !pack_frame(frames, games, f, context, split, packed);
        free(packed);
        free(split);
        ZSTD_freeCCtx(context);
    }
    for (int64_t f = 0; f < count; f++) frames->offset[f + 1] += frames->offset[f];
    return failed ? STATUS_MEMORY : STATUS_OK;
}

static SafeTensor tensor(const char *name, SafeType type, int64_t count) {
    SafeTensor t;
    memset(&t, 0, sizeof t);
    t.name = name;
    t.type = type;
    t.rank = 1;
    t.dims[0] = count;
    return t;
}

cJSON *replay_file_metadata(const cJSON *identity) {
    cJSON *metadata = identity_copy(identity);
    if (metadata && cJSON_AddStringToObject(metadata, "replay_version", REPLAY_FILE_VERSION))
        return metadata;
    cJSON_Delete(metadata);
    return NULL;
}

/* frames->count is 0 where the file is not compressed. */
static Status append_all(SafetensorsWriter *file, const ReplayGames *games, const Frames *frames) {
    size_t n = (size_t)games->games;
    TRY(safetensors_append(file, 0, games->offset, (n + 1) * sizeof *games->offset));
    if (frames->count == 0)
        return safetensors_append(file, 1, games->words,
                                  (size_t)games->offset[n] * sizeof *games->words);
    TRY(safetensors_append(file, 1, frames->offset,
                           (size_t)(frames->count + 1) * sizeof *frames->offset));
    for (int64_t f = 0; f < frames->count; f++)
        TRY(safetensors_append(file, 2, frames->bytes[f],
                               (size_t)(frames->offset[f + 1] - frames->offset[f])));
    return STATUS_OK;
}

Status replay_file_save(const char *path, const cJSON *identity, const ReplayGames *games,
                        ReplayCompression compression, int threads) {
    SafeTensor tensors[3];
    SafetensorsWriter file;
    Frames frames;
    Status status = STATUS_OK;
    bool packed = compression == REPLAY_FILE_ZSTD;
    memset(&frames, 0, sizeof frames);
    cJSON *metadata = replay_file_metadata(identity);
    TRY_GOTO(status, metadata ? STATUS_OK : STATUS_MEMORY);
    if (packed) TRY_GOTO(status, pack(&frames, games, threads));
    tensors[0] = tensor("offset", SAFE_I64, games->games + 1);
    tensors[1] = tensor("words", SAFE_U16, games->offset[games->games]);
    if (packed) {
        tensors[1] = tensor("frame_offset", SAFE_I64, frames.count + 1);
        tensors[2] = tensor("frames", SAFE_U8, frames.offset[frames.count]);
    }
    TRY_GOTO(status, safetensors_create(&file, path, tensors, packed ? 3 : 2, metadata));
    status = append_all(&file, games, &frames);
    if (status == STATUS_OK)
        status = safetensors_commit(&file);
    else
        safetensors_abort(&file);
fail:
    frames_free(&frames);
    cJSON_Delete(metadata);
    return status;
}
