/* host/games/game_record.h - checks and decodes the 16-bit words of a game.
 *
 *   game_record_begin -> [ game_record_next ]* -> wrong[0] == 0: the whole record is right
 *
 * Nothing is trusted: every round is played through with game/rules.h, which checks hands, turns,
 * legal actions, scores, decisions, and where the round stands in a full game.
 * device/replay/record.h has the layout of the words. */
#ifndef HOST_GAMES_GAME_RECORD_H
#define HOST_GAMES_GAME_RECORD_H

#include "device/replay/record.h"

/* What all games of a run have in common. */
typedef struct {
    Rules rules;
    int cards; /* T; in full games that of the first round */
    int full;  /* 1: full games, 0: single rounds */
} GameTerms;

typedef struct {
    int ply;                /* in the round, 0.. */
    int legal_count;        /* 2..MAX_EDGES */
    int32_t sum;            /* of the visits, >= 1 */
    const uint16_t *visits; /* (legal_count) by ascending action; a view of the record */
} RecordDecision;

typedef struct {
    RoundState start, end; /* as dealt; after the last card */
    int action_count, decision_count;
    uint8_t actions[MAX_ROUND_PLIES]; /* (action_count) bids, then plays */
    int16_t scores[MAX_SEATS];        /* (P) of this round, absolute seats; absent seats 0 */
    RecordDecision decisions[MAX_ROUND_PLIES]; /* (decision_count) ascending by ply */
} RecordRound;

typedef struct {
    GameTerms terms;
    const uint16_t *words; /* (count) a view */
    int count;             /* words of the whole record */
    int at, round;         /* to be read next: word, round */
    int rounds;
    int first_dealer, first_trump; /* of round 0 */
    int64_t id;                    /* >= 0 */
    char wrong[128];               /* "" or what is wrong; names neither file nor game */
} GameRecord;

/* Words of the record, as its head says; 0: `count` words do not begin with a head. */
static inline int game_record_words(const uint16_t *words, int64_t count) {
    return count >= RECORD_HEAD_WORDS && words[RECORD_WORDS_AT] >= RECORD_HEAD_WORDS
               ? words[RECORD_WORDS_AT]
               : 0;
}

/* Reads the head. The words are the caller's and must stay valid while the record is read. */
bool game_record_begin(GameRecord *g, const GameTerms *terms, const uint16_t *words, int count);

/* Reads the next round and plays it through. False: no round is left, or wrong[0] is set. */
bool game_record_next(GameRecord *g, RecordRound *out);

#endif
