/* game/bot.h - players that need neither search nor network: one draws its moves, one has rules.
 *
 * The rule player weighs a card by the chance that nobody still to play holds one that beats it,
 * every unseen card being equally likely anywhere:
 *
 *   chance = prod over the higher cards i of its suit (U - D - i) / (U - i)     nobody has one
 *          * prod over the opponents (1 - (no card of the suit - neither suit nor trump))
 *
 *   U  unseen cards   D  those that opponents hold who may have the suit
 *
 * It bids about the sum over its hand, plays for tricks until it has its bid and ducks from there
 * on. Both read the table as the seat to move may know it, and of the hands the mover's alone. */
#ifndef GAME_BOT_H
#define GAME_BOT_H

#include "device/core/rng.h"
#include "world_count.h"

/* Any legal action, each equally likely; the round is not over. */
HD int bot_random(const RoundState *s, Rng *rng) {
    uint64_t legal = round_legal(s);
    for (uint32_t skip = rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
        legal &= legal - 1;
    return bits_lowest(legal);
}

/* What the mover has not seen. */
HD uint64_t bot_unseen(const RoundState *s) {
    uint64_t unseen = CARDS_ALL & ~s->played & ~s->hands[s->turn];
    return s->turned == CARD_NONE ? unseen : unseen & ~card_bit(s->turned);
}

HD uint64_t bot_higher(int card) {
    return SUIT_MASK(card_suit(card)) & ~(((uint64_t)2 << card) - 1);
}

/* The chance that `cards` cards drawn from `unseen` miss all of some `marked`: a product of
 * quotients over the smaller of the two counts. */
HD float bot_miss(int unseen, int marked, int cards) {
    int few = marked < cards ? marked : cards, many = marked < cards ? cards : marked;
    float chance = 1;
    for (int i = 0; i < few; i++) {
        if (unseen - many - i <= 0) return 0;
        chance = chance * (float)(unseen - many - i) / (float)(unseen - i);
    }
    return chance;
}

/* The chance that nobody still to play in this trick beats `card`, which the mover holds, if it
 * leads the trick or is the best in it; in bidding: if it is led. */
HD float bot_chance(const RoundState *s, int card) {
    uint64_t unseen = bot_unseen(s);
    int suit = card_suit(card), U = bits_count(unseen), holders = 0;
    int led = s->trick_count > 0 ? card_suit(s->trick[0]) : suit;
    uint64_t of_led = unseen & SUIT_MASK(led);
    uint64_t trumps = s->trump == TRUMP_NONE ? 0 : unseen & SUIT_MASK(s->trump);
    float chance = 1;
    int after = s->players - 1 - s->trick_count;
    for (int k = 0, seat = seat_after(s->turn, s->players); k < after;
         k++, seat = seat_after(seat, s->players)) {
        int cards = world_hand_size(s, seat);
        bool no_trump = s->trump == TRUMP_NONE || (s->voids >> (4 * seat + s->trump) & 1);
        if (!(s->voids >> (4 * seat + suit) & 1)) holders += cards;
        if (suit == s->trump || no_trump) continue;
        int held = s->voids >> (4 * seat + led) & 1 ? 0 : bits_count(of_led);
        chance *= 1 - (bot_miss(U, held, cards) - bot_miss(U, held + bits_count(trumps), cards));
    }
    return chance * bot_miss(U, bits_count(unseen & bot_higher(card)), holders);
}

/* Tricks that the hand is worth before the first card. The three numbers are the best of a few for
 * the mean score against random players and among its own kind, over tables of 2 to 8. */
HD float bot_hand_tricks(const RoundState *s) {
    const float ROUGH_TRUMP = 0.35f; /* at least: it may win by ruffing */
    const float OTHER_SUIT = 0.75f;  /* of a trick that another seat leads */
    const float CROWD = 0.15f;       /* of what others bid beyond their share */
    float never_led = 1, sum = 0;
    for (int i = 0; i < s->cards; i++) never_led *= OTHER_SUIT;
    float led = s->turn == s->leader ? 1 : 1 - never_led;
    for (uint64_t left = s->hands[s->turn]; left; left &= left - 1) {
        int card = bits_lowest(left);
        float chance = bot_chance(s, card);
        if (card_suit(card) != s->trump)
            chance *= led;
        else if (s->cards > 1 && chance < ROUGH_TRUMP)
            chance = ROUGH_TRUMP;
        sum += chance;
    }
    float share = (float)(s->bid_count * s->cards) / (float)s->players;
    return sum - CROWD * ((float)round_bid_sum(s) - share);
}

/* The nearest bid to what the hand is worth that may be made. */
HD int bot_bid(const RoundState *s) {
    float tricks = bot_hand_tricks(s);
    int bid = tricks < 0.5f ? 0 : (int)(tricks + 0.5f);
    if (bid > s->cards) bid = s->cards;
    if (bid != round_forbidden_bid(s)) return bid;
    if (bid == 0) return 1;
    return bid < s->cards && tricks > (float)bid ? bid + 1 : bid - 1;
}

/* Whether `card`, played now, would be the best of the trick so far. */
HD bool bot_leads(const RoundState *s, int card) {
    if (s->trick_count == 0) return true;
    int best = s->trick[round_trick_winner(s)];
    if (card_suit(card) == card_suit(best)) return card > best;
    return card_suit(card) == s->trump;
}

/* The card for a trick: wanted, the lowest sure winner, else the likeliest winner, and what is
 * worth least where none can win; unwanted, the best card that loses, else the likeliest to be
 * beaten. Trump counts as high among equals. */
HD int bot_card(const RoundState *s) {
    bool want = s->tricks[s->turn] < s->bids[s->turn];
    int best = -1;
    float best_key = 0;
    for (uint64_t left = round_legal(s); left; left &= left - 1) {
        int card = bits_lowest(left);
        float worth = (float)card_rank(card) + (card_suit(card) == s->trump ? (float)RANKS : 0);
        float chance = bot_leads(s, card) ? bot_chance(s, card) : 0;
        float key;
        if (want)
            key = chance == 1 ? 200 - worth : chance > 0 ? 100 * chance : -worth;
        else
            key = chance == 0 ? 100 + worth : -100 * chance;
        if (best < 0 || key > best_key) {
            best = card;
            best_key = key;
        }
    }
    return best;
}

/* A beginner's move for the seat to move; the round is not over. */
HD int bot_rule(const RoundState *s) { return round_is_bidding(s) ? bot_bid(s) : bot_card(s); }

#endif
