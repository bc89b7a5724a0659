/* host/replay/replay_copy.c - games out of the ring into host memory, packed, and back. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay_file.h"

enum { CHUNK_WORDS = 1 << 20 }; /* a piece that is copied at once; it stays in a CPU's cache */

void replay_games_free(ReplayGames *games) {
    free(games->known);
    free(games->offset_block);
    free(games->words_block);
    safetensors_close(&games->file);
    memset(games, 0, sizeof *games);
}

/* Huge pages where it is large: fresh memory of small ones comes at less than 3 GB/s. */
void *replay_block_take(size_t bytes) {
    enum { HUGE_PAGE = 2 << 20 };
    bool large = bytes >= 2 * HUGE_PAGE;
    void *block = NULL;
    if (posix_memalign(&block, large ? HUGE_PAGE : 64, bytes ? bytes : 1) != 0) return NULL;
    if (large) (void)madvise(block, bytes, MADV_HUGEPAGE);
    return block;
}

uint16_t *replay_games_take(ReplayGames *games, int64_t words) {
    void *block = replay_block_take((size_t)words * sizeof *games->words);
    games->words = games->words_block = block;
    return (uint16_t *)block;
}

/* How many of the places from id on lie one after another, `most` at most. */
static int64_t contiguous(const Replay *r, int64_t id, int64_t end, int64_t most) {
    int64_t n = r->capacity - replay_slot(r, id);
    if (n > end - id) n = end - id;
    return n < most ? n : most;
}

/* offset, from what the ring says of each game; `games` (most) pinned. */
static Status read_offsets(int64_t *offset, const Replay *r, const Backend *backend, int64_t first,
                           int64_t end, ReplayGame *games, int64_t most, Stream stream) {
    offset[0] = 0;
    for (int64_t id = first, n; id < end; id += n) {
        n = contiguous(r, id, end, most);
        TRY(backend->to_host(games, r->games + replay_slot(r, id), (size_t)n * sizeof *games,
                             stream));
        TRY(backend->stream_sync(stream));
        for (int64_t i = 0; i < n; i++) {
            int64_t at = id - first + i;
            if (games[i].id != id + i) return STATUS_ARGUMENT;
            offset[at + 1] = offset[at] + games[i].words;
        }
    }
    return STATUS_OK;
}

/* words, packed; `places` (most, stride) pinned. */
static Status read_words(uint16_t *words, const int64_t *offset, const Replay *r,
                         const Backend *backend, int64_t first, int64_t end, uint16_t *places,
                         int64_t most, Stream stream) {
    for (int64_t id = first, n; id < end; id += n) {
        n = contiguous(r, id, end, most);
        TRY(backend->to_host(places, r->words + replay_slot(r, id) * r->stride,
                             (size_t)(n * r->stride) * sizeof *places, stream));
        TRY(backend->stream_sync(stream));
        const int64_t *at = offset + (id - first);
        for (int64_t i = 0; i < n; i++)
            memcpy(words + at[i], places + i * r->stride,
                   (size_t)(at[i + 1] - at[i]) * sizeof *words);
    }
    return STATUS_OK;
}

Status replay_copy_out(ReplayGames *out, const Replay *r, const Backend *backend, int64_t first,
                       int64_t end, Stream stream) {
    int64_t most = CHUNK_WORDS / r->stride + 1, n = end - first;
    size_t stride = (size_t)r->stride * sizeof *r->words;
    size_t one = stride > sizeof(ReplayGame) ? stride : sizeof(ReplayGame);
    void *chunk = NULL;
    memset(out, 0, sizeof *out);
    out->first = first;
    out->games = n;
    if (n < 1 || n > r->capacity) return STATUS_ARGUMENT;
    Status status = STATUS_MEMORY;
    int64_t *offset = (int64_t *)malloc((size_t)(n + 1) * sizeof *offset);
    out->offset = out->offset_block = offset;
    if (!offset) return STATUS_MEMORY;
    TRY_GOTO(status, backend->alloc_host(&chunk, (size_t)most * one));
    TRY_GOTO(status, read_offsets(offset, r, backend, first, end, chunk, most, stream));
    TRY_GOTO(status, replay_games_take(out, offset[n]) ? STATUS_OK : STATUS_MEMORY);
    status = read_words(out->words_block, offset, r, backend, first, end, chunk, most, stream);
fail:
    if (chunk) backend->release_host(chunk);
    return status;
}

/* Games from .. end - 1 of `games` through device memory: their words, and where each begins. */
static Status add_chunk(const ReplayGames *games, int64_t from, int64_t end, const Replay *r,
                        const Backend *backend, const ReplayOps *ops, uint16_t *words, int32_t *at,
                        int32_t *host_at, Stream stream) {
    int n = (int)(end - from);
    const int64_t *offset = games->offset + from;
    for (int i = 0; i < n; i++) host_at[i] = (int32_t)(offset[i] - offset[0]);
    TRY(backend->to_device(words, games->words + offset[0],
                           (size_t)(offset[n] - offset[0]) * sizeof *words, stream));
    TRY(backend->to_device(at, host_at, (size_t)n * sizeof *at, stream));
    TRY(ops->add(r, words, at, n, stream));
    return backend->stream_sync(stream); /* the chunk's memory is used again */
}

/* Into a ring in the host's memory, of games that are known. */
static void place_known(const ReplayGames *games, const Replay *r) {
    for (int64_t from = 0, end; from < games->games; from = end) {
        end = games->games - from > r->capacity ? from + r->capacity : games->games;
#pragma omp parallel for schedule(static)
        for (int64_t i = from; i < end; i++) {
            int64_t place = replay_slot(r, games->first + i);
            memcpy(r->words + place * r->stride, games->words + games->offset[i],
                   (size_t)games->known[i].words * sizeof *games->words);
            r->games[place] = games->known[i];
        }
    }
}

Status replay_copy_in(const ReplayGames *games, const Replay *r, const Backend *backend,
                      const ReplayOps *ops, Stream stream) {
    if (games->known && ops == &replay_cpu) {
        place_known(games, r);
        return STATUS_OK;
    }
    enum { MOST = CHUNK_WORDS / RECORD_HEAD_WORDS };
    void *words = NULL, *at = NULL, *host_at = NULL;
    Status status;
    int64_t room = CHUNK_WORDS + RECORD_MAX_WORDS;
    TRY_GOTO(status, backend->alloc(&words, (size_t)room * sizeof(uint16_t)));
    TRY_GOTO(status, backend->alloc(&at, MOST * sizeof(int32_t)));
    TRY_GOTO(status, backend->alloc_host(&host_at, MOST * sizeof(int32_t)));
    for (int64_t from = 0, end; from < games->games; from = end) {
        int64_t last = games->offset[from] + CHUNK_WORDS;
        /* no more games than places either: ids of one add differ modulo the capacity */
        for (end = from; end < games->games && games->offset[end] < last; end++)
            if (end - from == MOST || end - from == r->capacity) break;
        TRY_GOTO(status, add_chunk(games, from, end, r, backend, ops, words, at, host_at, stream));
    }
fail:
    if (host_at) backend->release_host(host_at);
    if (at) backend->release(at);
    if (words) backend->release(words);
    return status;
}
