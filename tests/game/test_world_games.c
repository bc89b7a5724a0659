/* tests/game/test_world_games.c - determinization in whole games: it fits what is seen and is blind
 * to the rest. */
#include "tests/support/check.h"
#include "tests/support/world_draws.h"

static uint64_t binomial[WORLD_BINOMIALS];
static WorldScratch scratch;

static bool sample_fits(const RoundState *s, const uint64_t *hands) {
    uint64_t seen = s->played | (s->turned == CARD_NONE ? 0 : card_bit(s->turned));
    for (int seat = 0; seat < MAX_SEATS; seat++) {
        if (seat == s->turn && hands[seat] != s->hands[seat]) return false;
        if (bits_count(hands[seat]) != bits_count(s->hands[seat]) || (hands[seat] & seen))
            return false;
        seen |= hands[seat];
        for (int suit = 0; suit < SUITS; suit++)
            if ((s->voids >> (4 * seat + suit) & 1) && (hands[seat] & SUIT_MASK(suit)))
                return false;
    }
    return seen <= CARDS_ALL;
}

/* A drawn deal is itself a permutation of the hidden cards: with it, or with nonsense in the hidden
 * hands, a second draw gives the same bits. And no world depends on those drawn before it. */
static bool sample_is_blind(const RoundState *s, const uint64_t *hands, uint64_t game) {
    for (int variant = 0; variant < 2; variant++) {
        RoundState other = *s;
        uint64_t again[MAX_SEATS];
        for (int seat = 0; seat < MAX_SEATS; seat++)
            if (seat != s->turn) other.hands[seat] = variant ? CARDS_ALL : hands[seat];
        if (world_count(&scratch, &other, s->turn, binomial) != WORLD_OK) return false;
        for (uint32_t world = 0; world < 2; world++) {
            Rng rng = rng_begin(5, game, (uint32_t)round_ply(s), RNG_WORLD, 1 - world);
            world_sample(&scratch, &other, s->turn, &rng, again);
            if (world == 0 && memcmp(again, hands, sizeof again) != 0) return false;
        }
    }
    return true;
}

static void play_round(int players, int cards, bool turn_up, uint64_t game, int *most_states) {
    uint8_t deck[CARDS];
    uint64_t hands[MAX_SEATS] = {0};
    Rng rng = shuffled_deck(6, game, deck);
    for (int i = 0; i < players * cards; i++) hands[i % players] |= card_bit(deck[i]);
    int turned = turn_up ? deck[players * cards] : CARD_NONE;
    RoundState s;
    round_begin(&s, players, cards, (int)rng_below(&rng, (uint32_t)players),
                turn_up ? card_suit(turned) : (int)rng_below(&rng, 5), turned, hands);
    while (!round_is_over(&s)) {
        for (uint32_t world = 0; world < 2; world++) {
            uint64_t drawn[MAX_SEATS];
            Rng draw = rng_begin(5, game, (uint32_t)round_ply(&s), RNG_WORLD, world);
            CHECK(world_count(&scratch, &s, s.turn, binomial) == WORLD_OK);
            world_sample(&scratch, &s, s.turn, &draw, drawn);
            CHECK(sample_fits(&s, drawn));
            if (world == 1) CHECK(sample_is_blind(&s, drawn, game));
            if (checks_failed) return;
        }
        if (scratch.states > *most_states) *most_states = scratch.states;
        uint64_t legal = round_legal(&s);
        for (uint32_t skip = rng_below(&rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
            legal &= legal - 1;
        round_apply(&s, bits_lowest(legal));
    }
}

static void worlds_fit_sizes_and_voids_in_every_game(void) {
    uint64_t game = 0;
    int most_states = 0;
    for (int players = 2; players <= MAX_SEATS; players++)
        for (int cards = 1; cards <= MAX_HAND && players * cards <= CARDS; cards++)
            for (int i = 0; i < 24; i++) {
                bool turn_up = i % 2 == 1 && players * cards < CARDS;
                play_round(players, cards, turn_up, game++, &most_states);
            }
    CHECK(most_states > 20);
}

/* Before the first bid each unseen card is in a seat's hand in T of 47 deals: the stock, most of
 * the deck here, takes part. Because the draw is without replacement, counts spread less, by 1 -
 * T/47. */
static void the_stock_gets_its_share(void) {
    enum { T = 5, UNSEEN = 47, DRAWS = 20000 };
    uint64_t hands[MAX_SEATS];
    for (int seat = 0; seat < 4; seat++) hands[seat] = (uint64_t)0x1F << (10 * seat);
    RoundState s;
    round_begin(&s, 4, T, 3, 0, CARD_NONE, hands);
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_OK);
    int counts[MAX_SEATS][UNSEEN] = {{0}};
    for (uint32_t i = 0; i < DRAWS; i++) {
        Rng rng = rng_begin(11, 0, 0, RNG_WORLD, i);
        world_sample(&scratch, &s, 0, &rng, hands);
        for (int seat = 1; seat < 4; seat++)
            for (int c = 0; c < UNSEEN; c++) counts[seat][c] += (int)(hands[seat] >> (c + T) & 1);
    }
    for (int seat = 1; seat < 4; seat++)
        CHECK(counts_are_equal(counts[seat], UNSEEN, T * DRAWS, 1 - (double)T / UNSEEN));
}

int main(void) {
    world_binomial_fill(binomial);
    worlds_fit_sizes_and_voids_in_every_game();
    the_stock_gets_its_share();
    return check_report();
}
