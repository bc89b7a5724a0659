/* device/search/backup.h - a batch's evaluations enter the tree: expand the leaves, add their
 * values.
 *
 * An edge sums the value of the seat that moves at its node (max^n: Luckhardt and Irani, 1986). It
 * is never negated: the winner of a trick leads again, and there are up to 8 seats. */
#ifndef DEVICE_SEARCH_BACKUP_H
#define DEVICE_SEARCH_BACKUP_H

#include "expand.h"

/* One descent's leaf: from it up to the root, every edge on the way loses its mark and gains a
 * visit. */
HD void backup_leaf(const Search *s, int b, int leaf, int64_t row, Team team) {
    if (team.lane == 0) {
        for (int at = leaf; at != 0;) {
            const Node *n = tree_node(s, b, at);
            Edge *edge = tree_edges(s, b, n->parent) + n->parent_edge;
            edge->value_sum += evaluate_value(s, b, leaf, row,
                                              tree_node(s, b, n->parent)->state.turn);
            edge->visits++;
            edge->in_flight--;
            at = n->parent;
        }
    }
    team_sync(team);
}

/* The batch of tree b, in descent order; first_row: the tree's first row of the wave. */
HD void backup_batch(const Search *s, int b, int batch, int64_t first_row, Team team) {
    const uint16_t *leaf = s->leaf + (int64_t)b * s->K, *row = s->leaf_row + (int64_t)b * s->K;
    for (int k = 0; k < batch; k++) {
        Node *n = tree_node(s, b, leaf[k]);
        if (row[k] != LEAF_NO_ROW && n->edge_count == 0)
            expand_one(s, b, leaf[k], first_row + row[k], team);
        backup_leaf(s, b, leaf[k], first_row + row[k], team);
    }
}

/* Tree b, when the rows of the wave are evaluated. Of the W trees of a decision the first one's
 * row is the root's of them all. */
HD void backup_one(const Search *s, int b, Team team) {
    TreeHead *head = s->heads + b;
    if (fault_stops(s->fault, team)) return;
    int stage = head->stage, batch = head->batch;
    team_sync(team);
    if (stage == TREE_ROOT) {
        expand_root_one(s, b, s->row_offset[b - b % s->W], team);
        if (team.lane == 0) head->stage = s->S > 0 ? TREE_SEARCHING : TREE_DONE;
    } else if (stage == TREE_SEARCHING && batch > 0) {
        backup_batch(s, b, batch, s->row_offset[b], team);
        if (team.lane == 0) {
            head->finished = (uint16_t)(head->finished + batch);
            head->batch = 0;
            if (head->finished == s->S) head->stage = TREE_DONE;
        }
    }
    team_sync(team);
}

#endif
