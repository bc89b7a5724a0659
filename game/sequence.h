/* game/sequence.h - the rounds of a full game: how many, and each one's cards, dealer and trump.
 *
 *   cards   F F-1 .. 2   1 (P times)   2 .. F        for P = 5, F = 7:
 *           7 6 5 4 3 2  1 1 1 1 1     2 3 4 5 6 7   17 rounds
 *
 * Rounds count from 0; F is the number of cards in the first round. */
#ifndef GAME_SEQUENCE_H
#define GAME_SEQUENCE_H

#include "card.h"

enum { SEQUENCE_MAX_ROUNDS = 35 }; /* F = 17, P = 3 */

HD int sequence_rounds(int players, int first_cards) { return 2 * (first_cards - 1) + players; }

/* Cards dealt to each seat in that round, 1..F. */
HD int sequence_cards(int players, int first_cards, int round) {
    int down = first_cards - 1, up = round - down - players;
    if (round < down) return first_cards - round;
    return up < 0 ? 1 : up + 2;
}

/* The deal passes to the left. */
HD int sequence_dealer(int players, int first_dealer, int round) {
    return (first_dealer + round) % players;
}

/* S, H, C, D, none, and again; blob only, in oh-hell a card is turned up. */
HD int sequence_trump(int first_trump, int round) {
    return (first_trump + round) % (TRUMP_NONE + 1);
}

#endif
