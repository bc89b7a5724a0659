/* device/replay/record.h - a finished game as 16-bit words: what the device hands to the host.
 *
 *   game    words  = [id: 4, low first] [words] [rounds] [players] [variant]  then each round:
 *   round   words  = [T] [dealer] [trump, 4 = none] [turned card, 255 = none]
 *                    [P * T cards dealt, seat 0's first, ascending within a seat]
 *                    [P + P * T actions, bids then plays in order]
 *                    [P scores of the round, int16]  [D searched decisions]  then each decision:
 *   decision words = [ply in the round, 0..] [n legal actions] [n visits, by ascending action]
 *
 * The legal actions follow from the rules by playing the round through. Everything public and
 * hidden is here, nothing twice; a policy target other than visits / sum gets words of its own
 * when a search needs one. */
#ifndef DEVICE_REPLAY_RECORD_H
#define DEVICE_REPLAY_RECORD_H

#include "game/rules.h"

/* Offsets of a game's words. */
enum {
    RECORD_ID_AT = 0, /* 4 words, low first */
    RECORD_WORDS_AT = 4,
    RECORD_ROUNDS_AT = 5,
    RECORD_PLAYERS_AT = 6,
    RECORD_VARIANT_AT = 7,
    RECORD_HEAD_WORDS = 8, /* the first round begins here */
    RECORD_MAX_WORDS = 65535
};

/* Offsets of a round's words. */
enum {
    RECORD_CARDS_AT = 0, /* T */
    RECORD_DEALER_AT = 1,
    RECORD_TRUMP_AT = 2,
    RECORD_TURNED_AT = 3,
    RECORD_DEAL_AT = 4,
    RECORD_ROUND_WORDS = RECORD_DEAL_AT /* of the head */
};
HD int record_actions_at(int P, int T) { return RECORD_DEAL_AT + P * T; }
HD int record_scores_at(int P, int T) { return record_actions_at(P, T) + P + P * T; }
HD int record_decisions_at(int P, int T) { return record_scores_at(P, T) + P; }

/* Offsets of a decision's words. */
enum { RECORD_PLY_AT = 0, RECORD_LEGAL_AT = 1, RECORD_VISITS_AT = 2 };

HD int64_t record_id(const uint16_t *words) {
    const uint16_t *id = words + RECORD_ID_AT;
    return (int64_t)((uint64_t)id[3] << 48 | (uint64_t)id[2] << 32 | (uint64_t)id[1] << 16 | id[0]);
}

HD void record_id_set(uint16_t *words, uint64_t id) {
    for (int i = 0; i < 4; i++) words[RECORD_ID_AT + i] = (uint16_t)(id >> (16 * i));
}

/* The most words that a round of T cards can take. */
static inline int64_t record_round_words(int P, int T) {
    int64_t searched = P + (int64_t)P * (T - 1); /* the last card of a hand is no choice */
    return record_decisions_at(P, T) + 1 + searched * (RECORD_VISITS_AT + T + 1);
}

#endif
