/* tests/support/random_game.h - finished games of random play, as the words that the device
 * delivers. */
#ifndef TESTS_SUPPORT_RANDOM_GAME_H
#define TESTS_SUPPORT_RANDOM_GAME_H

#include "device/core/rng.h"
#include "game/sequence.h"
#include "host/games/game_record.h"

static inline int random_round(const GameTerms *terms, Rng *rng, int T, int dealer, int trump,
                               uint16_t *w) {
    const Rules *rules = &terms->rules;
    int P = rules->players, n = 0, turned = CARD_NONE;
    uint64_t hands[MAX_SEATS] = {0}, left = CARDS_ALL;
    for (int i = 0; i <= P * T; i++) { /* the last one is turned up, in oh-hell */
        int card = (int)rng_below(rng, CARDS);
        while (i < CARDS && !(left >> card & 1)) card = (card + 1) % CARDS;
        left &= ~card_bit(card);
        if (i < P * T)
            hands[i / T] |= card_bit(card);
        else if (rules->variant == RULES_OH_HELL)
            turned = card;
    }
    if (turned != CARD_NONE) trump = card_suit(turned);
    RoundState s;
    round_begin(&s, P, T, dealer, trump, turned, hands);
    w[n++] = (uint16_t)T;
    w[n++] = (uint16_t)dealer;
    w[n++] = (uint16_t)trump;
    w[n++] = (uint16_t)turned;
    for (int seat = 0; seat < P; seat++)
        for (uint64_t hand = hands[seat]; hand; hand &= hand - 1)
            w[n++] = (uint16_t)bits_lowest(hand);
    int action_at = n, decisions = 0;
    n += P + P * T + P;
    int count_at = n++;
    while (!round_is_over(&s)) {
        uint64_t legal = round_legal(&s);
        int count = bits_count(legal), pick = (int)rng_below(rng, (uint32_t)count);
        if (count > 1) {
            w[n++] = (uint16_t)round_ply(&s);
            w[n++] = (uint16_t)count;
            for (int e = 0; e < count; e++) w[n++] = (uint16_t)rng_below(rng, 100);
            w[n - 1]++;
            decisions++;
        }
        for (; pick > 0; pick--) legal &= legal - 1;
        w[action_at + round_ply(&s)] = (uint16_t)bits_lowest(legal);
        round_apply(&s, bits_lowest(legal));
    }
    w[count_at] = (uint16_t)decisions;
    for (int seat = 0; seat < P && seat < MAX_SEATS; seat++)
        w[action_at + P + P * T + seat] = (uint16_t)round_score(rules, &s, seat);
    return n;
}

/* Writes game `id` of a seed to words (RECORD_MAX_WORDS); returns how many it used. */
static inline int random_game(const GameTerms *terms, uint64_t seed, int64_t id, uint16_t *w) {
    Rng rng = rng_begin(seed, (uint64_t)id, 0, RNG_DEAL, 0);
    int P = terms->rules.players, F = terms->cards, n = RECORD_HEAD_WORDS;
    int rounds = terms->full ? sequence_rounds(P, F) : 1;
    int dealer = (int)rng_below(&rng, (uint32_t)P), trump = (int)rng_below(&rng, 5);
    record_id_set(w, (uint64_t)id);
    w[RECORD_ROUNDS_AT] = (uint16_t)rounds;
    w[RECORD_PLAYERS_AT] = (uint16_t)P;
    w[RECORD_VARIANT_AT] = terms->rules.variant;
    for (int i = 0; i < rounds; i++)
        n += random_round(terms, &rng, terms->full ? sequence_cards(P, F, i) : F,
                          sequence_dealer(P, dealer, i), sequence_trump(trump, i), w + n);
    w[RECORD_WORDS_AT] = (uint16_t)n;
    return n;
}

#endif
