/* tests/game/test_rules.c - game/rules.h and game/sequence.h against rounds worked out by hand. */
#include "game/rules.h"

#include <stdlib.h>

#include "game/sequence.h"
#include "game/text.h"
#include "tests/support/check.h"

static const Rules BLOB4 = {RULES_BLOB, 4, 0, 0};

static uint64_t hand(const char *text) {
    char why[128];
    uint64_t cards = 0;
    if (!text_hand_parse(text, &cards, why, sizeof why)) {
        fprintf(stderr, "%s: %s\n", text, why);
        exit(1);
    }
    return cards;
}

/* A round as dealt; `hands` holds T cards as text for each of the P seats. */
static RoundState dealt(int players, int dealer, char trump, const char *const *hands) {
    const char letter[2] = {trump, '\0'};
    uint64_t cards[MAX_SEATS] = {0};
    RoundState s;
    for (int seat = 0; seat < players; seat++) cards[seat] = hand(hands[seat]);
    round_begin(&s, players, bits_count(cards[0]), dealer, text_trump_parse(letter), CARD_NONE,
                cards);
    return s;
}

/* Applies the actions ("1 0 AS ..") one by one; each must be legal. */
static void play(RoundState *s, const char *actions) {
    char word[4];
    for (int at = 0, n; sscanf(actions + at, "%3s%n", word, &n) == 1; at += n) {
        int action = text_action_parse(s, word);
        bool legal = action >= 0 && (round_legal(s) >> action & 1);
        if (!legal) fprintf(stderr, "%s in \"%s\" is not legal\n", word, actions);
        CHECK(legal);
        if (!legal) return;
        round_apply(s, action);
    }
}

static void bids_may_not_add_up_to_the_tricks(void) {
    static const char *const hands[] = {"AS KD 7C", "2S 3S 4S", "5S 6S 7S", "8S 9S TS"};
    RoundState s = dealt(4, 3, 'S', hands);
    CHECK(s.turn == 0 && round_legal(&s) == 0xF && round_forbidden_bid(&s) == -1);
    play(&s, "1 0");
    CHECK(s.turn == 2 && round_forbidden_bid(&s) == -1 && round_bid_sum(&s) == 1);
    RoundState one = s;
    play(&one, "0"); /* 1 so far: not 2 */
    CHECK(one.turn == 3 && round_forbidden_bid(&one) == 2 && round_legal(&one) == 0xB);
    RoundState exact = s;
    play(&exact, "2"); /* 3 so far, all of T: not 0 */
    CHECK(round_forbidden_bid(&exact) == 0 && round_legal(&exact) == 0xE);
    RoundState over = s;
    play(&over, "3"); /* 4 so far, beyond T: free */
    CHECK(round_forbidden_bid(&over) == -1 && round_legal(&over) == 0xF);
    RoundState far = dealt(4, 3, 'S', hands);
    play(&far, "3 3 3");
    CHECK(round_forbidden_bid(&far) == -1 && round_legal(&far) == 0xF);
    RoundState none = dealt(4, 3, 'S', hands);
    play(&none, "0 0 0"); /* 0 so far: not T */
    CHECK(round_forbidden_bid(&none) == 3 && round_legal(&none) == 0x7);
    CHECK(round_is_bidding(&none));
    play(&none, "1");
    CHECK(!round_is_bidding(&none) && round_forbidden_bid(&none) == -1);
    CHECK(none.turn == 0 && none.leader == 0 && round_legal(&none) == hand("AS KD 7C"));
}

static void bidding_starts_left_of_the_dealer(void) {
    static const char *const hands[] = {"2S", "3S", "4S"};
    for (int dealer = 0; dealer < 3; dealer++) {
        RoundState s = dealt(3, dealer, 'N', hands);
        for (int i = 0; i < 3; i++) {
            CHECK(s.turn == (dealer + 1 + i) % 3);
            CHECK(round_ply(&s) == i && s.bids[s.turn] == BID_NONE);
            play(&s, "0");
        }
        CHECK(s.turn == (dealer + 1) % 3 && s.leader == s.turn);
    }
}

/* The index of the card that wins the trick; the first card is led. */
static int winner(char trump, const char *cards) {
    const char letter[2] = {trump, '\0'};
    RoundState s;
    memset(&s, 0, sizeof s);
    s.trump = (uint8_t)text_trump_parse(letter);
    for (const char *at = cards; *at; at += 3) {
        const char word[3] = {at[0], at[1], '\0'};
        s.trick[s.trick_count++] = (uint8_t)text_card_parse(word);
        if (at[2] == '\0') break;
    }
    return round_trick_winner(&s);
}

static void trump_wins_then_the_led_suit(void) {
    CHECK(winner('S', "2H AH KH QH") == 1);
    CHECK(winner('S', "2H AH 2S KH") == 2); /* the lowest trump beats the led ace */
    CHECK(winner('S', "2H 3S 2S AH") == 1); /* the higher of two trumps, played first */
    CHECK(winner('S', "2H 2S 3S AH") == 2); /* and played last */
    CHECK(winner('S', "2H AD AC KD") == 0); /* other suits never win */
    CHECK(winner('D', "2H 3S 2D AS") == 2);
    CHECK(winner('S', "KS AS AH AD") == 1); /* trump led */
    CHECK(winner('N', "2H AS AC AD") == 0); /* no trump: only the led suit */
    CHECK(winner('N', "2H 3H AC 4H") == 3);
    CHECK(winner('C', "TC JC 9C") == 1 && winner('C', "QC JC KC") == 2);
    CHECK(winner('H', "5S") == 0);
}

static void players_follow_suit_or_show_a_void(void) {
    static const char *const hands[] = {"AS KD", "2S 3H", "4D 5D", "6H 7C"};
    RoundState s = dealt(4, 0, 'H', hands);
    play(&s, "0 0 0 0");
    CHECK(s.turn == 1 && s.voids == 0);
    play(&s, "3H"); /* seat 2 holds no heart */
    CHECK(round_legal(&s) == hand("4D 5D"));
    play(&s, "5D");
    CHECK(s.voids == 1u << (4 * 2 + 1));
    CHECK(round_legal(&s) == hand("6H")); /* seat 3 must follow */
    play(&s, "6H");
    CHECK(round_legal(&s) == hand("AS KD")); /* any card, trump or not */
    play(&s, "KD");
    CHECK(s.voids == (1u << 9 | 1u << 1));
    /* 3H 5D 6H KD: the six of trumps, seat 3, leads the last trick. */
    CHECK(s.turn == 3 && s.leader == 3 && s.tricks[3] == 1 && s.tricks_done == 1);
    CHECK(s.trick_count == 0 && s.trick[0] == CARD_NONE && s.trick[3] == CARD_NONE);
    CHECK(s.played == hand("3H 5D 6H KD") && s.hands[0] == hand("AS"));
    CHECK(!round_is_over(&s) && round_ply(&s) == 8);
    play(&s, "7C AS 2S 4D");
    CHECK(round_is_over(&s) && round_legal(&s) == 0 && s.tricks[3] == 2);
    /* Nobody held a club, yet a discard shows a void in the led suit only. */
    CHECK(s.voids == (1u << 1 | 1u << 2 | 1u << 6 | 1u << 9 | 1u << 10));
}

static void last_seat_and_suit_have_a_void_bit(void) {
    static const char *const hands[] = {"2D", "3D", "4D", "5D", "6D", "7D", "8D", "AS"};
    RoundState s = dealt(8, 7, 'S', hands);
    play(&s, "0 0 0 0 0 0 0 0 2D 3D 4D 5D 6D 7D 8D AS");
    CHECK(s.voids == 1u << 31 && s.tricks[7] == 1 && round_is_over(&s));
}

/* P = 4, T = 2, seat 2 deals, clubs are trump; both rule sets score the same play.
 *   bids 3:2 0:1 1:0 2:0     3 leads 4D 9D 2C JD: seat 1;  1 leads KS TS 5H AS: seat 0 */
static void a_whole_round_is_scored_right(void) {
    static const char *const hands[] = {"9D AS", "2C KS", "JD TS", "4D 5H"};
    static const int won[] = {1, 1, 0, 0}, bid[] = {1, 0, 0, 2};
    static const int blob[] = {11, 0, 10, 0}, plain[] = {13, 3, 10, 0},
                     penalty[] = {13, -3, 10, -6};
    RoundState s = dealt(4, 2, 'C', hands);
    play(&s, "2 1 0 0 4D 9D 2C JD");
    CHECK(s.turn == 1 && s.tricks[1] == 1);
    play(&s, "KS TS 5H AS");
    CHECK(round_is_over(&s) && round_ply(&s) == 12 && s.played == hand("9D AS 2C KS JD TS 4D 5H"));
    const Rules oh_hell = {RULES_OH_HELL, 4, 3, 0}, off = {RULES_OH_HELL, 4, 3, 1};
    for (int seat = 0; seat < 4; seat++) {
        CHECK(s.tricks[seat] == won[seat] && s.bids[seat] == bid[seat] && s.hands[seat] == 0);
        CHECK(round_score(&BLOB4, &s, seat) == blob[seat]);
        CHECK(round_score(&oh_hell, &s, seat) == plain[seat]);
        CHECK(round_score(&off, &s, seat) == penalty[seat]);
        /* T = 2: 0..12 in blob, 0..16 in oh-hell, -6..16 with the penalty. */
        CHECK(round_value(&BLOB4, &s, seat) == (float)blob[seat] / 12.0f);
        CHECK(round_value(&oh_hell, &s, seat) == (float)plain[seat] / 16.0f);
        CHECK(round_value(&off, &s, seat) == (float)(penalty[seat] + 6) / 22.0f);
    }
}

static void scores_reach_both_ends_of_the_scale(void) {
    const Rules rules[] = {
        {RULES_BLOB, 2, 0, 0}, {RULES_OH_HELL, 3, 2, 0}, {RULES_OH_HELL, 3, 2, 1}};
    RoundState s;
    memset(&s, 0, sizeof s);
    s.players = 3;
    s.cards = s.tricks_done = 17;
    s.tricks[0] = s.bids[0] = 17;
    s.bids[1] = 17;
    for (int i = 0; i < 3; i++) {
        CHECK(round_value(&rules[i], &s, 0) == 1.0f);
        CHECK(round_value(&rules[i], &s, 1) == 0.0f);
    }
}

static void equal_states_are_equal_bytes(void) {
    static const char *const hands[] = {"AS KS", "2S 3H"};
    RoundState a = dealt(2, 0, 'H', hands), b;
    memset(&b, 0xA5, sizeof b);
    round_begin(&b, 2, 2, 0, text_trump_parse("H"), CARD_NONE, a.hands);
    CHECK(sizeof(RoundState) <= 112 && memcmp(&a, &b, sizeof a) == 0);
    CHECK(a.turned == CARD_NONE);
}

static void seat_and_card_limits_are_the_rules(void) {
    const Rules r[] = {{RULES_BLOB, 2, 0, 0},   {RULES_BLOB, 3, 0, 0},    {RULES_BLOB, 4, 0, 0},
                       {RULES_BLOB, 8, 0, 0},   {RULES_OH_HELL, 3, 1, 0}, {RULES_OH_HELL, 4, 1, 0},
                       {RULES_OH_HELL, 7, 1, 0}};
    static const int most[] = {17, 17, 13, 6, 17, 12, 7};
    for (int i = 0; i < 7; i++) CHECK(round_max_cards(&r[i]) == most[i]);
    CHECK(rules_min_players(RULES_BLOB) == 2 && rules_max_players(RULES_BLOB) == 8);
    CHECK(rules_min_players(RULES_OH_HELL) == 3 && rules_max_players(RULES_OH_HELL) == 7);
}

static void full_games_run_down_and_up_again(void) {
    static const int cards[] = {7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7};
    CHECK(sequence_rounds(5, 7) == 17);
    for (int i = 0; i < 17; i++) CHECK(sequence_cards(5, 7, i) == cards[i]);
    CHECK(sequence_rounds(4, 1) == 4); /* F = 1: a round of one card for each seat */
    for (int i = 0; i < 4; i++) CHECK(sequence_cards(4, 1, i) == 1);
    static const int short_game[] = {2, 1, 1, 1, 2};
    CHECK(sequence_rounds(3, 2) == 5);
    for (int i = 0; i < 5; i++) CHECK(sequence_cards(3, 2, i) == short_game[i]);
    CHECK(sequence_rounds(3, 17) == SEQUENCE_MAX_ROUNDS);
    static const int dealers[] = {3, 4, 0, 1, 2, 3}, trumps[] = {2, 3, TRUMP_NONE, 0, 1, 2};
    for (int i = 0; i < 6; i++) {
        CHECK(sequence_dealer(5, 3, i) == dealers[i]);
        CHECK(sequence_trump(2, i) == trumps[i]);
    }
}

int main(void) {
    bids_may_not_add_up_to_the_tricks();
    bidding_starts_left_of_the_dealer();
    trump_wins_then_the_led_suit();
    players_follow_suit_or_show_a_void();
    last_seat_and_suit_have_a_void_bit();
    a_whole_round_is_scored_right();
    scores_reach_both_ends_of_the_scale();
    equal_states_are_equal_bytes();
    seat_and_card_limits_are_the_rules();
    full_games_run_down_and_up_again();
    return check_report();
}
