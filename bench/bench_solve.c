/* bench/bench_solve.c - open hands: milliseconds a deal, by seats and cards.
 *
 * A deal is seeded, the rule bot bids, and the play is solved from the first lead on for the seat
 * that leads. One thread, as self-play would run one each. The goal is 5 ms at 3 seats x 7 cards. */
#include <stdio.h>
#include <stdlib.h>

#include "game/bot.h"
#include "game/solve.h"
#include "game/world.h"
#include "bench.h"

enum { DEALS_MAX = 400, TABLE_BITS = 18 };

typedef struct {
    Solve *solve;
    SolveEntry *table; /* (1 << TABLE_BITS) */
    double ms[DEALS_MAX];
    int64_t sum; /* of the values */
} Bench;

static void deal(const Rules *rules, int cards, uint64_t seed, uint64_t game, RoundState *s) {
    Rng rng = rng_begin(seed, game, 0, RNG_DEAL, 0);
    int players = rules->players, turned = CARD_NONE;
    uint8_t deck[CARDS];
    uint64_t hands[MAX_SEATS] = {0};
    for (int c = 0; c < CARDS; c++) deck[c] = (uint8_t)c;
    world_shuffle(deck, CARDS, CARDS, &rng);
    for (int i = 0; i < players * cards; i++) hands[i % players] |= card_bit(deck[i]);
    if (rules->variant == RULES_OH_HELL) turned = deck[players * cards];
    int trump = turned == CARD_NONE ? (int)rng_below(&rng, 5) : card_suit(turned);
    int dealer = (int)rng_below(&rng, (uint32_t)players);
    round_begin(s, players, cards, dealer, trump, turned, hands);
    while (round_is_bidding(s)) round_apply(s, bot_rule(s));
}

/* Deals until o->seconds have passed, at least one. */
static void measure(const BenchOptions *o, Bench *b, const Rules *rules, int cards) {
    static const char *const names[RULES_COUNT] = {"blob", "oh-hell"};
    char name[96];
    int n = 0;
    solve_begin(b->solve, rules, cards, b->table, TABLE_BITS);
    for (double begin = bench_clock();
         n < DEALS_MAX && (n == 0 || bench_clock() - begin < o->seconds); n++) {
        RoundState s;
        deal(rules, cards, (uint64_t)o->seed, (uint64_t)n, &s);
        double start = bench_clock();
        b->sum += solve_value(b->solve, &s, s.turn);
        b->ms[n] = 1e3 * (bench_clock() - start);
    }
    double median = bench_median(b->ms, n); /* sorts */
    bool goal = rules->players == 3 && cards == 7;
    snprintf(name, sizeof name, "solve, %s, P %d T %d, median", names[rules->variant],
             rules->players, cards);
    bench_report(o, name, median, "ms a deal", goal ? 5 : 0, "goal");
    snprintf(name, sizeof name, "solve, %s, P %d T %d, 90th percentile", names[rules->variant],
             rules->players, cards);
    bench_report(o, name, b->ms[n * 9 / 10], "ms a deal", 0, "");
    printf("  %d deals, %.0f cards played each\n", n, (double)b->solve->nodes / n);
}

Status bench_solve(const BenchOptions *o) {
    static const int settings[][2] = {{2, 7}, {2, 13}, {3, 3}, {3, 5}, {3, 7}, {3, 10},
                                      {4, 3}, {4, 5},  {4, 7}, {5, 5}, {5, 7}, {6, 5}};
    Status status = STATUS_MEMORY;
    Bench b = {.solve = malloc(sizeof *b.solve), .table = malloc(sizeof *b.table << TABLE_BITS)};
    if (!b.solve || !b.table) goto fail;
    for (int variant = 0; variant < RULES_COUNT; variant++)
        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
            Rules rules = {(uint8_t)variant, (uint8_t)settings[i][0], 1, 0};
            if (rules.players >= rules_min_players(variant)) measure(o, &b, &rules, settings[i][1]);
        }
    printf("  sum %lld\n", (long long)b.sum);
    status = STATUS_OK;
fail:
    free(b.table);
    free(b.solve);
    return status;
}
