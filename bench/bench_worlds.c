/* bench/bench_worlds.c - determinization: samples a second, and the cost of counting a decision.
 *
 * The positions are the decisions of seeded random rounds, with W = 3 worlds each as in medium
 * self-play. The rates are reported beside the goal of 200,000 samples a second on two cores. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "game/world.h"
#include "bench.h"

enum { POSITIONS = 8192, WORLDS = 3, REPEATS = 5 };

typedef struct {
    RoundState *positions; /* (POSITIONS) decisions with a choice */
    uint64_t *binomial;    /* (WORLD_BINOMIALS) */
    double states, takes;  /* means over the decisions that need a table */
    int most_states, most_takes, tables;
    uint64_t sum; /* of the hands dealt, so that nothing is optimised away */
} Bench;

static void fill_positions(RoundState *positions, int players, int cards) {
    int count = 0;
    for (uint64_t game = 0; count < POSITIONS; game++) {
        Rng rng = rng_begin(1, game, 0, RNG_DEAL, 0);
        uint8_t deck[CARDS];
        uint64_t hands[MAX_SEATS] = {0};
        for (int c = 0; c < CARDS; c++) deck[c] = (uint8_t)c;
        world_shuffle(deck, players * cards, CARDS, &rng);
        for (int i = 0; i < players * cards; i++) hands[i % players] |= card_bit(deck[i]);
        RoundState s;
        round_begin(&s, players, cards, (int)rng_below(&rng, (uint32_t)players),
                    (int)rng_below(&rng, 5), CARD_NONE, hands);
        while (!round_is_over(&s) && count < POSITIONS) {
            uint64_t legal = round_legal(&s);
            if (!bits_is_one(legal)) positions[count++] = s;
            for (uint32_t n = rng_below(&rng, (uint32_t)bits_count(legal)); n > 0; n--)
                legal &= legal - 1;
            round_apply(&s, bits_lowest(legal));
        }
    }
}

static void measure_tables(Bench *b, WorldScratch *w) {
    double states = 0, takes = 0;
    b->most_states = b->most_takes = b->tables = 0;
    for (int i = 0; i < POSITIONS; i++) {
        world_count(w, &b->positions[i], b->positions[i].turn, b->binomial);
        if (w->states == 0) continue;
        int here = 0;
        for (int j = 0; j < w->states; j++) {
            WorldTake take;
            for (bool ok = world_take_first(&take, w, w->state[j]); ok; ok = world_take_next(&take))
                here++;
        }
        b->tables++;
        states += w->states;
        takes += here;
        if (w->states > b->most_states) b->most_states = w->states;
        if (here > b->most_takes) b->most_takes = here;
    }
    b->states = b->tables ? states / b->tables : 0;
    b->takes = b->tables ? takes / b->tables : 0;
}

/* Seconds to sample `worlds` worlds of every position, the best of REPEATS; a scratch for each
 * thread. */
static double time_worlds(Bench *b, WorldScratch *scratch, int threads, int worlds) {
    double best = 1e30;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = bench_clock();
        uint64_t sum = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : sum) schedule(dynamic, 64)
        for (int i = 0; i < POSITIONS; i++) {
            const RoundState *s = &b->positions[i];
            WorldScratch *w = &scratch[omp_get_thread_num()];
            sum += (uint64_t)world_count(w, s, s->turn, b->binomial);
            for (int world = 0; world < worlds; world++) {
                uint64_t hands[MAX_SEATS];
                Rng rng = rng_begin(7, (uint64_t)i, 0, RNG_WORLD, (uint32_t)world);
                world_sample(w, s, s->turn, &rng, hands);
                sum += hands[seat_after(s->turn, s->players)];
            }
        }
        double took = bench_clock() - start;
        if (took < best) best = took;
        b->sum += sum;
    }
    return best;
}

static void measure_setting(const BenchOptions *o, Bench *b, WorldScratch *scratch, int P, int T) {
    char name[96];
    int threads = omp_get_max_threads();
    fill_positions(b->positions, P, T);
    measure_tables(b, scratch);
    double count = time_worlds(b, scratch, 1, 0);
    double one = time_worlds(b, scratch, 1, WORLDS);
    double all = time_worlds(b, scratch, threads, WORLDS);
    snprintf(name, sizeof name, "worlds, P %d T %d, %d a decision", P, T, WORLDS);
    bench_report(o, name, POSITIONS * WORLDS / all / 1e6, "M samples/s", 0.2, "goal");
    printf("  one thread: %.0f ns a count, %.0f ns a sample; tables for %.1f%% of decisions, "
           "states mean %.1f max %d, transitions mean %.1f max %d\n",
           count / POSITIONS * 1e9, (one - count) / (POSITIONS * WORLDS) * 1e9,
           100.0 * b->tables / POSITIONS, b->states, b->most_states, b->takes, b->most_takes);
}

Status bench_worlds(const BenchOptions *o) {
    static const int settings[][2] = {{4, 5}, {4, 13}, {3, 17}, {5, 10}, {6, 8}, {7, 7}, {8, 6}};
    Bench b;
    Status status = STATUS_MEMORY;
    memset(&b, 0, sizeof b);
    b.positions = malloc(POSITIONS * sizeof *b.positions);
    b.binomial = malloc(WORLD_BINOMIALS * sizeof *b.binomial);
    WorldScratch *scratch = aligned_alloc(
        64, ((size_t)omp_get_max_threads() * sizeof *scratch + 63) / 64 * 64);
    if (!b.positions || !b.binomial || !scratch) goto fail;
    world_binomial_fill(b.binomial);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        measure_setting(o, &b, scratch, settings[i][0], settings[i][1]);
    printf("  sum %016llx\n", (unsigned long long)b.sum);
    status = STATUS_OK;
fail:
    free(scratch);
    free(b.binomial);
    free(b.positions);
    return status;
}
