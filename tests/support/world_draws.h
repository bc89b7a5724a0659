/* tests/support/world_draws.h - shared by the tests of determinization: streams, decks,
 * chi-square. */
#ifndef TESTS_SUPPORT_WORLD_DRAWS_H
#define TESTS_SUPPORT_WORLD_DRAWS_H

#include "game/world.h"

static inline Rng stream(uint64_t test, uint64_t item) {
    return rng_begin(20240, test << 32 | item, 0, RNG_WORLD, 0);
}

/* Chi-square of n counts against equal shares is at most 5 standard deviations above its mean, plus
 * 10 for the long tail of few counts. scale: how much the counts spread; 1 if draws are
 * independent. */
static inline bool counts_are_equal(const int *counts, int n, int draws, double scale) {
    double chi = 0, share = (double)draws / n, df = n - 1;
    for (int i = 0; i < n; i++) chi += (counts[i] - share) * (counts[i] - share) / share;
    double over = chi / scale - df - 10;
    return over < 0 || over * over < 25 * 2 * df;
}

static inline Rng shuffled_deck(uint64_t test, uint64_t item, uint8_t deck[CARDS]) {
    Rng rng = stream(test, item);
    for (int c = 0; c < CARDS; c++) deck[c] = (uint8_t)c;
    for (int c = 0; c < CARDS; c++) {
        int other = c + (int)rng_below(&rng, (uint32_t)(CARDS - c));
        uint8_t card = deck[c];
        deck[c] = deck[other];
        deck[other] = card;
    }
    return rng;
}

#endif
