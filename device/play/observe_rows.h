/* device/play/observe_rows.h - what each tree brings to the wave, as rows for the network. */
#ifndef DEVICE_PLAY_OBSERVE_ROWS_H
#define DEVICE_PLAY_OBSERVE_ROWS_H

#include "play.h"

HD ObserveRow observe_rows_at(const ObserveArgs *args, int64_t row) {
    size_t element = args->bf16 ? sizeof(uint16_t) : sizeof(float);
    ObserveRow x = {(char *)args->rows + (size_t)row * OBSERVE_COLUMNS * element, args->bf16};
    return x;
}

/* Tree b: its root's row, or the rows of its batch's new leaves, by descent. */
HD void observe_rows_one(const ObserveArgs *args, int b, Team team) {
    const Search *s = &args->search;
    const Standing *standing = args->standing + b / s->W;
    int64_t row = s->row_offset[b];
    int rows = s->row_count[b];
    if (rows == 0 || fault_stops(s->fault, team)) return;
    if (s->heads[b].stage == TREE_ROOT) {
        observe_row(&s->rules, &tree_node(s, b, 0)->state, standing, observe_rows_at(args, row),
                    team);
        return;
    }
    int next = 0; /* rows are numbered by the descent that first reached their leaf */
    for (int k = 0; next < rows; k++) {
        if (s->leaf_row[(int64_t)b * s->K + k] != next) continue;
        int leaf = s->leaf[(int64_t)b * s->K + k];
        observe_row(&s->rules, &tree_node(s, b, leaf)->state, standing,
                    observe_rows_at(args, row + next), team);
        next++;
    }
}

#endif
