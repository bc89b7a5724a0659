/* game/pimc.c - the worlds of a decision, solved and added up. */
#include "pimc.h"

#include "world.h"

void pimc_begin(Pimc *x, const Rules *rules, int cards, SolveEntry *table, int table_bits,
                const uint64_t *binomial) {
    solve_begin(&x->solve, rules, cards, table, table_bits);
    x->binomial = binomial;
}

WorldStatus pimc_add_worlds(Pimc *x, const PimcDecision *d, int first, int count,
                            int64_t sums[ACTIONS]) {
    int mover = d->state->turn;
    WorldStatus fits = world_count(&x->scratch, d->state, mover, x->binomial);
    if (fits != WORLD_OK) return fits;
    for (int w = first; w < first + count; w++) {
        RoundState world = *d->state;
        int values[ACTIONS];
        Rng rng = rng_begin(d->seed, d->game, d->ply, RNG_WORLD, (uint32_t)w);
        world_sample(&x->scratch, d->state, mover, &rng, world.hands);
        solve_actions(&x->solve, &world, values);
        for (uint64_t left = round_legal(&world); left; left &= left - 1)
            sums[bits_lowest(left)] += values[bits_lowest(left)];
    }
    return WORLD_OK;
}

int pimc_best(uint64_t legal, const int64_t sums[ACTIONS]) {
    int best = bits_lowest(legal);
    for (uint64_t left = legal; left; left &= left - 1)
        if (sums[bits_lowest(left)] > sums[best]) best = bits_lowest(left);
    return best;
}

WorldStatus pimc_choose(Pimc *x, const PimcDecision *d, int worlds, int *action) {
    int64_t sums[ACTIONS] = {0};
    uint64_t legal = round_legal(d->state);
    if (!bits_is_one(legal)) {
        WorldStatus fits = pimc_add_worlds(x, d, 0, worlds, sums);
        if (fits != WORLD_OK) return fits;
    }
    *action = pimc_best(legal, sums);
    return WORLD_OK;
}

int pimc_cheat(Pimc *x, const RoundState *s) {
    int64_t sums[ACTIONS] = {0};
    int values[ACTIONS];
    uint64_t legal = round_legal(s);
    if (bits_is_one(legal)) return bits_lowest(legal);
    solve_actions(&x->solve, s, values);
    for (uint64_t left = legal; left; left &= left - 1)
        sums[bits_lowest(left)] = values[bits_lowest(left)];
    return pimc_best(legal, sums);
}
