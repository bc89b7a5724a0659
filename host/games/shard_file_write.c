/* host/games/shard_file_write.c - writes a shard in two passes over its games: count, write. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shard_file.h"

typedef struct {
    const char *path;
    GameTerms terms;
    SafetensorsWriter file;
    int64_t rounds, deals, actions, decisions, visits; /* so far */
    bool writing;                                      /* false: only count */
} ShardWriter;

static Status put(ShardWriter *w, ShardTensor tensor, const void *data, size_t bytes) {
    return w->writing ? safetensors_append(&w->file, (int)tensor, data, bytes) : STATUS_OK;
}

static Status put_long(ShardWriter *w, ShardTensor tensor, int64_t x) {
    return put(w, tensor, &x, sizeof x);
}

static Status put_byte(ShardWriter *w, ShardTensor tensor, int x) {
    uint8_t byte = (uint8_t)x;
    return put(w, tensor, &byte, 1);
}

/* Called once before the first round and once after each. */
static Status put_round_offsets(ShardWriter *w) {
    TRY(put_long(w, SHARD_DEAL_OFFSET, w->deals));
    TRY(put_long(w, SHARD_ACTION_OFFSET, w->actions));
    return put_long(w, SHARD_DECISION_OFFSET, w->decisions);
}

static Status put_decision(ShardWriter *w, const RecordDecision *d) {
    TRY(put_byte(w, SHARD_DECISION_PLY, d->ply));
    TRY(put(w, SHARD_VISITS, d->visits, (size_t)d->legal_count * sizeof *d->visits));
    w->decisions++;
    w->visits += d->legal_count;
    return put_long(w, SHARD_VISIT_OFFSET, w->visits);
}

static Status put_round(ShardWriter *w, const RecordRound *round) {
    const RoundState *start = &round->start;
    uint8_t deal[CARDS];
    size_t dealt = 0;
    for (int seat = 0; seat < start->players; seat++)
        for (uint64_t hand = start->hands[seat]; hand; hand &= hand - 1)
            deal[dealt++] = (uint8_t)bits_lowest(hand);
    TRY(put_byte(w, SHARD_PLAYERS, start->players));
    TRY(put_byte(w, SHARD_CARDS, start->cards));
    TRY(put_byte(w, SHARD_DEALER, start->dealer));
    TRY(put_byte(w, SHARD_TRUMP, start->trump));
    TRY(put_byte(w, SHARD_TURNED, start->turned));
    TRY(put(w, SHARD_DEAL, deal, dealt));
    TRY(put(w, SHARD_ACTION, round->actions, (size_t)round->action_count));
    TRY(put(w, SHARD_SCORE, round->scores, sizeof round->scores));
    for (int d = 0; d < round->decision_count; d++) TRY(put_decision(w, &round->decisions[d]));
    w->rounds++;
    w->deals += (int64_t)dealt;
    w->actions += round->action_count;
    return put_round_offsets(w);
}

static Status put_game(ShardWriter *w, int64_t id, const uint16_t *words, int count) {
    GameRecord game;
    RecordRound round;
    game_record_begin(&game, &w->terms, words, count);
    while (game_record_next(&game, &round)) TRY(put_round(w, &round));
    if (game.wrong[0] || game.id != id)
        return durable_refuse(w->path, "game %" PRId64 ": %s", id,
                              game.wrong[0] ? game.wrong : "its record has another id");
    TRY(put_long(w, SHARD_GAME_ID, id));
    return put_long(w, SHARD_GAME_ROUND_OFFSET, w->rounds);
}

static Status put_games(ShardWriter *w, int64_t first, int games, ShardSource source,
                        void *context) {
    uint16_t *words = (uint16_t *)malloc(RECORD_MAX_WORDS * sizeof *words);
    if (!words) return STATUS_MEMORY;
    w->rounds = w->deals = w->actions = w->decisions = w->visits = 0;
    Status status = put_round_offsets(w);
    if (status == STATUS_OK) status = put_long(w, SHARD_GAME_ROUND_OFFSET, 0);
    if (status == STATUS_OK) status = put_long(w, SHARD_VISIT_OFFSET, 0);
    for (int i = 0; i < games && status == STATUS_OK; i++) {
        int count;
        status = source(context, first + i, words, &count);
        if (status == STATUS_OK) status = put_game(w, first + i, words, count);
    }
    free(words);
    return status;
}

/* Sizes of the tensors, from the totals of the first pass. */
static void describe(const ShardWriter *w, int games, SafeTensor tensors[SHARD_TENSOR_COUNT]) {
    for (int i = 0; i < SHARD_TENSOR_COUNT; i++) {
        shard_file_describe(i, &tensors[i]);
        tensors[i].dims[0] = w->rounds;
    }
    tensors[SHARD_GAME_ID].dims[0] = games;
    tensors[SHARD_GAME_ROUND_OFFSET].dims[0] = games + 1;
    tensors[SHARD_DEAL_OFFSET].dims[0] = w->rounds + 1;
    tensors[SHARD_DEAL].dims[0] = w->deals;
    tensors[SHARD_ACTION_OFFSET].dims[0] = w->rounds + 1;
    tensors[SHARD_ACTION].dims[0] = w->actions;
    tensors[SHARD_DECISION_OFFSET].dims[0] = w->rounds + 1;
    tensors[SHARD_DECISION_PLY].dims[0] = w->decisions;
    tensors[SHARD_VISIT_OFFSET].dims[0] = w->decisions + 1;
    tensors[SHARD_VISITS].dims[0] = w->visits;
}

Status shard_file_write(const char *path, const cJSON *identity, int64_t first, int games,
                        ShardSource source, void *context) {
    ShardWriter w;
    SafeTensor tensors[SHARD_TENSOR_COUNT];
    memset(&w, 0, sizeof w);
    w.path = path;
    w.file.file.fd = -1;
    TRY(identity_read_terms(path, identity, &w.terms));
    TRY(put_games(&w, first, games, source, context));
    describe(&w, games, tensors);
    TRY(safetensors_create(&w.file, path, tensors, SHARD_TENSOR_COUNT, identity));
    w.writing = true;
    Status status = put_games(&w, first, games, source, context);
    if (status == STATUS_OK) return safetensors_commit(&w.file);
    safetensors_abort(&w.file);
    return status;
}
