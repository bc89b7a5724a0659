/* tests/reference/ref_draw.c - random queries from a seed. */
#include <string.h>

#include "ref_rules.h"

int ref_draw(uint64_t *state, int bound) {
    *state = ref_splitmix64(*state);
    return (int)((*state >> 11) % (uint64_t)bound); /* the bias of 2^-40 is harmless in a test */
}

RefHand ref_hand_of_bits(uint64_t bits) {
    RefHand hand;
    memset(&hand, 0, sizeof hand);
    for (int card = 0; card < REF_CARDS && hand.count < REF_HAND; card++)
        if (bits >> card & 1) hand.cards[hand.count++] = card;
    return hand;
}

static void draw_deal(uint64_t *state, RefQuery *query) {
    int deck[REF_CARDS];
    for (int i = 0; i < REF_CARDS; i++) deck[i] = i;
    for (int i = REF_CARDS - 1; i > 0; i--) {
        int j = ref_draw(state, i + 1), card = deck[i];
        deck[i] = deck[j];
        deck[j] = card;
    }
    query->turned = query->rules == REF_OH_HELL ? deck[REF_CARDS - 1] : -1;
    for (int seat = 0; seat < query->players; seat++) {
        query->hands[seat].count = query->cards;
        for (int i = 0; i < query->cards; i++)
            query->hands[seat].cards[i] = deck[seat * query->cards + i];
    }
}

static void draw_settings(uint64_t *state, RefQuery *query) {
    static const double c_puct[] = {0.5, 1.1, 1.5, 3.0}, fpu[] = {0.0, 0.1, 0.3};
    static const int simulations[] = {1, 7, 30, 90, 200}, leaves[] = {1, 1, 4, 8};
    query->worlds = 1 + ref_draw(state, 3);
    query->simulations = simulations[ref_draw(state, 5)];
    query->leaves = leaves[ref_draw(state, 4)];
    query->c_puct = c_puct[ref_draw(state, 4)];
    query->fpu = fpu[ref_draw(state, 3)];
    query->evaluator = REF_HASH;
    query->order = REF_RIGHT;
    *state = ref_splitmix64(*state);
    query->seed = *state >> 24;
}

void ref_draw_query(uint64_t *state, int max_cards, RefQuery *query) {
    RefRound round;
    int legal[REF_EDGES], count = 0;
    do {
        memset(query, 0, sizeof *query);
        query->rules = ref_draw(state, 3) == 0 ? REF_OH_HELL : REF_BLOB;
        bool oh_hell = query->rules == REF_OH_HELL;
        query->players = oh_hell ? 3 + ref_draw(state, 5) : 2 + ref_draw(state, 7);
        int deck = oh_hell ? REF_CARDS - 1 : REF_CARDS;
        int most = (max_cards < deck ? max_cards : deck) / query->players;
        query->cards = 1 + ref_draw(state, most < 1 ? 1 : most < REF_HAND ? most : REF_HAND);
        query->dealer = ref_draw(state, query->players);
        query->trump = ref_draw(state, 5);
        query->points = oh_hell ? 1 + ref_draw(state, 10) : 0;
        query->penalty = oh_hell && ref_draw(state, 2) == 1;
        draw_deal(state, query);
        int plies = ref_draw(state, query->players * (query->cards + 1));
        bool dealt = ref_round_deal(&round, query, query->hands) == NULL;
        for (int i = 0; i < plies && dealt; i++) {
            count = ref_round_legal(&round, legal);
            query->actions[i] = legal[ref_draw(state, count)];
            ref_round_play(&round, query->actions[i]);
        }
        query->action_count = plies;
        count = ref_round_legal(&round, legal);
    } while (count < 2);
    draw_settings(state, query);
}
