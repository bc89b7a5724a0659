/* host/games/shard_file.h - a shard as safetensors: up to 4,096 games of consecutive ids.
 *
 *   n games, r rounds of all games, d decisions of all rounds; item i has the entries
 *   x_offset[i] .. x_offset[i + 1] - 1 of x
 *
 *   game_id            I64 (n)      consecutive, from a multiple of 4,096
 *   game_round_offset  I64 (n + 1)  rounds of each game
 *   players, cards     U8  (r)      P, T
 *   dealer             U8  (r)      absolute seat
 *   trump, turned      U8  (r)      suit, 4: none; the card turned up, 255: none
 *   deal_offset        I64 (r + 1)  deal    U8  cards dealt, seat 0's T first, each T ascending
 *   action_offset      I64 (r + 1)  action  U8  P bids, then P * T cards, as played
 *   score              I16 (r, 8)   of the round, by absolute seat; 0 for absent seats
 *   decision_offset    I64 (r + 1)  decision_ply  U8 (d) index into the round's actions
 *   visit_offset       I64 (d + 1)  visits    U16 of each legal action, by ascending action
 *
 * Metadata: the run's identity (identity.h) and "xxh64" (safetensors.h). The bytes depend on the
 * identity and the games alone. */
#ifndef HOST_GAMES_SHARD_FILE_H
#define HOST_GAMES_SHARD_FILE_H

#include "host/files/safetensors.h"
#include "identity.h"
#include "shard_part.h"

typedef enum {
    SHARD_GAME_ID,
    SHARD_GAME_ROUND_OFFSET,
    SHARD_PLAYERS,
    SHARD_CARDS,
    SHARD_DEALER,
    SHARD_TRUMP,
    SHARD_TURNED,
    SHARD_DEAL_OFFSET,
    SHARD_DEAL,
    SHARD_ACTION_OFFSET,
    SHARD_ACTION,
    SHARD_SCORE,
    SHARD_DECISION_OFFSET,
    SHARD_DECISION_PLY,
    SHARD_VISIT_OFFSET,
    SHARD_VISITS,
    SHARD_TENSOR_COUNT
} ShardTensor;

typedef struct {
    Safetensors file; /* owned */
    const SafeTensor *tensors[SHARD_TENSOR_COUNT];
    GameTerms terms;
    int64_t first; /* id of the first game, a multiple of SHARD_GAMES */
    int games;     /* 1..SHARD_GAMES */
} Shard;

/* Reads a shard and checks its checksum, tensors, offsets and ids; the games themselves are left to
 * game_record_next. STATUS_INPUT, STATUS_MEMORY, STATUS_FILE.
 * The caller calls shard_file_close, also after a failure. */
Status shard_file_open(Shard *s, const char *path);
void shard_file_close(Shard *s);

/* Writes the words of game first + i to words (RECORD_MAX_WORDS). STATUS_INPUT: its sizes do not
 * agree. */
Status shard_file_read(const Shard *s, int i, uint16_t *words, int *count);

/* Name, type, rank and fixed sizes of a ShardTensor; dims[0] stays 0. */
void shard_file_describe(int tensor, SafeTensor *out);

/* Writes a game's words to words (RECORD_MAX_WORDS). */
typedef Status (*ShardSource)(void *context, int64_t id, uint16_t *words, int *count);

/* Writes the games first .. first + games - 1, durably. Asks the source for each game twice and
 * plays it through.
 * STATUS_INPUT: a game is wrong. STATUS_FILE, STATUS_MEMORY: an older file is as it was. */
Status shard_file_write(const char *path, const cJSON *identity, int64_t first, int games,
                        ShardSource source, void *context);

#endif
