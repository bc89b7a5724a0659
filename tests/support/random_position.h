/* tests/support/random_position.h - positions of random play, and deals of what the mover cannot
 * see. */
#ifndef TESTS_SUPPORT_RANDOM_POSITION_H
#define TESTS_SUPPORT_RANDOM_POSITION_H

#include "world_draws.h"

/* A round of random play, stopped somewhere before its end; *rng advances. */
static inline RoundState random_position(const Rules *rules, int T, uint64_t item, Rng *rng) {
    int P = rules->players, turned = CARD_NONE;
    uint64_t hands[MAX_SEATS] = {0};
    uint8_t deck[CARDS];
    RoundState s;
    *rng = shuffled_deck(7, item, deck);
    int trump = (int)rng_below(rng, SUITS + 1);
    for (int i = 0; i < P * T; i++) hands[i / T] |= card_bit(deck[i]);
    if (rules->variant == RULES_OH_HELL) {
        turned = deck[P * T];
        trump = card_suit(turned);
    }
    round_begin(&s, P, T, (int)rng_below(rng, (uint32_t)P), trump, turned, hands);
    for (uint32_t ply = rng_below(rng, (uint32_t)(P + P * T)); ply > 0; ply--) {
        uint64_t legal = round_legal(&s);
        for (uint32_t skip = rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
            legal &= legal - 1;
        round_apply(&s, bits_lowest(legal));
    }
    return s;
}

/* The first position from *item on whose mover has a choice; *item becomes the one after it. */
static inline RoundState random_choice(const Rules *rules, int T, uint64_t *item) {
    Rng rng;
    RoundState s;
    do {
        s = random_position(rules, T, (*item)++, &rng);
    } while (bits_is_one(round_legal(&s)));
    return s;
}

/* Deals the cards that the mover does not see anew to the other seats and the stock. */
static inline void deal_hidden(RoundState *s, Rng *rng) {
    uint64_t unseen = CARDS_ALL & ~s->played & ~s->hands[s->turn];
    uint8_t cards[CARDS];
    int count = 0;
    if (s->turned != CARD_NONE) unseen &= ~card_bit(s->turned);
    for (; unseen; unseen &= unseen - 1) {
        int at = (int)rng_below(rng, (uint32_t)++count);
        cards[count - 1] = cards[at];
        cards[at] = (uint8_t)bits_lowest(unseen);
    }
    for (int seat = 0; seat < s->players; seat++) {
        int size = bits_count(s->hands[seat]);
        if (seat == s->turn) continue;
        s->hands[seat] = 0;
        while (size-- > 0) s->hands[seat] |= card_bit(cards[--count]);
    }
}

#endif
