/* host/games/positions.h - positions as games have them, for benches and checks of a network. */
#ifndef HOST_GAMES_POSITIONS_H
#define HOST_GAMES_POSITIONS_H

#include "game/rules.h"

/* Rounds of P seats and T cards that are played at random and stopped at a random decision with a
 * choice: states (n). The i-th depends on the seed and i alone. */
void positions_draw(const Rules *rules, int cards, uint64_t seed, int n, RoundState *states);

#endif
