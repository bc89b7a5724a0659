/* host/analyze/query.h - a query of blob-analyze as an AnalyzeQuery.
 *
 * Required: id, players, cards, trump (oh-hell: turned), dealer, hands, actions. Defaults: rules
 * blob, points 1, penalty false, open false, worlds 3, simulations 30, search puct, c_puct 1.5,
 * fpu 0.1, leaves 1, noise 0, seed 1, evaluator net. scores and round need each other (without
 * them: a single round), as do game and ply (without them the search seed is `seed` itself).
 *
 * Names are checked first, in the order of the line: unknown ones and those given twice are errors.
 * Then come the fields, in the order of field.h. null is a value only within hands. id is a string;
 * nothing depends on it. */
#ifndef HOST_ANALYZE_QUERY_H
#define HOST_ANALYZE_QUERY_H

#include "query_game.h"

/* STATUS_INPUT: refused; fields->wrong and fields->why tell, while `object` lives. */
Status query_read(const cJSON *object, Fields *fields, AnalyzeQuery *query);

#endif
