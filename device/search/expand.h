/* device/search/expand.h - a leaf that has been evaluated becomes an inner node. */
#ifndef DEVICE_SEARCH_EXPAND_H
#define DEVICE_SEARCH_EXPAND_H

#include "evaluate.h"

/* Node (b, node) is not terminal and has no edges yet; row: its row of the wave. */
HD void expand_one(const Search *s, int b, int node, int64_t row, Team team) {
    Node *n = tree_node(s, b, node);
    Edge *edges = tree_edges(s, b, node);
    uint64_t legal = round_legal(&n->state);
    int count = bits_count(legal);

    /* Step 1: an edge for each legal action, ascending. */
    if (team.lane == 0) {
        for (int e = 0; e < count; e++, legal &= legal - 1) {
            Edge edge = {0, 0, 0, 0, 0, 0, 0};
            edge.action = (uint8_t)bits_lowest(legal);
            edges[e] = edge;
        }
    }
    team_sync(team);

    /* Step 2: its prior, and the value for the seat to move. */
    evaluate_priors(s, b, node, row, edges, count, team);
    if (team.lane == 0) {
        n->value = evaluate_value(s, b, node, row, n->state.turn);
        n->edge_count = (uint8_t)count;
    }
    team_sync(team);
}

/* The root of tree b, with the noise of its decision: p = (1 - w) * p + w * d. */
HD void expand_root_one(const Search *s, int b, int64_t row, Team team) {
    expand_one(s, b, 0, row, team);
    if (s->noise_weight == 0) return;
    Edge *edges = tree_edges(s, b, 0);
    const float *noise = s->noise + (int64_t)(b / s->W) * s->E;
    TEAM_FOR(e, tree_node(s, b, 0)->edge_count, team)
    edges[e].prior = (1.0f - s->noise_weight) * edges[e].prior + s->noise_weight * noise[e];
    team_sync(team);
}

#endif
