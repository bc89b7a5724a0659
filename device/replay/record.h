/* device/replay/record.h - a finished game as 16-bit words: what the device hands to the host.
 *
 *   game    words  = [id: 4, low first] [words] [rounds] [players] [variant]  then each round:
 *   round   words  = [T] [dealer] [trump, 4 = none] [turned card, 255 = none]
 *                    [P * T cards dealt, seat 0's first, ascending within a seat]
 *                    [P + P * T actions, bids then plays in order]
 *                    [P scores of the round, int16]  [D searched decisions]  then each decision:
 *   decision words = [ply in the round, 0..] [n legal actions] [n visits, by ascending action]
 *
 * The legal actions themselves follow from the rules by replaying the actions. Everything public
 * and hidden is here, nothing twice; a policy target other than visits / sum gets words of its own
 * when a search needs one. */
#ifndef DEVICE_REPLAY_RECORD_H
#define DEVICE_REPLAY_RECORD_H

#include "game/rules.h"

enum { RECORD_HEAD_WORDS = 8, RECORD_ROUND_WORDS = 4, RECORD_MAX_WORDS = 65535 };

/* The most words that a round of T cards can take. */
static inline int64_t record_round_words(int P, int T) {
    int64_t actions = P + (int64_t)P * T;
    return RECORD_ROUND_WORDS + (int64_t)P * T + actions + P + 1 +
           (P + (int64_t)P * (T - 1)) * (2 + T + 1);
}

#endif
