/* game/rules.h - one round: whose turn, what is legal, what a play changes, what it scores.
 *
 *   round_begin -> [ round_legal -> round_apply ]* -> round_is_over -> round_score
 *
 * RoundState is plain data, copied into every node of a tree. Everything here is a pure function.
 */
#ifndef GAME_RULES_H
#define GAME_RULES_H

#include "card.h"

typedef enum { RULES_BLOB, RULES_OH_HELL, RULES_COUNT } RulesVariant;

typedef struct {
    uint8_t variant; /* RulesVariant */
    uint8_t players; /* P */
    uint8_t points;  /* oh-hell: points a trick, 0..255 */
    uint8_t penalty; /* oh-hell: 1 = a missed bid costs points * |tricks - bid| */
} Rules;

typedef struct {
    uint64_t hands[MAX_SEATS]; /* (P) cards still held */
    uint64_t played;           /* cards played so far, the current trick's too */
    uint32_t voids;            /* bit 4 * seat + suit: the seat has shown that it lacks the suit */
    uint8_t bids[MAX_SEATS];   /* (P) BID_NONE before the seat has bid */
    uint8_t tricks[MAX_SEATS]; /* (P) tricks won */
    uint8_t trick[MAX_SEATS];  /* (trick_count) cards of the current trick, the leader's first */
    uint8_t players, cards;    /* P, T */
    uint8_t dealer, trump;     /* seat; suit or TRUMP_NONE */
    uint8_t turned;            /* the card turned up, or CARD_NONE */
    uint8_t bid_count;         /* seats that have bid */
    uint8_t leader, turn;      /* who led, or will lead, the current trick; who moves */
    uint8_t trick_count;       /* cards in the current trick, 0..P-1 */
    uint8_t tricks_done;       /* finished tricks, T when the round is over */
} RoundState;
static_assert(sizeof(RoundState) == 112, "no padding within: equal states are equal bytes");

HD int seat_after(int seat, int players) { return seat + 1 == players ? 0 : seat + 1; }

/* A dealt round before its first bid; hands (P) are disjoint masks of `cards` cards each. */
HD void round_begin(RoundState *s, int players, int cards, int dealer, int trump, int turned,
                    const uint64_t *hands) {
    memset(s, 0, sizeof *s);
    for (int i = 0; i < MAX_SEATS; i++) {
        s->hands[i] = i < players ? hands[i] : 0;
        s->bids[i] = BID_NONE;
        s->trick[i] = CARD_NONE;
    }
    s->players = (uint8_t)players;
    s->cards = (uint8_t)cards;
    s->dealer = (uint8_t)dealer;
    s->trump = (uint8_t)trump;
    s->turned = (uint8_t)turned;
    s->leader = s->turn = (uint8_t)seat_after(dealer, players);
}

HD bool round_is_bidding(const RoundState *s) { return s->bid_count < s->players; }
HD bool round_is_over(const RoundState *s) { return s->tricks_done == s->cards; }

HD int round_bid_sum(const RoundState *s) {
    int sum = 0;
    for (int i = 0; i < s->players; i++) sum += s->bids[i] == BID_NONE ? 0 : s->bids[i];
    return sum;
}

/* The bid that the dealer, last to bid, may not make, or -1: the bids may not add up to T. */
HD int round_forbidden_bid(const RoundState *s) {
    if (s->bid_count != s->players - 1) return -1;
    int left = s->cards - round_bid_sum(s);
    return left >= 0 ? left : -1;
}

/* Legal actions as a mask, bit = action; 0 when the round is over. */
HD uint64_t round_legal(const RoundState *s) {
    if (round_is_bidding(s)) {
        uint64_t bids = ((uint64_t)1 << (s->cards + 1)) - 1;
        int forbidden = round_forbidden_bid(s);
        return forbidden < 0 ? bids : bids & ~((uint64_t)1 << forbidden);
    }
    uint64_t hand = s->hands[s->turn];
    if (s->trick_count == 0) return hand;
    uint64_t follow = hand & SUIT_MASK(card_suit(s->trick[0]));
    return follow ? follow : hand;
}

/* Which card of the trick wins, as an index into s->trick; the trick is not empty. */
HD int round_trick_winner(const RoundState *s) {
    int best = 0;
    for (int i = 1; i < s->trick_count; i++) {
        int card = s->trick[i], held = s->trick[best];
        int suit = card_suit(card), held_suit = card_suit(held);
        if (suit == held_suit ? card > held : suit == s->trump) best = i;
    }
    return best;
}

/* The seat to move bids or plays `action`, which is legal. */
HD void round_apply(RoundState *s, int action) {
    int seat = s->turn, players = s->players;
    if (round_is_bidding(s)) {
        s->bids[seat] = (uint8_t)action;
        s->bid_count++;
        s->turn = (uint8_t)seat_after(seat, players); /* after the dealer: the first leader */
        return;
    }
    int suit = card_suit(action);
    if (s->trick_count > 0 && suit != card_suit(s->trick[0]))
        s->voids |= 1u << (4 * seat + card_suit(s->trick[0]));
    s->hands[seat] &= ~card_bit(action);
    s->played |= card_bit(action);
    s->trick[s->trick_count++] = (uint8_t)action;
    if (s->trick_count < players) {
        s->turn = (uint8_t)seat_after(seat, players);
        return;
    }
    int winner = s->leader + round_trick_winner(s);
    if (winner >= players) winner -= players;
    s->tricks[winner]++;
    s->tricks_done++;
    s->leader = s->turn = (uint8_t)winner;
    s->trick_count = 0;
    for (int i = 0; i < players; i++) s->trick[i] = CARD_NONE; /* equal states are equal bytes */
}

/* A seat's points, once the round is over. */
HD int round_score(const Rules *rules, const RoundState *s, int seat) {
    int won = s->tricks[seat], bid = s->bids[seat];
    if (rules->variant == RULES_BLOB) return won == bid ? 10 + bid : 0;
    if (won == bid) return rules->points * won + 10;
    if (!rules->penalty) return rules->points * won;
    return -rules->points * (won > bid ? won - bid : bid - won);
}

/* The score scaled to [0, 1] by the range of a round of T cards: (score - min) / (max - min),
 * the value of a terminal node for that seat. An integer over an integer. */
HD float round_value(const Rules *rules, const RoundState *s, int seat) {
    int T = s->cards, min = 0, max = 10 + T;
    if (rules->variant == RULES_OH_HELL) {
        max = rules->points * T + 10;
        if (rules->penalty) min = -rules->points * T;
    }
    return (float)(round_score(rules, s, seat) - min) / (float)(max - min);
}

/* The number of bids and cards played so far in the round. */
HD int round_ply(const RoundState *s) {
    return s->bid_count + s->tricks_done * s->players + s->trick_count;
}

/* The most cards that P seats can be dealt: one less where a card is turned up. */
HD int round_max_cards(const Rules *rules) {
    int deck = rules->variant == RULES_OH_HELL ? CARDS - 1 : CARDS;
    int most = deck / rules->players;
    return most < MAX_HAND ? most : MAX_HAND;
}

/* Seats that may play under the rules: 2..8, oh-hell 3..7. */
HD int rules_min_players(int variant) { return variant == RULES_OH_HELL ? 3 : 2; }
HD int rules_max_players(int variant) { return variant == RULES_OH_HELL ? 7 : 8; }

#endif
