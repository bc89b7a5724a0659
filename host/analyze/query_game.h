/* host/analyze/query_game.h - the game in a query: rules, deal and history, as far as the mover can
 * check.
 *
 *   open     all hands are known: every action is checked against the rules
 *   closed   only the hand of the seat that moves now is known, others are not looked at. Checked:
 *            its own bids and cards in full; of the others, that no card is played twice, is turned
 *            up, is in the mover's hand, or is of a suit that the seat has shown to lack; and that
 *            some deal of the unseen cards fits. Who moves follows from the actions alone. */
#ifndef HOST_ANALYZE_QUERY_GAME_H
#define HOST_ANALYZE_QUERY_GAME_H

#include "device/play/analyze.h"
#include "field.h"

/* Sets rules, state, standing (but standing.rounds) and open from the fields rules..actions. With
 * closed hands those of other seats are empty in the state. STATUS_INPUT as in field.h. */
Status query_read_game(Fields *fields, AnalyzeQuery *query);

/* The number of rounds in the full game, which depends on F, the cards of the first round. A query
 * does not tell F: it is the largest that deals T cards in that round; if `ply` >= 0 (bids and
 * cards played in the game before the decision), the largest for which that is so at this ply, if
 * any. STATUS_INPUT: no full game has such a round. */
Status query_find_rounds(Fields *fields, AnalyzeQuery *query, int64_t ply);

#endif
