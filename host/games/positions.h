/* host/games/positions.h - positions as they occur in games, for benches and checks. */
#ifndef HOST_GAMES_POSITIONS_H
#define HOST_GAMES_POSITIONS_H

#include "game/rules.h"

/* Plays n rounds of P seats and T cards at random and stops each at a random decision with more
 * than one legal action: states (n). The i-th depends on the seed and i alone. */
void positions_draw(const Rules *rules, int cards, uint64_t seed, int n, RoundState *states);

#endif
