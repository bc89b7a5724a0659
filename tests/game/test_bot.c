/* tests/game/test_bot.c - game/bot.h: choices are legal, blind to hidden hands, and those worked
 * out by hand. */
#include "game/bot.h"

#include <math.h>
#include <stdlib.h>

#include "game/text.h"
#include "game/world.h"
#include "tests/support/check.h"

static uint64_t binomial[WORLD_BINOMIALS];
static WorldScratch scratch;

static uint64_t hand(const char *text) {
    char why[128];
    uint64_t cards = 0;
    if (!text_hand_parse(text, &cards, why, sizeof why)) {
        fprintf(stderr, "%s: %s\n", text, why);
        exit(1);
    }
    return cards;
}

/* A round that seat 0 leads. Only its hand is filled in: a bot that looks at the others' empty
 * hands goes wrong. */
static RoundState seen(int players, char trump, const char *mine, const char *actions) {
    const char letter[2] = {trump, '\0'};
    uint64_t cards[MAX_SEATS] = {hand(mine)};
    RoundState s;
    char word[4];
    round_begin(&s, players, bits_count(cards[0]), players - 1, text_trump_parse(letter), CARD_NONE,
                cards);
    for (int at = 0, n; sscanf(actions + at, "%3s%n", word, &n) == 1; at += n)
        round_apply(&s, text_action_parse(&s, word));
    return s;
}

static void check_play(const char *where, const RoundState *s, const char *want) {
    int action = bot_rule(s);
    int expected = text_action_parse(s, want);
    if (action != expected) fprintf(stderr, "%s: action %d, expected %s\n", where, action, want);
    CHECK(action == expected);
}

/* Without trump: is `card` led beaten by one of the others, who hold `each` cards? Counted over all
 * deals of two unseen cards. */
static float counted_chance(const RoundState *s, int card) {
    uint64_t unseen = bot_unseen(s), higher = bot_higher(card);
    int64_t deals = 0, best = 0;
    for (int x = 0; x < CARDS; x++)
        for (int y = x + 1; y < CARDS; y++) {
            if (!(unseen >> x & 1) || !(unseen >> y & 1)) continue;
            deals++;
            best += !(higher >> x & 1) && !(higher >> y & 1);
        }
    return (float)best / (float)deals;
}

static void a_card_counts_its_chance_of_winning(void) {
    RoundState three = seen(3, 'N', "9H", ""), two = seen(2, 'N', "9H 4D", "");
    for (int card = 0; card < CARDS; card++) {
        three.hands[0] = card_bit(card);
        CHECK(fabsf(bot_chance(&three, card) - counted_chance(&three, card)) < 1e-6f);
        two.hands[0] = card_bit(card) | card_bit((card + 17) % CARDS);
        CHECK(fabsf(bot_chance(&two, card) - counted_chance(&two, card)) < 1e-6f);
    }
    /* AH of two cards, one opponent with two of the 50 unseen, 12 of them hearts and 13 trumps: no
     * heart 38 37 / (50 49), nor trump 25 24 / (50 49) */
    RoundState ruffed = seen(2, 'S', "AH 4D", "");
    CHECK(fabsf(bot_chance(&ruffed, 25) - (1 - (38.0f * 37 - 25 * 24) / (50 * 49))) < 1e-6f);
    /* the same once it has shown a void in hearts: two of 50 without a trump */
    ruffed.voids = 2 << 4;
    CHECK(fabsf(bot_chance(&ruffed, 25) - 37.0f * 36 / (50 * 49)) < 1e-6f);
}

/* Four seats, one card, no trump, on lead: 41 40 39 / (51 50 49) = 0.512 for a 4, 0.474 for a 3. */
static void bids_match_the_worth_of_the_hand(void) {
    RoundState s = seen(4, 'N', "4S", "");
    check_play("a 4", &s, "1");
    s = seen(4, 'N', "3S", "");
    check_play("a 3", &s, "0");
    s = seen(4, 'S', "AS KS QS", "");
    check_play("the three highest trumps", &s, "3");
    s = seen(4, 'S', "2H 3C 2D", "");
    check_play("nothing", &s, "0");
    /* the dealer, whose suit is rarely led: 0.25 of its chance */
    s = seen(2, 'N', "AH", "");
    s.dealer = 0;
    s.leader = s.turn = 1;
    round_apply(&s, 1);
    check_play("a high card that cannot lead, 0 forbidden", &s, "1");
    s.bids[1] = 0;
    check_play("the same, 1 forbidden", &s, "0");
    /* two that win for certain if led: 2 (1 - 0.75^2) - 0.15 = 0.725 */
    s = seen(2, 'N', "AH AS", "");
    s.dealer = 0;
    s.leader = s.turn = 1;
    round_apply(&s, 2);
    check_play("two aces that may never be led", &s, "1");
}

static void the_bot_plays_for_tricks_until_its_bid_is_made(void) {
    RoundState s = seen(3, 'N', "AS KS 3H", "1 0 0");
    check_play("leads its lowest sure winner", &s, "KS"); /* AS is its own */
    s = seen(3, 'N', "KS QH 3H", "1 0 0");
    check_play("leads the likeliest winner", &s, "KS");
    s = seen(3, 'N', "AS KS 3H", "0 0 0");
    check_play("ducks: leads the card most likely to be beaten", &s, "3H");

    s = seen(3, 'C', "AS 5S 9H", "1 0 0");
    s.turn = 0;
    s.leader = 1;
    s.trick_count = 2;
    s.trick[0] = 7; /* 9S */
    s.trick[1] = 1; /* 3S */
    s.played = card_bit(7) | card_bit(1);
    check_play("last: wins", &s, "AS");
    s.hands[0] = hand("AS QS 9H");
    check_play("last: wins as cheaply as it can", &s, "QS");
    s.hands[0] = hand("8S 5S 9H");
    check_play("last: cannot win, keeps the better card", &s, "5S");
    s.hands[0] = hand("2C AC AH");
    check_play("last: ruffs low", &s, "2C");
    s.hands[0] = hand("AS KS 9H");
    check_play("last: the king is as sure as the ace", &s, "KS");
    s.bids[0] = 0;
    s.hands[0] = hand("AS 8S 5S");
    check_play("last, ducking: the best that loses", &s, "8S");
    s.hands[0] = hand("AS QS");
    check_play("last, ducking: must win", &s, "QS");
    s.hands[0] = hand("2C AH KD");
    check_play("last, ducking: throws its highest card", &s, "AH");
    s.tricks[0] = 1;
    s.bids[0] = 1;
    s.hands[0] = hand("AS 8S 5S");
    check_play("the bid is reached: ducks", &s, "8S");
}

/* Shown voids count: if the two other seats hold neither spades nor trumps, a 2 is certain to
 * win. */
static void shown_voids_are_used(void) {
    RoundState s = seen(3, 'H', "2S KC AD", "1 0 0");
    check_play("nothing is sure", &s, "AD");
    s.voids = 0x3 << 4 | 0x3 << 8;
    CHECK(bot_chance(&s, 0) == 1);
    s.hands[0] = hand("2S KC QD");
    check_play("a 2 is sure", &s, "2S");
    s.voids = 0x3 << 4 | 0x1 << 8;
    CHECK(bot_chance(&s, 0) < 1);
}

static RoundState deal(uint64_t game, int players, int cards) {
    Rng rng = rng_begin(5, game, 0, RNG_DEAL, 0);
    uint64_t hands[MAX_SEATS] = {0}, left = CARDS_ALL;
    for (int i = 0; i < players * cards; i++) {
        uint64_t x = left;
        for (uint32_t skip = rng_below(&rng, (uint32_t)bits_count(left)); skip > 0; skip--)
            x &= x - 1;
        hands[i % players] |= x & -x;
        left &= ~(x & -x);
    }
    RoundState s;
    round_begin(&s, players, cards, (int)(game % (uint64_t)players), (int)(game % 5), CARD_NONE,
                hands);
    return s;
}

/* Every choice of a game is legal, and the same whatever the others hold. */
static void check_blind(const RoundState *s, uint64_t game) {
    uint32_t ply = (uint32_t)round_ply(s);
    Rng draw = rng_begin(6, game, ply, RNG_BOT, 0), again = draw;
    int rule = bot_rule(s), random = bot_random(s, &draw);
    CHECK(round_legal(s) >> rule & 1 && round_legal(s) >> random & 1);
    RoundState other = *s;
    CHECK(world_count(&scratch, s, s->turn, binomial) == WORLD_OK);
    Rng rng = rng_begin(6, game, ply, RNG_WORLD, 0);
    world_sample(&scratch, s, s->turn, &rng, other.hands);
    CHECK(bot_rule(&other) == rule);
    for (int seat = 0; seat < MAX_SEATS; seat++)
        if (seat != s->turn) other.hands[seat] = game % 2 ? CARDS_ALL : 0;
    CHECK(bot_rule(&other) == rule && bot_random(&other, &again) == random);
}

static void bots_play_legally_and_see_no_hidden_card(void) {
    for (int players = 2; players <= MAX_SEATS; players++)
        for (int cards = 1; cards <= MAX_HAND && players * cards <= CARDS; cards++)
            for (uint64_t game = 0; game < 4; game++) {
                RoundState s = deal(game, players, cards);
                while (!round_is_over(&s) && !checks_failed) {
                    check_blind(&s, game);
                    Rng rng = rng_begin(8, game, (uint32_t)round_ply(&s), RNG_BOT, 0);
                    round_apply(&s, game < 2 ? bot_rule(&s) : bot_random(&s, &rng));
                }
            }
}

/* 12,000 draws among six: chi-square of five degrees of freedom, 20.5 at one in a thousand. */
static void the_random_player_is_uniform(void) {
    RoundState s = seen(4, 'H', "2S 7S KH 3C 9D AD", "1 0 0 0");
    int count[CARDS] = {0};
    for (uint32_t i = 0; i < 12000; i++) {
        Rng rng = rng_begin(1, i, 4, RNG_BOT, 0);
        count[bot_random(&s, &rng)]++;
    }
    double chi = 0;
    for (int card = 0; card < CARDS; card++) {
        if (!(s.hands[0] >> card & 1))
            CHECK(count[card] == 0);
        else
            chi += (count[card] - 2000.0) * (count[card] - 2000.0) / 2000;
    }
    CHECK(chi < 20.5);
}

/* Mean scores of a round over 2,000 deals with a rule player in every other seat: more than twice
 * those of the random players, at tables where 0.2 exceeds six standard errors. */
static void the_rule_player_beats_the_random_one(void) {
    static const int tables[][2] = {{3, 5}, {4, 5}, {5, 7}};
    const Rules rules = {RULES_BLOB, 4, 0, 0};
    for (int t = 0; t < 3; t++) {
        int64_t sum[2] = {0, 0}, seats[2] = {0, 0};
        for (uint64_t game = 0; game < 4000; game++) {
            RoundState s = deal(game / 2, tables[t][0], tables[t][1]);
            while (!round_is_over(&s)) {
                Rng rng = rng_begin(9, game, (uint32_t)round_ply(&s), RNG_BOT, 0);
                round_apply(&s, (s.turn + game) % 2 ? bot_random(&s, &rng) : bot_rule(&s));
            }
            for (int seat = 0; seat < s.players; seat++) {
                int side = (int)(((uint64_t)seat + game) % 2);
                sum[side] += round_score(&rules, &s, seat);
                seats[side]++;
            }
        }
        CHECK((double)sum[0] / (double)seats[0] > 2.2 * (double)sum[1] / (double)seats[1]);
        CHECK((double)sum[0] / (double)seats[0] > 4.5);
    }
}

int main(void) {
    world_binomial_fill(binomial);
    a_card_counts_its_chance_of_winning();
    bids_match_the_worth_of_the_hand();
    the_bot_plays_for_tricks_until_its_bid_is_made();
    shown_voids_are_used();
    bots_play_legally_and_see_no_hidden_card();
    the_random_player_is_uniform();
    the_rule_player_beats_the_random_one();
    return check_report();
}
