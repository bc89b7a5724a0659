/* tests/game/test_solve.c - open hands solved, against plain minimax: every bid and card tried,
 * nothing cut, merged or remembered. */
#include "game/solve_deal.h"
#include "tests/support/check.h"
#include "tests/support/world_draws.h"

#if defined(__SANITIZE_ADDRESS__)
enum { DEALS = 1000, LINES_MOST = 5000 };
#else
enum { DEALS = 2000, LINES_MOST = 30000 };
#endif
enum { SMALL_BITS = 2, LARGE_BITS = 12 };

static SolveEntry small_table[1 << SMALL_BITS], large_table[1 << LARGE_BITS];
static Solve solver;

/* ---- the oracle ---- */

static int value_at_end(const Rules *rules, const RoundState *s, int seat) {
    int sum = 0;
    for (int i = 0; i < s->players; i++) sum += round_score(rules, s, i);
    return s->players * round_score(rules, s, seat) - sum;
}

static int plain(const Rules *rules, const RoundState *s, int seat) {
    if (round_is_over(s)) return value_at_end(rules, s, seat);
    int best = 0;
    bool none = true;
    for (uint64_t left = round_legal(s); left; left &= left - 1) {
        RoundState next = *s;
        round_apply(&next, bits_lowest(left));
        int value = plain(rules, &next, seat);
        if (none || (s->turn == seat ? value > best : value < best)) best = value;
        none = false;
    }
    return best;
}

/* At least as many lines of play as there are from s on. */
static double lines_from(const RoundState *s) {
    double lines = 1;
    for (int seat = s->bid_count; seat < s->players; seat++) lines *= s->cards + 1;
    for (int seat = 0; seat < s->players; seat++)
        for (int n = bits_count(s->hands[seat]); n > 1; n--) lines *= n;
    return lines;
}

/* ---- positions ---- */

/* A deal from the lowest cards of each suit, so that seats meet in suits; all the same. */
static void draw_deal(Rng *rng, Rules *rules, RoundState *s) {
    int P = 2 + (int)rng_below(rng, 4), variant = P > 2 ? (int)rng_below(rng, 2) : RULES_BLOB;
    int T = 1 + (int)rng_below(rng, P == 2 ? 6 : P == 3 ? 5 : P == 4 ? 4 : 3);
    int ranks = (P * T + 4) / 4 + (int)rng_below(rng, 3), turned = CARD_NONE;
    uint64_t hands[MAX_SEATS] = {0}, used = 0;
    for (int i = 0; i <= P * T; i++) {
        int card;
        do card = (int)rng_below(rng, SUITS) * RANKS + (int)rng_below(rng, (uint32_t)ranks);
        while (used >> card & 1);
        used |= card_bit(card);
        if (i < P * T)
            hands[i % P] |= card_bit(card);
        else if (variant == RULES_OH_HELL)
            turned = card;
    }
    memset(rules, 0, sizeof *rules);
    rules->variant = (uint8_t)variant;
    rules->players = (uint8_t)P;
    rules->points = (uint8_t)(variant == RULES_OH_HELL ? rng_below(rng, 4) : 0);
    rules->penalty = (uint8_t)(variant == RULES_OH_HELL ? rng_below(rng, 2) : 0);
    int trump = turned == CARD_NONE ? (int)rng_below(rng, 5) : card_suit(turned);
    round_begin(s, P, T, (int)rng_below(rng, (uint32_t)P), trump, turned, hands);
}

static void step(Rng *rng, RoundState *s) {
    uint64_t legal = round_legal(s);
    for (uint32_t skip = rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
        legal &= legal - 1;
    round_apply(s, bits_lowest(legal));
}

/* ---- checks ---- */

static bool actions_agree(const Rules *rules, const RoundState *s) {
    int values[ACTIONS];
    solve_actions(&solver, s, values);
    for (uint64_t left = round_legal(s); left; left &= left - 1) {
        RoundState next = *s;
        int action = bits_lowest(left);
        round_apply(&next, action);
        if (values[action] != plain(rules, &next, s->turn)) return false;
    }
    return true;
}

/* Random play from the deal on; every position with few enough lines is solved for each seat. */
static void every_position_has_its_minimax_value(void) {
    int bidding = 0, between = 0, within = 0, seats[MAX_SEATS + 1] = {0}, oh_hell = 0;
    for (uint64_t deal = 0; deal < DEALS && !checks_failed; deal++) {
        Rng rng = stream(12, deal);
        Rules rules;
        RoundState s;
        draw_deal(&rng, &rules, &s);
        bool small = rng_below(&rng, 2);
        solve_begin(&solver, &rules, s.cards, small ? small_table : large_table,
                    small ? SMALL_BITS : LARGE_BITS);
        for (; !round_is_over(&s) && !checks_failed; step(&rng, &s)) {
            if (lines_from(&s) > LINES_MOST) continue;
            bidding += round_is_bidding(&s);
            between += !round_is_bidding(&s) && s.trick_count == 0;
            within += s.trick_count > 0;
            seats[s.players]++;
            oh_hell += rules.variant == RULES_OH_HELL;
            int seat = (int)rng_below(&rng, s.players);
            CHECK(solve_value(&solver, &s, seat) == plain(&rules, &s, seat));
            CHECK(actions_agree(&rules, &s));
        }
        CHECK(solve_value(&solver, &s, 0) == value_at_end(&rules, &s, 0));
    }
    int some = DEALS / 10;
    CHECK(bidding > some && between > some && within > some && oh_hell > some);
    for (int P = 2; P <= 5; P++) CHECK(seats[P] > some);
}

/* What the table holds changes no value: one pair, and one that forgets little. */
static void tables_of_any_size_agree(void) {
    enum { GAMES = 40, T = 5 };
    static Solve other;
    Rules rules = {RULES_OH_HELL, 3, 1, 0};
    solve_begin(&solver, &rules, T, large_table, LARGE_BITS);
    solve_begin(&other, &rules, T, small_table, SMALL_BITS);
    for (uint64_t deal = 0; deal < GAMES; deal++) {
        uint8_t deck[CARDS];
        uint64_t hands[MAX_SEATS] = {0};
        RoundState s;
        Rng rng = shuffled_deck(13, deal, deck);
        for (int i = 0; i < 3 * T; i++) hands[i % 3] |= card_bit(deck[i]);
        round_begin(&s, 3, T, 0, card_suit(deck[3 * T]), deck[3 * T], hands);
        for (int i = 0; i < 3; i++) step(&rng, &s);
        CHECK(solve_value(&solver, &s, 1) == solve_value(&other, &s, 1));
    }
}

/* Two seats of two cards, clubs trump, seat 1 leads and bids 2, seat 0 bids 1. `lower`: seat 1 has
 * AS 2C and seat 0 KS 3C, else the clubs are the other way. */
static void begin_small(RoundState *s, bool lower) {
    int mine = lower ? 26 : 27;
    uint64_t hands[MAX_SEATS] = {card_bit(11) | card_bit(26 + 27 - mine),
                                 card_bit(12) | card_bit(mine)};
    round_begin(s, 2, 2, 0, 2, CARD_NONE, hands);
    round_apply(s, 2);
    round_apply(s, 1);
}

/* AS takes KS, which must follow; 3C takes 2C. With 2C seat 1 makes one trick whatever it leads. */
static void a_small_deal_matches_hand_calculation(void) {
    Rules rules = {RULES_BLOB, 2, 0, 0};
    RoundState s;
    int values[ACTIONS];
    solve_begin(&solver, &rules, 2, small_table, SMALL_BITS);
    begin_small(&s, false);
    CHECK(solve_value(&solver, &s, 1) == 12 && solve_value(&solver, &s, 0) == -12);
    begin_small(&s, true);
    CHECK(solve_value(&solver, &s, 1) == -11 && solve_value(&solver, &s, 0) == 11);
    s.bids[1] = 1;
    solve_actions(&solver, &s, values);
    CHECK(values[12] == 0 && values[26] == 0);
}

/* The table's keys count deals, and begin anew after some thousands. Here two deals of the same keys meet at the same count
 * with nothing stored in between. */
static void deals_of_long_ago_are_forgotten(void) {
    enum { CYCLE = SOLVE_GENERATIONS };
    Rules rules = {RULES_BLOB, 2, 0, 0};
    RoundState s[2], end;
    for (int i = 0; i < 2; i++) begin_small(&s[i], i == 1);
    end = s[0];
    for (int i = 0; i < 2; i++) round_apply(&end, bits_lowest(round_legal(&end)));
    solve_begin(&solver, &rules, 2, large_table, LARGE_BITS);
    for (int i = 0; i < CYCLE + 3; i++) {
        int deal = i >= CYCLE - 1;
        bool store = i < 3 || deal;
        int value = solve_value(&solver, store ? &s[deal] : &end, 1);
        CHECK(!store || value == (deal ? -11 : 12));
    }
}

int main(void) {
    a_small_deal_matches_hand_calculation();
    every_position_has_its_minimax_value();
    tables_of_any_size_agree();
    deals_of_long_ago_are_forgotten();
    return check_report();
}
