/* game/world.h - determinization: a deal of the unseen cards, uniform over all that fit.
 *
 *   world_count once for a decision -> world_sample once for each of its worlds
 *
 * How many cards of each class a group takes is drawn in proportion to the counts, and which ones
 * by a shuffle; the seats of a group, and at last the free seats, are dealt from a shuffle. The
 * rest is the stock. */
#ifndef GAME_WORLD_H
#define GAME_WORLD_H

#include "device/core/rng.h"
#include "world_count.h"

/* Uniform in 0..n-1 without bias, n >= 1: as many bits as n has, until the number is below n. */
HD WorldCount world_below(Rng *rng, WorldCount n) {
    uint64_t high = (uint64_t)(n >> 64);
    if (high == 0) return rng_below64(rng, (uint64_t)n);
    int drop = 63 - bits_highest(high);
    for (;;) {
        WorldCount x = rng_u64(rng) >> drop;
        x = x << 64 | rng_u64(rng);
        if (x < n) return x;
    }
}

/* Brings `need` of the `count` cards to the front, every ordered choice equally likely.
 *
 * One 32-bit number gives four indices (Brackett-Rozinsky and Lemire, 2024): the upper half of each
 * product is an index, the lower half goes into the next product. Unbiased, as a rest under 2^32
 * mod the product of the ranges (at most 52^4) is drawn again. */
HD void world_shuffle(uint8_t *cards, int need, int count, Rng *rng) {
    for (int at = 0; at < need; at += 4) {
        int k = world_min(4, need - at);
        uint32_t picks, low, range = (uint32_t)(count - at), product = 1;
        for (int q = 0; q < k; q++) product *= range - (uint32_t)q;
        do {
            low = rng_u32(rng);
            picks = 0;
            for (int q = 0; q < k; q++) {
                uint64_t m = (uint64_t)low * (range - (uint32_t)q);
                picks |= (uint32_t)(m >> 32) << (8 * q);
                low = (uint32_t)m;
            }
        } while (low < product && low < (0u - product) % product);
        for (int q = 0; q < k; q++) {
            int from = at + q + (int)(picks >> (8 * q) & 255);
            uint8_t card = cards[from];
            cards[from] = cards[at + q];
            cards[at + q] = card;
        }
    }
}

/* Writes the cards of a mask, ascending; returns how many. */
HD int world_unpack(uint64_t mask, uint8_t *cards) {
    int count = 0;
    for (; mask != 0; mask &= mask - 1) cards[count++] = (uint8_t)bits_lowest(mask);
    return count;
}

/* Hands the first cards to the seats of a mask, each its size. Returns the cards handed out. */
HD uint64_t world_give(const WorldScratch *w, int seats, const uint8_t *cards,
                       uint64_t hands[MAX_SEATS]) {
    uint64_t given = 0;
    for (; seats != 0; seats &= seats - 1) {
        int seat = bits_lowest((uint64_t)seats);
        uint64_t hand = 0;
        for (int i = 0; i < w->size[seat]; i++) hand |= card_bit(*cards++);
        hands[seat] = hand;
        given |= hand;
    }
    return given;
}

/* Which take leads on from a state: each in proportion to the deals behind it. */
HD void world_draw_take(const WorldScratch *w, uint32_t state, Rng *rng, WorldTake *take) {
    bool ok = world_take_first(take, w, state);
    if ((int)(state >> WORLD_LEVEL_BIT) == w->groups - 1) return; /* one class, one take */
    WorldCount r = world_below(rng, world_ways(w, state));
    while (ok) {
        WorldCount ways = world_ways(w, world_take_state(take)) *
                          world_take_ways(take, w->binomial);
        if (r < ways) return;
        r -= ways;
        ok = world_take_next(take);
    }
}

/* Deals the unseen cards: hands (P) of the other seats drawn, the mover's as it is in `s`, hands
 * beyond P empty. After world_count with WORLD_OK for the same s and mover; w is only read, so the
 * deal depends on these and rng alone, and threads may share w. */
HD void world_sample(const WorldScratch *w, const RoundState *s, int mover, Rng *rng,
                     uint64_t hands[MAX_SEATS]) {
    uint8_t cards[CARDS];
    uint64_t left = w->unseen;
    for (int seat = 0; seat < MAX_SEATS; seat++) hands[seat] = 0;
    hands[mover] = s->hands[mover];
    uint32_t state = w->start;
    for (int g = 0; g < w->groups; g++) {
        const WorldGroup *group = &w->group[g];
        WorldTake take;
        world_draw_take(w, state, rng, &take);
        state = world_take_state(&take);
        int count = 0;
        for (int k = 0; k < group->takes; k++) {
            int x = k == 0 ? take.x0 : k == 1 ? take.x1 : take.need - take.x0 - take.x1;
            int out = world_unpack(left & world_suits_cards(group->suits[k]), cards + count);
            world_shuffle(cards + count, x, out, rng);
            count += x;
        }
        if (!bits_is_one(group->seats)) world_shuffle(cards, count, count, rng);
        left &= ~world_give(w, group->seats, cards, hands);
    }
    if (w->free_need == 0) return;
    int out = world_unpack(left, cards);
    world_shuffle(cards, w->free_need, out, rng);
    world_give(w, w->free_seats, cards, hands);
}

#endif
