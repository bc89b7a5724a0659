/* game/pimc.h - a player that guesses hands and solves them: perfect information Monte Carlo.
 *
 *   action = argmax over legal a of sum over worlds w of value(w, a)      equal sums: the lowest a
 *
 * The worlds are N uniform deals of the unseen cards (world.h), the values those of solve.h for the
 * mover, exact with open hands. A player that cheats solves the true deal alone: about as well as
 * anybody can play, and the ceiling of what better guesses bring.
 *
 * World w is drawn from (seed, game, ply, w) and sums are of integers, so the choice depends on
 * seed, game and decision alone: not on threads, tables, or what was solved before. */
#ifndef GAME_PIMC_H
#define GAME_PIMC_H

#include "solve.h"
#include "world_count.h"

enum { PIMC_WORLDS_MAX = 65536 };

/* What one thread needs, aligned to 16; pimc_begin prepares it. */
typedef struct {
    Solve solve;
    WorldScratch scratch;
    const uint64_t *binomial; /* (WORLD_BINOMIALS) as world_binomial_fill leaves it; not owned */
} Pimc;

/* A decision: `state` is read as the mover may know it, but by a player that cheats. */
typedef struct {
    const RoundState *state; /* not over */
    uint64_t seed, game;
    uint32_t ply; /* of the game */
} PimcDecision;

EXTERN_C_BEGIN

/* See solve_begin about table and table_bits; binomial must outlive x. */
void pimc_begin(Pimc *x, const Rules *rules, int cards, SolveEntry *table, int table_bits,
                const uint64_t *binomial);

/* Adds to sums (A) the values of the legal actions in worlds first .. first + count - 1. Threads
 * may share out the worlds of a decision, each with its own x and sums. Other than WORLD_OK: no
 * deal fits, or see WORLD_TABLE; sums stay. */
WorldStatus pimc_add_worlds(Pimc *x, const PimcDecision *d, int first, int count,
                            int64_t sums[ACTIONS]);

/* Of the actions of a mask, not 0, the one with the greatest sum, the lowest of equals. */
int pimc_best(uint64_t legal, const int64_t sums[ACTIONS]);

/* The whole decision: *action over `worlds` worlds. Where only one action is legal nothing is
 * solved. Errors as of pimc_add_worlds. */
WorldStatus pimc_choose(Pimc *x, const PimcDecision *d, int worlds, int *action);

/* The choice on the true deal. */
int pimc_cheat(Pimc *x, const RoundState *s);

EXTERN_C_END

#endif
