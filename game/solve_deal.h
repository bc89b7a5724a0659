/* game/solve_deal.h - what the solver prepares once for a deal; solve.c alone calls it. */
#ifndef GAME_SOLVE_DEAL_H
#define GAME_SOLVE_DEAL_H

#include "solve.h"

/* SolveEntry.rest: leader 3 bits, records 49 at most (7 seats of 7 cards), generation 12. */
enum { SOLVE_LEADER_BITS = 3, SOLVE_GENERATION_AT = 52, SOLVE_GENERATIONS = 1 << 12 };

EXTERN_C_BEGIN

/* Takes the hands and the trick of s for x, to be solved for `seat`. place (CARDS) receives each
 * card's bit in the new numbers, 0 for a card that is neither held nor in the trick. */
void solve_begin_deal(Solve *x, const RoundState *s, int seat, uint64_t place[CARDS]);

EXTERN_C_END

#endif
