/* host/games/shard_file_read.c - reads a shard back: checks its tensors, turns games into words. */
#include <inttypes.h>
#include <string.h>

#include "shard_file.h"

static const struct {
    const char *name;
    SafeType type;
    int rank;
} layout[SHARD_TENSOR_COUNT] = {
    {"game_id", SAFE_I64, 1},
    {"game_round_offset", SAFE_I64, 1},
    {"players", SAFE_U8, 1},
    {"cards", SAFE_U8, 1},
    {"dealer", SAFE_U8, 1},
    {"trump", SAFE_U8, 1},
    {"turned", SAFE_U8, 1},
    {"deal_offset", SAFE_I64, 1},
    {"deal", SAFE_U8, 1},
    {"action_offset", SAFE_I64, 1},
    {"action", SAFE_U8, 1},
    {"score", SAFE_I16, 2},
    {"decision_offset", SAFE_I64, 1},
    {"decision_ply", SAFE_U8, 1},
    {"visit_offset", SAFE_I64, 1},
    {"visits", SAFE_U16, 1},
};

void shard_file_describe(int tensor, SafeTensor *out) {
    memset(out, 0, sizeof *out);
    out->name = layout[tensor].name;
    out->type = layout[tensor].type;
    out->rank = layout[tensor].rank;
    if (tensor == SHARD_SCORE) out->dims[1] = MAX_SEATS;
}

static int64_t long_at(const Shard *s, ShardTensor tensor, int64_t i) {
    int64_t x;
    memcpy(&x, s->tensors[tensor]->data + 8 * i, sizeof x);
    return x;
}

static int short_at(const Shard *s, ShardTensor tensor, int64_t i) {
    uint16_t x;
    memcpy(&x, s->tensors[tensor]->data + 2 * i, sizeof x);
    return x;
}

static int byte_at(const Shard *s, ShardTensor tensor, int64_t i) {
    return s->tensors[tensor]->data[i];
}

static int64_t rows_of(const Shard *s, ShardTensor tensor) { return s->tensors[tensor]->dims[0]; }

static Status find_tensors(Shard *s) {
    for (int i = 0; i < SHARD_TENSOR_COUNT; i++) {
        SafeTensor want;
        shard_file_describe(i, &want);
        const SafeTensor *t = s->tensors[i] = safetensors_find_tensor(&s->file, want.name);
        if (!t) return durable_refuse(s->file.path, "has no tensor %s: not a shard", want.name);
        bool fits = t->type == want.type && t->rank == want.rank;
        if (!fits || (want.rank == 2 && t->dims[1] != want.dims[1]))
            return durable_refuse(s->file.path, "tensor %s is not %s of a shard's shape", want.name,
                                  safetensors_type_name(want.type));
    }
    if (s->file.tensor_count != SHARD_TENSOR_COUNT)
        return durable_refuse(s->file.path, "has %d tensors, expected %d", s->file.tensor_count,
                              SHARD_TENSOR_COUNT);
    return STATUS_OK;
}

/* `offset` must have items + 1 entries that rise from 0 to the length of `entries`. */
static Status check_offsets(const Shard *s, ShardTensor offset, int64_t items,
                            ShardTensor entries) {
    int64_t total = rows_of(s, entries);
    bool right = rows_of(s, offset) == items + 1 && long_at(s, offset, 0) == 0 &&
                 long_at(s, offset, items) == total;
    for (int64_t i = 0; right && i < items; i++)
        right = long_at(s, offset, i) <= long_at(s, offset, i + 1);
    if (right) return STATUS_OK;
    return durable_refuse(s->file.path, "tensor %s does not divide the %" PRId64 " of %s",
                          layout[offset].name, total, layout[entries].name);
}

static Status check_ids(Shard *s) {
    int64_t n = rows_of(s, SHARD_GAME_ID);
    if (n < 1 || n > SHARD_GAMES)
        return durable_refuse(s->file.path, "%" PRId64 " games, expected 1..%d", n, SHARD_GAMES);
    s->games = (int)n;
    s->first = long_at(s, SHARD_GAME_ID, 0);
    if (s->first < 0 || s->first % SHARD_GAMES != 0)
        return durable_refuse(s->file.path,
                              "begins with game %" PRId64 ", expected a multiple of %d", s->first,
                              SHARD_GAMES);
    for (int i = 1; i < s->games; i++)
        if (long_at(s, SHARD_GAME_ID, i) != s->first + i)
            return durable_refuse(s->file.path, "game %" PRId64 " is where %" PRId64 " is expected",
                                  long_at(s, SHARD_GAME_ID, i), s->first + i);
    return STATUS_OK;
}

static Status check_tensors(Shard *s) {
    TRY(find_tensors(s));
    TRY(check_ids(s));
    int64_t R = rows_of(s, SHARD_PLAYERS), D = rows_of(s, SHARD_DECISION_PLY);
    static const ShardTensor of_rounds[] = {SHARD_CARDS, SHARD_DEALER, SHARD_TRUMP, SHARD_TURNED,
                                            SHARD_SCORE};
    for (size_t i = 0; i < sizeof of_rounds / sizeof *of_rounds; i++)
        if (rows_of(s, of_rounds[i]) != R)
            return durable_refuse(s->file.path,
                                  "tensor %s has %" PRId64 " rounds, expected %" PRId64,
                                  layout[of_rounds[i]].name, rows_of(s, of_rounds[i]), R);
    TRY(check_offsets(s, SHARD_GAME_ROUND_OFFSET, s->games, SHARD_PLAYERS));
    TRY(check_offsets(s, SHARD_DEAL_OFFSET, R, SHARD_DEAL));
    TRY(check_offsets(s, SHARD_ACTION_OFFSET, R, SHARD_ACTION));
    TRY(check_offsets(s, SHARD_DECISION_OFFSET, R, SHARD_DECISION_PLY));
    return check_offsets(s, SHARD_VISIT_OFFSET, D, SHARD_VISITS);
}

Status shard_file_open(Shard *s, const char *path) {
    memset(s, 0, sizeof *s);
    TRY(safetensors_open(&s->file, path, SAFE_CHECKSUM_REQUIRED));
    TRY(identity_read_terms(path, s->file.metadata, &s->terms));
    return check_tensors(s);
}

void shard_file_close(Shard *s) { safetensors_close(&s->file); }

typedef struct {
    uint16_t *words;
    int count;
    bool full; /* a word did not fit */
} WordList;

static void put(WordList *list, int word) {
    if (list->count < RECORD_MAX_WORDS)
        list->words[list->count++] = (uint16_t)word;
    else
        list->full = true;
}

/* Whether a round's players and cards agree with its offsets. */
static bool do_sizes_fit(const Shard *s, int64_t r) {
    int P = byte_at(s, SHARD_PLAYERS, r), T = byte_at(s, SHARD_CARDS, r);
    int64_t dealt = long_at(s, SHARD_DEAL_OFFSET, r + 1) - long_at(s, SHARD_DEAL_OFFSET, r);
    int64_t played = long_at(s, SHARD_ACTION_OFFSET, r + 1) - long_at(s, SHARD_ACTION_OFFSET, r);
    if (P != s->terms.rules.players || dealt != P * T || played != P + P * T) return false;
    for (int seat = P; seat < MAX_SEATS; seat++)
        if (short_at(s, SHARD_SCORE, r * MAX_SEATS + seat) != 0) return false;
    return true;
}

typedef struct {
    int64_t at, end;
} Span;

/* The entries that belong to item i. */
static Span span_of(const Shard *s, ShardTensor offset, int64_t i) {
    Span span = {long_at(s, offset, i), long_at(s, offset, i + 1)};
    return span;
}

static void put_round(const Shard *s, int64_t r, WordList *list) {
    Span deal = span_of(s, SHARD_DEAL_OFFSET, r), act = span_of(s, SHARD_ACTION_OFFSET, r);
    Span d = span_of(s, SHARD_DECISION_OFFSET, r);
    put(list, byte_at(s, SHARD_CARDS, r));
    put(list, byte_at(s, SHARD_DEALER, r));
    put(list, byte_at(s, SHARD_TRUMP, r));
    put(list, byte_at(s, SHARD_TURNED, r));
    for (; deal.at < deal.end; deal.at++) put(list, byte_at(s, SHARD_DEAL, deal.at));
    for (; act.at < act.end; act.at++) put(list, byte_at(s, SHARD_ACTION, act.at));
    for (int seat = 0; seat < s->terms.rules.players; seat++)
        put(list, short_at(s, SHARD_SCORE, r * MAX_SEATS + seat));
    put(list, (int)(d.end - d.at));
    for (; d.at < d.end && !list->full; d.at++) {
        Span v = span_of(s, SHARD_VISIT_OFFSET, d.at);
        put(list, byte_at(s, SHARD_DECISION_PLY, d.at));
        put(list, (int)(v.end - v.at));
        for (; v.at < v.end && !list->full; v.at++) put(list, short_at(s, SHARD_VISITS, v.at));
    }
}

Status shard_file_read(const Shard *s, int i, uint16_t *words, int *count) {
    WordList list = {words, 0, false};
    int64_t id = s->first + i, round = long_at(s, SHARD_GAME_ROUND_OFFSET, i);
    int64_t end = long_at(s, SHARD_GAME_ROUND_OFFSET, i + 1);
    for (int k = 0; k < 4; k++) put(&list, (int)((uint64_t)id >> (16 * k) & 0xFFFF));
    put(&list, 0);
    put(&list, end - round > UINT16_MAX ? UINT16_MAX : (int)(end - round));
    put(&list, s->terms.rules.players);
    put(&list, s->terms.rules.variant);
    bool fits = true;
    for (; round < end && fits && !list.full; round++) {
        fits = do_sizes_fit(s, round);
        if (fits) put_round(s, round, &list);
    }
    if (!fits || list.full)
        return durable_refuse(s->file.path, "game %" PRId64 ": its parts have impossible sizes",
                              id);
    words[RECORD_WORDS_AT] = (uint16_t)list.count;
    *count = list.count;
    return STATUS_OK;
}
