/* host/replay/replay_copy.c - games out of the ring into host memory, packed, and back. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay_file.h"

enum { CHUNK_WORDS = 1 << 20 }; /* of a chunk, which is copied at once and stays in a CPU's cache */

void replay_games_free(ReplayGames *games) {
    free(games->known);
    free(games->offset_block);
    free(games->words_block);
    safetensors_close(&games->file);
    memset(games, 0, sizeof *games);
}

/* Large blocks get huge pages: small ones are faulted in at less than 3 GB/s. */
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

/* How many games from id on lie in consecutive slots of the ring, `most` at most. */
static int64_t contiguous(const Replay *r, int64_t id, int64_t end, int64_t most) {
    int64_t n = r->capacity - replay_slot(r, id);
    if (n > end - id) n = end - id;
    return n < most ? n : most;
}

/* Games that leave the ring, a chunk at a time. */
typedef struct {
    const Replay *ring;
    const Backend *backend;
    Stream stream;
    int64_t first, end;
    void *chunk;  /* pinned */
    int64_t most; /* games that the chunk takes */
} CopyOut;

/* Fills offset (end - first + 1) from what the ring knows of each game. */
static Status read_offsets(const CopyOut *c, int64_t *offset) {
    const Replay *r = c->ring;
    const ReplayGame *games = (const ReplayGame *)c->chunk;
    offset[0] = 0;
    for (int64_t id = c->first, n; id < c->end; id += n) {
        n = contiguous(r, id, c->end, c->most);
        TRY(c->backend->to_host(c->chunk, r->games + replay_slot(r, id), (size_t)n * sizeof *games,
                                c->stream));
        TRY(c->backend->stream_sync(c->stream));
        for (int64_t i = 0; i < n; i++) {
            int64_t at = id - c->first + i;
            if (games[i].id != id + i) return STATUS_ARGUMENT;
            offset[at + 1] = offset[at] + games[i].words;
        }
    }
    return STATUS_OK;
}

/* Packs the games' words; offset as read_offsets has filled it. */
static Status read_words(const CopyOut *c, const int64_t *offset, uint16_t *words) {
    const Replay *r = c->ring;
    const uint16_t *slots = (const uint16_t *)c->chunk;
    for (int64_t id = c->first, n; id < c->end; id += n) {
        n = contiguous(r, id, c->end, c->most);
        TRY(c->backend->to_host(c->chunk, r->words + replay_slot(r, id) * r->stride,
                                (size_t)(n * r->stride) * sizeof *slots, c->stream));
        TRY(c->backend->stream_sync(c->stream));
        const int64_t *at = offset + (id - c->first);
        for (int64_t i = 0; i < n; i++)
            memcpy(words + at[i], slots + i * r->stride,
                   (size_t)(at[i + 1] - at[i]) * sizeof *words);
    }
    return STATUS_OK;
}

Status replay_copy_out(ReplayGames *out, const Replay *r, const Backend *backend, int64_t first,
                       int64_t end, Stream stream) {
    int64_t most = CHUNK_WORDS / r->stride + 1, n = end - first;
    size_t stride = (size_t)r->stride * sizeof *r->words;
    size_t one = stride > sizeof(ReplayGame) ? stride : sizeof(ReplayGame);
    CopyOut c = {
        .ring = r, .backend = backend, .stream = stream, .first = first, .end = end, .most = most};
    memset(out, 0, sizeof *out);
    out->first = first;
    out->games = n;
    if (n < 1 || n > r->capacity) return STATUS_ARGUMENT;
    Status status = STATUS_MEMORY;
    int64_t *offset = (int64_t *)malloc((size_t)(n + 1) * sizeof *offset);
    out->offset = out->offset_block = offset;
    if (!offset) return STATUS_MEMORY;
    TRY_GOTO(status, backend->alloc_host(&c.chunk, (size_t)most * one));
    TRY_GOTO(status, read_offsets(&c, offset));
    TRY_GOTO(status, replay_games_take(out, offset[n]) ? STATUS_OK : STATUS_MEMORY);
    status = read_words(&c, offset, (uint16_t *)out->words_block);
fail:
    if (c.chunk) backend->release_host(c.chunk);
    return status;
}

/* Games that enter the ring, a chunk at a time. */
typedef struct {
    const ReplayGames *games;
    const Replay *ring;
    const Backend *backend;
    const ReplayOps *ops;
    Stream stream;
    void *words, *at; /* device: a chunk's words, and where each game begins */
    void *host_at;    /* pinned */
} CopyIn;

/* Adds the games from .. end - 1 through the chunk. */
static Status add_chunk(const CopyIn *c, int64_t from, int64_t end) {
    int n = (int)(end - from);
    const int64_t *offset = c->games->offset + from;
    int32_t *at = (int32_t *)c->host_at;
    for (int i = 0; i < n; i++) at[i] = (int32_t)(offset[i] - offset[0]);
    TRY(c->backend->to_device(c->words, c->games->words + offset[0],
                              (size_t)(offset[n] - offset[0]) * sizeof(uint16_t), c->stream));
    TRY(c->backend->to_device(c->at, at, (size_t)n * sizeof *at, c->stream));
    TRY(c->ops->add(c->ring, (const uint16_t *)c->words, (const int32_t *)c->at, n, c->stream));
    return c->backend->stream_sync(c->stream); /* the chunk's memory is used again */
}

/* Copies games whose summaries are known into a ring in host memory. */
static void place_known(const ReplayGames *games, const Replay *r) {
    for (int64_t from = 0, end; from < games->games; from = end) {
        end = games->games - from > r->capacity ? from + r->capacity : games->games;
#pragma omp parallel for schedule(static)
        for (int64_t i = from; i < end; i++) {
            int64_t slot = replay_slot(r, games->first + i);
            memcpy(r->words + slot * r->stride, games->words + games->offset[i],
                   (size_t)games->known[i].words * sizeof *games->words);
            r->games[slot] = games->known[i];
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
    CopyIn c = {.games = games, .ring = r, .backend = backend, .ops = ops, .stream = stream};
    Status status;
    int64_t room = CHUNK_WORDS + RECORD_MAX_WORDS;
    TRY_GOTO(status, backend->alloc(&c.words, (size_t)room * sizeof(uint16_t)));
    TRY_GOTO(status, backend->alloc(&c.at, MOST * sizeof(int32_t)));
    TRY_GOTO(status, backend->alloc_host(&c.host_at, MOST * sizeof(int32_t)));
    for (int64_t from = 0, end; from < games->games; from = end) {
        int64_t last = games->offset[from] + CHUNK_WORDS;
        /* nor more games than the ring has slots: ids of one add differ modulo the capacity */
        for (end = from; end < games->games && games->offset[end] < last; end++)
            if (end - from == MOST || end - from == r->capacity) break;
        TRY_GOTO(status, add_chunk(&c, from, end));
    }
fail:
    if (c.host_at) backend->release_host(c.host_at);
    if (c.at) backend->release(c.at);
    if (c.words) backend->release(c.words);
    return status;
}
