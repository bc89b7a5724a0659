/* game/observe.h - what the seat to move may know, as the network's C = 256 inputs.
 *
 * Seat-relative: the mover is seat 0, the others follow clockwise. Suit-canonical: trump first, the
 * other suits in an order that depends only on what the mover sees of each. Every column is exact
 * in bfloat16: counts over a power of two; the scores of a full game are rounded to it.
 *
 *   column      what (c: canonical card, r: relative seat, u: canonical suit)
 *     0 + c     1: in the mover's hand
 *    52 + c     1: played in this round, the current trick included; 1/2: turned up
 *   104 + c     (r + 1) / 8: in the current trick, played by r
 *   156 + r     bid / 32                         164 + r   1: has bid
 *   172 + r     tricks won / 32                  180 + r   (bid - tricks won) / 32, once it has bid
 *   188 + 4r+u  1: has shown a void in u         220 + r   1: is the dealer
 *   228 + r     1: led, or will lead, the current trick
 *   236         1: there is a trump              237       1: oh-hell with the off-bid penalty
 *   238         T / 32                           239       cards in the mover's hand / 32
 *   240         1: bidding                       241       (bid forbidden to the mover + 1) / 32
 *   242         sum of the bids / 256            243       (sum of the bids - T) / 256
 *   244         P / 8                            245       oh-hell: (points a trick + 1) / 256
 *   246 + r     (score of r in the full game - the mover's) / 256
 *   254         round of the full game / 64      255       rounds of the full game / 64
 */
#ifndef GAME_OBSERVE_H
#define GAME_OBSERVE_H

#include "device/core/bf16.h"
#include "rules.h"

enum { OBSERVE_COLUMNS = 256, OBSERVE_VERSION = 1 };

/* The full game before this round; all zero for a single round. */
typedef struct {
    int16_t scores[MAX_SEATS]; /* (P) totals of the rounds before this one */
    int16_t round, rounds;     /* 0..rounds - 1; rounds is 0 for single rounds */
} Standing;

/* A row that is being written: (OBSERVE_COLUMNS) float32, or their upper halves. */
typedef struct {
    void *at;
    bool bf16; /* nothing is lost: every column is exact in it */
} ObserveRow;

HD void observe_set(ObserveRow x, int column, float value) {
    if (x.bf16)
        ((uint16_t *)x.at)[column] = bf16_from_float(value);
    else
        ((float *)x.at)[column] = value;
}

/* All that the mover sees of a suit, as one number. Two suits compare equal only if nothing that
 * the mover sees tells them apart: a card of the current trick shows by its position in the
 * trick. */
HD uint64_t observe_suit_key(const RoundState *s, int suit) {
    uint64_t hand = s->hands[s->turn] >> (13 * suit) & 0x1FFF;
    uint64_t played = s->played >> (13 * suit) & 0x1FFF;
    uint64_t voids = 0, positions = 0;
    for (int r = 0, seat = s->turn; r < s->players; r++, seat = seat_after(seat, s->players))
        voids = voids << 1 | (s->voids >> (4 * seat + suit) & 1);
    for (int i = 0; i < s->trick_count; i++)
        positions = positions << 1 | (card_suit(s->trick[i]) == suit);
    return (uint64_t)bits_count(hand) << 42 | hand << 29 | played << 16 | voids << 8 | positions;
}

/* order[u] = the suit with canonical index u: trump, then by descending key, ties to the lower
 * suit.
 */
HD void observe_suit_order(const RoundState *s, uint8_t order[SUITS]) {
    uint64_t key[SUITS];
    for (int u = 0; u < SUITS; u++) {
        uint64_t mine = u == s->trump ? ~(uint64_t)0 : observe_suit_key(s, u);
        int at = u;
        while (at > 0 && key[at - 1] < mine) {
            key[at] = key[at - 1];
            order[at] = order[at - 1];
            at--;
        }
        key[at] = mine;
        order[at] = (uint8_t)u;
    }
}

/* suit_index[suit] = its canonical index: the inverse of observe_suit_order. */
HD void observe_suit_indices(const RoundState *s, uint8_t suit_index[SUITS]) {
    uint8_t order[SUITS];
    observe_suit_order(s, order);
    for (int u = 0; u < SUITS; u++) suit_index[order[u]] = (uint8_t)u;
}

/* Which output of the policy an action is: a bid its number, a card its canonical card. */
HD int observe_action_column(const RoundState *s, const uint8_t suit_index[SUITS], int action) {
    if (round_is_bidding(s)) return action;
    return suit_index[card_suit(action)] * RANKS + card_rank(action);
}

HD void observe_seat_columns(const RoundState *s, const Standing *standing,
                             const uint8_t order[SUITS], int r, ObserveRow x) {
    int seat = s->turn + r;
    if (seat >= s->players) seat -= s->players;
    bool bid = s->bids[seat] != BID_NONE;
    observe_set(x, 156 + r, bid ? (float)s->bids[seat] / 32 : 0);
    observe_set(x, 164 + r, bid);
    observe_set(x, 172 + r, (float)s->tricks[seat] / 32);
    observe_set(x, 180 + r, bid ? (float)(s->bids[seat] - s->tricks[seat]) / 32 : 0);
    for (int u = 0; u < SUITS; u++)
        observe_set(x, 188 + 4 * r + u, (float)(s->voids >> (4 * seat + order[u]) & 1));
    observe_set(x, 220 + r, seat == s->dealer);
    observe_set(x, 228 + r, seat == s->leader);
    observe_set(x, 246 + r,
                bf16_to_float(bf16_from_float(
                    (float)(standing->scores[seat] - standing->scores[s->turn]) / 256)));
}

HD void observe_table_columns(const Rules *rules, const RoundState *s, const Standing *standing,
                              ObserveRow x) {
    bool oh_hell = rules->variant == RULES_OH_HELL;
    int bids = round_bid_sum(s);
    observe_set(x, 236, s->trump != TRUMP_NONE);
    observe_set(x, 237, oh_hell && rules->penalty);
    observe_set(x, 238, (float)s->cards / 32);
    observe_set(x, 239, (float)bits_count(s->hands[s->turn]) / 32);
    observe_set(x, 240, round_is_bidding(s));
    observe_set(x, 241, (float)(round_forbidden_bid(s) + 1) / 32);
    observe_set(x, 242, (float)bids / 256);
    observe_set(x, 243, (float)(bids - s->cards) / 256);
    observe_set(x, 244, (float)s->players / 8);
    observe_set(x, 245, oh_hell ? (float)(rules->points + 1) / 256 : 0);
    observe_set(x, 254, (float)standing->round / 64);
    observe_set(x, 255, (float)standing->rounds / 64);
}

/* Writes x for the seat to move. Of the hands only the mover's is read. */
HD void observe_row(const Rules *rules, const RoundState *s, const Standing *standing, ObserveRow x,
                    Team team) {
    TEAM_FOR(i, OBSERVE_COLUMNS, team) observe_set(x, i, 0);
    team_sync(team);
    uint8_t order[SUITS];
    observe_suit_order(s, order);
    uint64_t hand = s->hands[s->turn];
    TEAM_FOR(c, CARDS, team) {
        int card = order[c / RANKS] * RANKS + c % RANKS;
        observe_set(x, c, (float)(hand >> card & 1));
        observe_set(x, 52 + c, s->turned == card ? 0.5f : (float)(s->played >> card & 1));
        for (int i = 0; i < s->trick_count; i++) {
            int back = s->trick_count - i; /* the player before the mover is relative seat P - 1 */
            if (s->trick[i] == card) observe_set(x, 104 + c, (float)(s->players - back + 1) / 8);
        }
    }
    TEAM_FOR(r, s->players, team) observe_seat_columns(s, standing, order, r, x);
    if (team.lane == 0) observe_table_columns(rules, s, standing, x);
    team_sync(team);
}

/* The same as floats x (OBSERVE_COLUMNS), which are rounded to bfloat16 too. */
HD void observe_one(const Rules *rules, const RoundState *s, const Standing *standing, float *x,
                    Team team) {
    ObserveRow row = {x, false};
    observe_row(rules, s, standing, row, team);
}

#endif
