/* game/card.h - cards, suits and the limits of the game.
 *
 *   card = suit * 13 + rank     suits S=0 H=1 C=2 D=3     ranks 2..A = 0..12
 *
 * A set of cards is a 64-bit mask, bit = card. */
#ifndef GAME_CARD_H
#define GAME_CARD_H

#include "device/core/portable.h"

enum {
    CARDS = 52,
    SUITS = 4,
    RANKS = 13,
    ACTIONS = 52,         /* A: bid b is action b while bidding, card c is action c in play */
    MAX_SEATS = 8,        /* P is 2..8 */
    MAX_HAND = 17,        /* T is 1..17 */
    MAX_EDGES = 18,       /* E: T + 1 bids at most */
    MAX_ROUND_PLIES = 60, /* P bids and P * T cards: 8 + 52 */
    TRUMP_NONE = 4,
    CARD_NONE = 255,
    BID_NONE = 255
};

#define CARDS_ALL       ((((uint64_t)1) << CARDS) - 1)
#define SUIT_MASK(suit) ((uint64_t)0x1FFF << (13 * (suit)))

HD int card_suit(int card) { return card / RANKS; }
HD int card_rank(int card) { return card % RANKS; }
HD uint64_t card_bit(int card) { return (uint64_t)1 << card; }

#endif
