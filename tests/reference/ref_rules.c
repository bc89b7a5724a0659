/* tests/reference/ref_rules.c - the rules written anew, for the reference search only. */
#include "ref_rules.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { NO_TRUMP = 4 };

static int suit_of(int card) { return card / 13; }
static int rank_of(int card) { return card % 13; }

static const char *check_sizes(const RefQuery *query) {
    bool oh_hell = query->rules == REF_OH_HELL;
    int players = query->players;
    if (players < (oh_hell ? 3 : 2) || players > (oh_hell ? 7 : 8)) return "players";
    if (query->cards < 1 || query->cards > REF_HAND) return "cards";
    if (players * query->cards + (oh_hell ? 1 : 0) > REF_CARDS) return "cards";
    if (query->dealer < 0 || query->dealer >= players) return "dealer";
    if (oh_hell && (query->turned < 0 || query->turned >= REF_CARDS)) return "turned";
    if (!oh_hell && (query->trump < 0 || query->trump > NO_TRUMP)) return "trump";
    return NULL;
}

const char *ref_round_deal(RefRound *round, const RefQuery *query, const RefHand *hands) {
    const char *wrong = check_sizes(query);
    if (wrong) return wrong;
    memset(round, 0, sizeof *round);
    round->rules = query->rules;
    round->players = query->players;
    round->cards = query->cards;
    round->dealer = query->dealer;
    round->trump = query->rules == REF_OH_HELL ? suit_of(query->turned) : query->trump;
    round->points = query->points;
    round->penalty = query->penalty;
    round->to_move = (query->dealer + 1) % query->players;
    bool seen[REF_CARDS] = {false};
    if (query->rules == REF_OH_HELL) seen[query->turned] = true;
    for (int seat = 0; seat < query->players; seat++) {
        if (hands[seat].count != query->cards) return "hands: wrong number of cards";
        for (int i = 0; i < query->cards; i++) {
            int card = hands[seat].cards[i];
            if (card < 0 || card >= REF_CARDS) return "hands: no such card";
            if (seen[card]) return "hands: a card twice";
            seen[card] = true;
            round->holds[seat][card] = true;
        }
    }
    return NULL;
}

bool ref_round_is_over(const RefRound *round) { return round->tricks_done == round->cards; }

static int legal_bids(const RefRound *round, int legal[REF_EDGES]) {
    int sum = 0, count = 0;
    for (int seat = 0; seat < round->players; seat++) sum += round->bids[seat]; /* 0 until made */
    bool last = round->bid_count == round->players - 1;
    for (int bid = 0; bid <= round->cards; bid++) {
        if (last && sum + bid == round->cards) continue;
        legal[count++] = bid;
    }
    return count;
}

int ref_round_legal(const RefRound *round, int legal[REF_EDGES]) {
    if (ref_round_is_over(round)) return 0;
    if (round->bid_count < round->players) return legal_bids(round, legal);
    const bool *holds = round->holds[round->to_move];
    int count = 0;
    if (round->trick_size > 0)
        for (int card = 0; card < REF_CARDS; card++)
            if (holds[card] && suit_of(card) == suit_of(round->trick_card[0]))
                legal[count++] = card;
    if (count > 0) return count;
    for (int card = 0; card < REF_CARDS; card++)
        if (holds[card]) legal[count++] = card;
    return count;
}

/* Whether no card of the trick beats this one. */
static bool wins_trick(const RefRound *round, int card) {
    bool trumped = false;
    for (int i = 0; i < round->trick_size; i++)
        if (suit_of(round->trick_card[i]) == round->trump) trumped = true;
    int suit = trumped ? round->trump : suit_of(round->trick_card[0]);
    if (suit_of(card) != suit) return false;
    for (int i = 0; i < round->trick_size; i++) {
        int other = round->trick_card[i];
        if (suit_of(other) == suit && rank_of(other) > rank_of(card)) return false;
    }
    return true;
}

static void finish_trick(RefRound *round) {
    for (int i = 0; i < round->trick_size; i++)
        if (wins_trick(round, round->trick_card[i])) round->to_move = round->trick_seat[i];
    round->tricks[round->to_move]++;
    round->tricks_done++;
    round->trick_size = 0;
}

void ref_round_play(RefRound *round, int action) {
    int seat = round->to_move;
    round->to_move = (seat + 1) % round->players; /* after the dealer's bid: who leads first */
    if (round->bid_count < round->players) {
        round->bids[seat] = action;
        round->bid_count++;
        return;
    }
    round->holds[seat][action] = false;
    round->trick_card[round->trick_size] = action;
    round->trick_seat[round->trick_size] = seat;
    round->trick_size++;
    if (round->trick_size == round->players) finish_trick(round);
}

int ref_round_score(const RefRound *round, int seat) {
    int bid = round->bids[seat], won = round->tricks[seat];
    if (round->rules == REF_BLOB) return won == bid ? 10 + bid : 0;
    if (won == bid) return round->points * won + 10;
    return round->penalty ? -round->points * abs(won - bid) : round->points * won;
}

int ref_round_least(const RefRound *round) {
    bool below_zero = round->rules == REF_OH_HELL && round->penalty;
    return below_zero ? -round->points * round->cards : 0;
}

int ref_round_range(const RefRound *round) {
    int most = 10 + (round->rules == REF_BLOB ? 1 : round->points) * round->cards;
    return most - ref_round_least(round);
}

const char *ref_round_replay(RefRound *round, const RefQuery *query, const RefHand *hands,
                             int *seats) {
    const char *wrong = ref_round_deal(round, query, hands);
    if (wrong) return wrong;
    for (int i = 0; i < query->action_count; i++) {
        int legal[REF_EDGES];
        int count = ref_round_legal(round, legal);
        bool found = false;
        for (int k = 0; k < count; k++) found = found || legal[k] == query->actions[i];
        if (!found) return "actions: not legal";
        if (seats) seats[i] = round->to_move;
        ref_round_play(round, query->actions[i]);
    }
    return ref_round_is_over(round) ? "actions: the round is over" : NULL;
}
