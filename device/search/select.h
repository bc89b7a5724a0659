/* device/search/select.h - one PUCT step: at a node, choose an edge.
 *
 *   total = sum of n                     n: visits, and descents in flight
 *   q     = w / n, or before the first visit max(0, v - fpu * sqrt(sum of p of tried edges))
 *   score = q + (((c_puct * p) * sqrt(max(1, total))) / (1 + n))        ties: the lowest edge
 *
 * rounded to float32 after each operation, in this order: another order plays other games.
 *
 * PUCT: Rosin, Multi-armed bandits with episode context, 2011; Silver et al., Mastering the game of
 * Go without human knowledge, 2017. The value of an untried edge is first-play urgency: Gelly and
 * Wang, 2006. Marks of descents in flight are virtual loss without the loss: Chaslot, Winands and
 * van den Herik, Parallel Monte-Carlo tree search, 2008; here they count as visits and leave w
 * alone. */
#ifndef DEVICE_SEARCH_SELECT_H
#define DEVICE_SEARCH_SELECT_H

#include "tree.h"

/* The chosen edge of a node with `count` >= 1 edges and value v, in every lane of the team. */
HD int select_one(const Edge *edges, int count, float v, float c_puct, float fpu, Team team) {
    /* Step 1: what was tried. Every lane adds all of it, in edge order: a sum
     * by halves would round differently for each team width. */
    int total = 0;
    float tried = 0;
    for (int e = 0; e < count; e++) {
        int n = edges[e].visits + edges[e].in_flight;
        total += n;
        if (n > 0) tried += edges[e].prior;
    }
    float root = sqrtf((float)(total > 1 ? total : 1));
    float untried = v - fpu * sqrtf(tried);
    if (untried < 0) untried = 0;

    /* Step 2: the best score, an edge a lane. */
    Best best = {-INFINITY, MAX_EDGES};
    TEAM_FOR(e, count, team) {
        int n = edges[e].visits + edges[e].in_flight;
        float q = n > 0 ? edges[e].value_sum / (float)n : untried;
        Best mine = {q + c_puct * edges[e].prior * root / (float)(1 + n), e};
        best = best_of(best, mine);
    }
    return team_best(team, best).index;
}

#endif
