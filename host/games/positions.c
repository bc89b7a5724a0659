/* host/games/positions.c - random rounds, stopped at a random decision. */
#include "positions.h"

#include "device/play/deal.h"

/* One random round: the last decision with a choice among the first stop + 1 plies. */
static void random_position(const Rules *rules, int cards, Rng *rng, RoundState *out) {
    uint64_t hands[MAX_SEATS];
    RoundState s;
    int P = rules->players,
        turned = deal_hands(rng, P, cards, rules->variant == RULES_OH_HELL, hands);
    int trump = turned == CARD_NONE ? (int)rng_below(rng, SUITS + 1) : card_suit(turned);
    round_begin(&s, P, cards, (int)rng_below(rng, (uint32_t)P), trump, turned, hands);
    int stop = (int)rng_below(rng, (uint32_t)(P * (cards + 1)));
    *out = s;
    for (int i = 0; i <= stop && !round_is_over(&s); i++) {
        uint64_t legal = round_legal(&s);
        if (!bits_is_one(legal)) *out = s;
        for (int skip = (int)rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
            legal &= legal - 1;
        round_apply(&s, bits_lowest(legal));
    }
}

void positions_draw(const Rules *rules, int cards, uint64_t seed, int n, RoundState *states) {
    for (int i = 0; i < n; i++) {
        Rng rng = rng_begin(seed, (uint64_t)i, 0, RNG_DEAL, 0);
        random_position(rules, cards, &rng, &states[i]);
    }
}
