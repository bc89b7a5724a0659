/* tests/game/test_pimc.c - the choice over guessed worlds: what it reads, how it adds up, what it
 * wins. */
#include "game/bot.h"
#include "game/pimc.h"
#include "tests/support/check.h"
#include "tests/support/world_draws.h"

enum { WORLDS = 12, SMALL_BITS = 2, LARGE_BITS = 12, SEED = 5 };

static uint64_t binomial[WORLD_BINOMIALS];
static SolveEntry small_table[1 << SMALL_BITS], large_table[1 << LARGE_BITS];
static Pimc player, other;

/* A round of oh-hell at its beginning, the same for the same item. */
static Rng begin_round(uint64_t item, int players, int cards, RoundState *s) {
    uint8_t deck[CARDS];
    uint64_t hands[MAX_SEATS] = {0};
    Rng rng = shuffled_deck(14, item, deck);
    int turned = deck[players * cards];
    for (int i = 0; i < players * cards; i++) hands[i % players] |= card_bit(deck[i]);
    int dealer = (int)rng_below(&rng, (uint32_t)players);
    round_begin(s, players, cards, dealer, card_suit(turned), turned, hands);
    return rng;
}

static PimcDecision decision_of(const RoundState *s, uint64_t game) {
    PimcDecision d = {s, SEED, game, (uint32_t)round_ply(s)};
    return d;
}

/* The sums made again from the worlds' stream, an action and a world at a time. */
static void sums_again(const RoundState *s, const PimcDecision *d, int64_t sums[ACTIONS]) {
    static WorldScratch scratch;
    CHECK(world_count(&scratch, s, s->turn, binomial) == WORLD_OK);
    memset(sums, 0, ACTIONS * sizeof *sums);
    for (int w = 0; w < WORLDS; w++) {
        RoundState world = *s;
        Rng rng = rng_begin(d->seed, d->game, d->ply, RNG_WORLD, (uint32_t)w);
        world_sample(&scratch, s, s->turn, &rng, world.hands);
        for (uint64_t left = round_legal(s); left; left &= left - 1) {
            RoundState next = world;
            round_apply(&next, bits_lowest(left));
            sums[bits_lowest(left)] += solve_value(&other.solve, &next, s->turn);
        }
    }
}

/* The hands of the others and the stock, dealt anew as the table may believe. */
static void redeal(RoundState *s, uint64_t item) {
    static WorldScratch scratch;
    Rng rng = rng_begin(SEED + 1, item, 0, RNG_WORLD, 0);
    CHECK(world_count(&scratch, s, s->turn, binomial) == WORLD_OK);
    RoundState now = *s;
    world_sample(&scratch, &now, now.turn, &rng, s->hands);
}

static int cheat_again(const RoundState *s) {
    int best = -1, best_value = 0;
    for (uint64_t left = round_legal(s); left; left &= left - 1) {
        RoundState next = *s;
        round_apply(&next, bits_lowest(left));
        int value = solve_value(&other.solve, &next, s->turn);
        if (best >= 0 && value <= best_value) continue;
        best = bits_lowest(left);
        best_value = value;
    }
    return best;
}

/* The choice in s, by all ways to get at it. */
static void check_decision(const RoundState *s, uint64_t game, int *cheats) {
    PimcDecision d = decision_of(s, game);
    uint64_t legal = round_legal(s);
    int64_t again[ACTIONS], parts[ACTIONS] = {0};
    int action = -1;
    sums_again(s, &d, again);
    CHECK(pimc_choose(&player, &d, WORLDS, &action) == WORLD_OK);
    CHECK(action == pimc_best(legal, again));
    CHECK(pimc_add_worlds(&other, &d, 5, WORLDS - 5, parts) == WORLD_OK);
    CHECK(pimc_add_worlds(&player, &d, 0, 5, parts) == WORLD_OK);
    for (uint64_t left = legal; left; left &= left - 1)
        CHECK(parts[bits_lowest(left)] == again[bits_lowest(left)]);
    RoundState dealt = *s;
    int there = -1, cheat = pimc_cheat(&player, s);
    redeal(&dealt, game);
    PimcDecision believed = decision_of(&dealt, game);
    CHECK(pimc_choose(&player, &believed, WORLDS, &there) == WORLD_OK && there == action);
    CHECK(cheat == cheat_again(s));
    *cheats += cheat != pimc_cheat(&player, &dealt);
}

static void choices_depend_on_what_is_known(void) {
    int cheats = 0, decisions = 0;
    Rules rules = {RULES_OH_HELL, 3, 1, 0};
    pimc_begin(&player, &rules, 3, large_table, LARGE_BITS, binomial);
    pimc_begin(&other, &rules, 3, small_table, SMALL_BITS, binomial);
    for (uint64_t game = 0; game < 25 && !checks_failed; game++) {
        RoundState s;
        for (begin_round(game, 3, 3, &s); !round_is_over(&s); round_apply(&s, bot_rule(&s))) {
            if (bits_is_one(round_legal(&s))) continue;
            check_decision(&s, game, &cheats);
            decisions++;
        }
    }
    CHECK(decisions > 100 && cheats > 20); /* the true deal matters to who sees it */
}

static void equal_sums_go_to_the_lowest(void) {
    int64_t sums[ACTIONS] = {0};
    sums[0] = 1000; /* not legal */
    sums[7] = -3;
    sums[9] = sums[11] = -2;
    uint64_t legal = card_bit(7) | card_bit(9) | card_bit(11);
    CHECK(pimc_best(legal, sums) == 9);
    sums[11] = -1;
    CHECK(pimc_best(legal, sums) == 11);
    sums[7] = -1;
    CHECK(pimc_best(legal, sums) == 7);
}

static void one_action_is_not_solved(void) {
    RoundState s;
    int action;
    Rules rules = {RULES_OH_HELL, 3, 1, 0};
    begin_round(1, 3, 1, &s);
    pimc_begin(&player, &rules, 1, small_table, SMALL_BITS, binomial);
    for (int i = 0; i < 3; i++) round_apply(&s, bot_rule(&s));
    uint64_t nodes = player.solve.nodes;
    PimcDecision d = decision_of(&s, 0);
    CHECK(pimc_choose(&player, &d, WORLDS, &action) == WORLD_OK);
    CHECK(action == bits_lowest(s.hands[s.turn]) && pimc_cheat(&player, &s) == action);
    CHECK(player.solve.nodes == nodes);
    s.hands[s.turn] |= card_bit(bits_lowest(CARDS_ALL & ~s.hands[s.turn] & ~card_bit(s.turned)));
    s.voids = 0xFu << (4 * seat_after(s.turn, 3));
    CHECK(pimc_choose(&player, &d, WORLDS, &action) == WORLD_IMPOSSIBLE);
}

/* One seat of three against random moves, 3 cards: score less the table's mean, a round. */
static double margin(bool cheats) {
    enum { ROUNDS = 400 };
    Rules rules = {RULES_OH_HELL, 3, 1, 0};
    double sum = 0;
    pimc_begin(&player, &rules, 3, large_table, LARGE_BITS, binomial);
    for (uint64_t game = 0; game < ROUNDS; game++) {
        RoundState s;
        Rng rng = begin_round(game, 3, 3, &s);
        int seat = (int)(game % 3);
        while (!round_is_over(&s)) {
            int action = 0;
            PimcDecision d = decision_of(&s, game);
            if (s.turn != seat)
                action = bot_random(&s, &rng);
            else if (cheats)
                action = pimc_cheat(&player, &s);
            else
                CHECK(pimc_choose(&player, &d, WORLDS, &action) == WORLD_OK);
            round_apply(&s, action);
        }
        for (int i = 0; i < 3; i++) sum -= round_score(&rules, &s, i) / 3.0;
        sum += round_score(&rules, &s, seat);
    }
    return sum / ROUNDS;
}

int main(void) {
    world_binomial_fill(binomial);
    equal_sums_go_to_the_lowest();
    choices_depend_on_what_is_known();
    one_action_is_not_solved();
    double fair = margin(false), cheating = margin(true);
    CHECK(fair > 1.5 && cheating > fair + 1); /* 2.17 and 3.82 */
    return check_report();
}
