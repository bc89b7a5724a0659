/* device/play/observe_rows.h - what each tree brings to the wave, as rows for the network. */
#ifndef DEVICE_PLAY_OBSERVE_ROWS_H
#define DEVICE_PLAY_OBSERVE_ROWS_H

#include "play.h"

/* Tree b: its root's row, or the rows of its batch's new leaves, by descent. */
HD void observe_rows_one(const ObserveArgs *args, int b, Team team) {
    const Search *s = &args->search;
    const Match *match = args->match + b / s->W;
    float *out = args->rows + (int64_t)s->row_offset[b] * OBSERVE_COLUMNS;
    int rows = s->row_count[b];
    if (rows == 0) return;
    if (s->heads[b].phase == TREE_ROOT) {
        observe_one(&s->rules, &tree_node(s, b, 0)->state, match, out, team);
        return;
    }
    int next = 0; /* rows are numbered by the descent that first reached their leaf */
    for (int k = 0; next < rows; k++) {
        if (s->leaf_row[(int64_t)b * s->K + k] != next) continue;
        int leaf = s->leaf[(int64_t)b * s->K + k];
        observe_one(&s->rules, &tree_node(s, b, leaf)->state, match,
                    out + (int64_t)next * OBSERVE_COLUMNS, team);
        next++;
    }
}

#endif
