/* device/search/evaluate.h - what an evaluator says of a node: a prior an edge, a value a seat.
 *
 *   net      prior = softmax of the logits over the legal actions, value = output (s - mover) mod P
 *   uniform  prior = 1 / legal actions, value = 1/2            hash     hash.h
 *   terminal nodes: exact scores, whatever the evaluator
 *
 * A prior is by action, a value by absolute seat, from that seat's point of view, in [0, 1]. */
#ifndef DEVICE_SEARCH_EVALUATE_H
#define DEVICE_SEARCH_EVALUATE_H

#include "device/core/real.h"
#include "game/observe.h"
#include "hash.h"
#include "tree.h"

/* The value of node (b, node) for an absolute seat; row: its row of the wave (net), else unused. */
HD float evaluate_value(const Search *s, int b, int node, int64_t row, int seat) {
    const RoundState *state = &tree_node(s, b, node)->state;
    if (round_is_over(state)) return round_value(&s->rules, state, seat);
    if (s->evaluator == EVALUATOR_UNIFORM) return 0.5f;
    if (s->evaluator == EVALUATOR_HASH) return hash_value(s->keys[(int64_t)b * s->M + node], seat);
    int relative = seat - state->turn;
    if (relative < 0) relative += state->players;
    float v = s->values[row * MAX_SEATS + relative];
    return v - v == 0 ? v : 0; /* a fault is raised where the node is expanded */
}

/* e = exp(x - max), summed one at a time ascending, one division. */
HD void evaluate_softmax(Edge *edges, int count, Team team) {
    float max = -INFINITY;
    for (int e = 0; e < count; e++)
        if (edges[e].prior > max) max = edges[e].prior;
    team_sync(team);
    TEAM_FOR(e, count, team) edges[e].prior = real_exp(edges[e].prior - max);
    team_sync(team);
    float sum = 0;
    for (int e = 0; e < count; e++) sum += edges[e].prior;
    team_sync(team);
    TEAM_FOR(e, count, team) edges[e].prior = edges[e].prior / sum;
    team_sync(team);
}

/* Logits of the edges' actions, and a fault where one is not finite. */
HD void evaluate_logits(const Search *s, int b, int64_t row, const RoundState *state, Edge *edges,
                        int count, Team team) {
    uint8_t suit_index[SUITS];
    observe_suit_indices(state, suit_index);
    TEAM_FOR(e, count, team) {
        float x =
            s->logits[row * ACTIONS + observe_action_column(state, suit_index, edges[e].action)];
        if (!(x - x == 0)) {
            fault_raise(s->fault, FAULT_LOGIT, b);
            x = 0;
        }
        edges[e].prior = x;
    }
    TEAM_FOR(r, state->players, team) {
        float v = s->values[row * MAX_SEATS + r];
        if (!(v - v == 0)) fault_raise(s->fault, FAULT_VALUE, b);
    }
    team_sync(team);
}

/* Sets the prior of each of the node's `count` edges, whose actions are set. */
HD void evaluate_priors(const Search *s, int b, int node, int64_t row, Edge *edges, int count,
                        Team team) {
    if (s->evaluator == EVALUATOR_UNIFORM) {
        TEAM_FOR(e, count, team) edges[e].prior = 1.0f / (float)count;
        team_sync(team);
    } else if (s->evaluator == EVALUATOR_HASH) {
        uint64_t key = s->keys[(int64_t)b * s->M + node];
        int sum = 0;
        for (int e = 0; e < count; e++) sum += hash_weight(key, edges[e].action);
        TEAM_FOR(e, count, team)
        edges[e].prior = (float)hash_weight(key, edges[e].action) / (float)sum;
        team_sync(team);
    } else {
        evaluate_logits(s, b, row, &tree_node(s, b, node)->state, edges, count, team);
        evaluate_softmax(edges, count, team);
    }
}

#endif
