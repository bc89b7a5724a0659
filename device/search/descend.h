/* device/search/descend.h - from the root to a leaf, K times: finds what the wave is to evaluate.
 *
 * The descents of a batch run one after another, each seeing the marks of those before. A batch
 * that needs no row (terminal leaves only) is backed up at once and the next begun. */
#ifndef DEVICE_SEARCH_DESCEND_H
#define DEVICE_SEARCH_DESCEND_H

#include "backup.h"
#include "select.h"

/* At most so many batches that need no row are done within a wave, which bounds its work. */
enum { DESCEND_BATCHES_A_WAVE = 8 };

/* The child that `edge` of node (b, parent) leads to: the action, then every forced move. */
HD void descend_create(const Search *s, int b, int parent, int edge, int child) {
    Node *n = tree_node(s, b, child);
    int action = tree_edges(s, b, parent)[edge].action;
    n->state = tree_node(s, b, parent)->state;
    n->value = 0;
    n->parent = (uint16_t)parent;
    n->parent_edge = (uint8_t)edge;
    n->edge_count = 0;
    round_apply(&n->state, action);
    uint64_t key = 0;
    if (s->keys) {
        key = s->keys[(int64_t)b * s->M + parent];
        key = parent == 0 ? hash_after_root(key, action, b % s->W) : hash_after(key, action);
    }
    for (uint64_t legal = round_legal(&n->state); bits_is_one(legal);
         legal = round_legal(&n->state)) {
        int forced = bits_lowest(legal);
        round_apply(&n->state, forced);
        if (s->keys) key = hash_after(key, forced);
    }
    if (s->keys) s->keys[(int64_t)b * s->M + child] = key;
}

/* One descent. Returns its leaf: terminal, or without edges yet; marks every edge on the way. */
HD int descend_leaf(const Search *s, int b, int *nodes, Team team) {
    int at = 0;
    for (;;) {
        const Node *n = tree_node(s, b, at);
        Edge *edges = tree_edges(s, b, at);
        /* Step 1: the leaf is reached. */
        if (n->edge_count == 0) return at;
        /* Step 2: the best edge. */
        int e = select_one(edges, n->edge_count, n->value, s->c_puct, s->fpu, team);
        int child = edges[e].child;
        team_sync(team);
        /* Step 3: mark it, and make its node if nobody has come this way. */
        if (child == 0) child = (*nodes)++;
        if (team.lane == 0) {
            if (edges[e].child == 0) {
                descend_create(s, b, at, e, child);
                edges[e].child = (uint16_t)child;
            }
            edges[e].in_flight++;
        }
        team_sync(team);
        at = child;
    }
}

/* The row of the k-th leaf: none if terminal, the one of an earlier descent to the same leaf, or
 * new. */
HD int descend_row(const Search *s, int b, int k, int leaf, int rows) {
    const uint16_t *leaves = s->leaf + (int64_t)b * s->K, *row = s->leaf_row + (int64_t)b * s->K;
    if (round_is_over(&tree_node(s, b, leaf)->state)) return LEAF_NO_ROW;
    for (int i = 0; i < k; i++)
        if (leaves[i] == leaf) return row[i];
    return rows;
}

/* A batch of `batch` descents; returns how many rows it needs. */
HD int descend_batch(const Search *s, int b, int batch, int *nodes, Team team) {
    int rows = 0;
    for (int k = 0; k < batch; k++) {
        int leaf = descend_leaf(s, b, nodes, team);
        int row = descend_row(s, b, k, leaf, rows);
        team_sync(team);
        if (team.lane == 0) {
            s->leaf[(int64_t)b * s->K + k] = (uint16_t)leaf;
            s->leaf_row[(int64_t)b * s->K + k] = (uint16_t)row;
        }
        team_sync(team);
        if (row == rows) rows++;
    }
    return rows;
}

/* Tree b: sets row_count[b] and, if it searches, the batch that waits for its rows. */
HD void descend_one(const Search *s, int b, Team team) {
    TreeHead *head = s->heads + b;
    if (fault_stops(s->fault, team)) { /* without rows the network has nothing to do either */
        if (team.lane == 0) s->row_count[b] = 0;
        return;
    }
    int stage = head->stage, finished = head->finished, nodes = head->nodes, batch = 0, rows = 0;
    team_sync(team);
    if (stage == TREE_SEARCHING) {
        for (int i = 0; i < DESCEND_BATCHES_A_WAVE && rows == 0 && finished < s->S; i++) {
            batch = s->S - finished < s->K ? s->S - finished : s->K;
            rows = descend_batch(s, b, batch, &nodes, team);
            if (rows > 0) break;
            backup_batch(s, b, batch, 0, team);
            finished += batch;
            batch = 0;
        }
        if (team.lane == 0) {
            head->nodes = (uint16_t)nodes;
            head->finished = (uint16_t)finished;
            head->batch = (uint8_t)batch;
            head->rows = (uint16_t)(head->rows + rows);
            if (finished == s->S) head->stage = TREE_DONE;
        }
    }
    if (stage == TREE_ROOT) rows = b % s->W == 0;
    if (team.lane == 0) s->row_count[b] = rows;
    team_sync(team);
}

#endif
