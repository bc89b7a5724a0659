/* host/analyze/query_game.h - the game in a query: rules, deal and history, checked as far as the
 * mover can.
 *
 *   open     all hands are known: every action is checked against the rules
 *   closed   only the hand of the seat to move is known; other hands are ignored. Checked: the
 *   mover's
 *            own bids and cards in full; of the others that no card is played twice, was turned up,
 *            is in the mover's hand, or belongs to a suit that the seat has shown to lack; and that
 *            some deal of the unseen cards fits. The actions alone tell who moves. */
#ifndef HOST_ANALYZE_QUERY_GAME_H
#define HOST_ANALYZE_QUERY_GAME_H

#include "device/play/analyze.h"
#include "field.h"

/* Sets rules, state, standing (except standing.rounds) and open from the fields rules..actions.
 * Unless open, the hands of other seats are empty in the state. STATUS_INPUT as in field.h. */
Status query_read_game(Fields *fields, AnalyzeQuery *query);

/* Sets the number of rounds of the full game, which depends on F, the cards of the first round. A
 * query does not give F: it is the largest that deals T cards in that round; if `ply` >= 0 (bids
 * and cards played in the game before the decision), the largest that also does so at this ply, if
 * any. STATUS_INPUT: no full game has such a round. */
Status query_find_rounds(Fields *fields, AnalyzeQuery *query, int64_t ply);

#endif
