/* host/analyze/query.h - a query of blob-analyze as an AnalyzeQuery.
 *
 * Required: id, players, cards, trump (oh-hell: turned), dealer, hands, actions. Defaults: rules
 * blob, points 1, penalty false, open false, worlds 3, simulations 30, search puct, c_puct 1.5,
 * fpu 0.1, leaves 1, noise 0, seed 1, evaluator net. scores and round go together (a single round
 * without them), and so do game and ply (without them the search seed is `seed` itself).
 *
 * First every name is looked at, in the line's order: one that no query has, or that stands there
 * twice, is the error. Then the fields in the order of field.h; null is a value only among hands.
 * An id is a text; nothing depends on it. */
#ifndef HOST_ANALYZE_QUERY_H
#define HOST_ANALYZE_QUERY_H

#include "query_game.h"

/* STATUS_INPUT: refused; fields->wrong and fields->why tell, as long as `object` lives. */
Status query_read(const cJSON *object, Fields *fields, AnalyzeQuery *query);

#endif
