/* host/replay/replay_file_read.c - an iteration's games from a file, none of it trusted. */
#include "replay_file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "host/games/game_record.h"
#include "host/games/identity.h"
#include "replay_file_check.h"

static void join_bytes(const unsigned char *bytes, size_t n, uint16_t *words) {
    for (size_t i = 0; i < n; i++) words[i] = (uint16_t)(bytes[i] | bytes[n + i] << 8);
}

/* Finds a list of that type whose data is aligned. */
static Status find_list(const Safetensors *file, const char *name, SafeType type,
                        const SafeTensor **out) {
    const SafeTensor *t = safetensors_find_tensor(file, name);
    if (!t || t->type != type || t->rank != 1)
        return durable_refuse(file->path, "has no tensor %s of type %s (n)", name,
                              safetensors_type_name(type));
    if ((uintptr_t)t->data % (uintptr_t)safetensors_type_bytes(type))
        return durable_refuse(file->path, "tensor %s is not aligned: not written by Blob", name);
    *out = t;
    return STATUS_OK;
}

/* Checks that offset begins at 0 and that every game has a possible number of words. */
static Status read_offsets(ReplayGames *out, int stride) {
    const SafeTensor *t = NULL;
    TRY(find_list(&out->file, "offset", SAFE_I64, &t));
    const int64_t *offset = (const int64_t *)(const void *)t->data;
    int64_t most = stride < RECORD_MAX_WORDS ? stride : RECORD_MAX_WORDS;
    if (t->count < 2) return durable_refuse(out->file.path, "holds no games");
    if (offset[0] != 0) return durable_refuse(out->file.path, "its words do not begin at 0");
    for (int64_t i = 1; i < t->count; i++)
        if (offset[i] - offset[i - 1] <= RECORD_HEAD_WORDS || offset[i] - offset[i - 1] > most)
            return durable_refuse(out->file.path,
                                  "game %" PRId64 " has %" PRId64 " words, allowed: %d..%" PRId64,
                                  i - 1, offset[i] - offset[i - 1], RECORD_HEAD_WORDS + 1, most);
    out->offset = offset;
    out->games = t->count - 1;
    return STATUS_OK;
}

/* Decompresses all frames into one block. */
static Status unpack(ReplayGames *out, const SafeTensor *frames, const int64_t *offset) {
    int64_t words = out->offset[out->games], count = replay_frame_count(words);
    int64_t bad = 0, memory_short = 0;
    uint16_t *block = replay_games_take(out, words);
    if (!block) return STATUS_MEMORY;
#pragma omp parallel reduction(+ : bad, memory_short) if (count > 1)
    {
        ZSTD_DCtx *context = ZSTD_createDCtx();
        unsigned char *split = (unsigned char *)malloc(2 * REPLAY_FRAME_WORDS);
        bool ready = context && split;
        memory_short += !ready;
#pragma omp for schedule(dynamic, 1)
        for (int64_t f = 0; f < count; f++) {
            size_t n = replay_frame_words(words, f);
            const unsigned char *frame = frames->data + offset[f];
            size_t size = (size_t)(offset[f + 1] - offset[f]);
            if (ready && ZSTD_decompressDCtx(context, split, 2 * n, frame, size) == 2 * n)
                join_bytes(split, n, block + f * REPLAY_FRAME_WORDS);
            else
                bad++;
        }
        free(split);
        ZSTD_freeDCtx(context);
    }
    if (memory_short) return STATUS_MEMORY;
    return bad ? durable_refuse(out->file.path, "%" PRId64 " of its %" PRId64 " frames are damaged",
                                bad, count)
               : STATUS_OK;
}

static Status read_frames(ReplayGames *out) {
    const SafeTensor *list = NULL, *frames = NULL;
    const char *path = out->file.path;
    int64_t words = out->offset[out->games];
    TRY(find_list(&out->file, "frame_offset", SAFE_I64, &list));
    TRY(find_list(&out->file, "frames", SAFE_U8, &frames));
    const int64_t *offset = (const int64_t *)(const void *)list->data;
    if (list->count != replay_frame_count(words) + 1)
        return durable_refuse(path, "%" PRId64 " frames, expected %" PRId64, list->count - 1,
                              replay_frame_count(words));
    bool covers = offset[0] == 0 && offset[list->count - 1] == frames->count;
    for (int64_t f = 1; f < list->count; f++) covers = covers && offset[f] >= offset[f - 1];
    if (!covers) return durable_refuse(path, "its frame_offset does not cover its frames");
    return unpack(out, frames, offset);
}

static Status read_words(ReplayGames *out) {
    const SafeTensor *t = NULL;
    if (safetensors_find_tensor(&out->file, "frames")) return read_frames(out);
    TRY(find_list(&out->file, "words", SAFE_U16, &t));
    if (t->count != out->offset[out->games])
        return durable_refuse(out->file.path, "%" PRId64 " words, expected %" PRId64, t->count,
                              out->offset[out->games]);
    out->words = (const uint16_t *)(const void *)t->data;
    return STATUS_OK;
}

static Status read_identity(const Safetensors *file, const cJSON *identity) {
    const char *version = safetensors_find_text(file, "replay_version");
    if (!version || strcmp(version, REPLAY_FILE_VERSION) != 0)
        return durable_refuse(file->path, "replay_version is %.20s, expected " REPLAY_FILE_VERSION,
                              version ? version : "missing");
    if (!identity) return STATUS_OK;
    cJSON *expected = replay_file_metadata(identity);
    Status status = expected ? identity_match(file->path, file->metadata, expected) : STATUS_MEMORY;
    cJSON_Delete(expected);
    return status;
}

static int64_t id_of(const ReplayGames *games, int64_t i) {
    return (int64_t)((uint64_t)games->first + (uint64_t)i); /* past INT64_MAX: negative, refused */
}

/* Whether game i follows the rules and has the id expected of it; `game` says what is wrong. */
static bool read_game(const ReplayGames *games, int64_t i, const Rules *rules, GameRecord *game) {
    const uint16_t *words = games->words + games->offset[i];
    int count = (int)(games->offset[i + 1] - games->offset[i]), P = words[RECORD_PLAYERS_AT];
    RecordRound round;
    GameTerms terms;
    memset(&terms, 0, sizeof terms);
    terms.rules = *rules;
    terms.rules.players = (uint8_t)P;
    terms.cards = words[RECORD_HEAD_WORDS + RECORD_CARDS_AT]; /* count is greater */
    terms.full = words[RECORD_ROUNDS_AT] > 1;
    memset(game, 0, sizeof *game);
    if (P < rules_min_players(rules->variant) || P > rules_max_players(rules->variant) ||
        terms.cards < 1 || terms.cards > round_max_cards(&terms.rules)) {
        snprintf(game->wrong, sizeof game->wrong, "%d players of %d cards", P, terms.cards);
        return false;
    }
    bool begun = game_record_begin(game, &terms, words, count);
    while (begun && game_record_next(game, &round)) continue;
    if (!game->wrong[0] && game->id != id_of(games, i))
        snprintf(game->wrong, sizeof game->wrong, "its id is %" PRId64 ", expected %" PRId64,
                 game->id, id_of(games, i));
    return !game->wrong[0];
}

/* The same, fast, and fills in what the ring keeps of the game. */
static bool check_game(const ReplayGames *games, int64_t i, const ReplayCheck *check) {
    const int64_t *offset = games->offset;
    return replay_check_game(check, games->words + offset[i], (int)(offset[i + 1] - offset[i]),
                             offset[games->games] - offset[i], id_of(games, i), &games->known[i]);
}

static Status check_games(ReplayGames *games, const Rules *rules) {
    int64_t n = games->games, worst = n;
    ReplayCheck check;
    replay_check_init(&check, rules);
    games->known = (ReplayGame *)replay_block_take((size_t)n * sizeof *games->known);
    if (!games->known) return STATUS_MEMORY;
#pragma omp parallel for schedule(dynamic, 256) reduction(min : worst)
    for (int64_t i = 0; i < n; i++)
        if (i < worst && !check_game(games, i, &check)) worst = i;
    if (worst == n) return STATUS_OK;
    GameRecord game;
    bool right = read_game(games, worst, rules, &game);
    assert(!right);
    (void)right;
    return durable_refuse(games->file.path, "game %" PRId64 ": %s", worst, game.wrong);
}

Status replay_file_load(ReplayGames *out, const char *path, const cJSON *identity,
                        const Rules *rules, int stride) {
    memset(out, 0, sizeof *out);
    TRY(safetensors_open(&out->file, path, SAFE_CHECKSUM_REQUIRED));
    TRY(read_identity(&out->file, identity));
    TRY(read_offsets(out, stride));
    TRY(read_words(out));
    out->first = record_id(out->words);
    if (out->first < 0) return durable_refuse(path, "game 0: its id is out of range");
    return check_games(out, rules);
}
