/* device/play/sides.h - two networks at one table: each one's rows apart from the other's.
 *
 *   row_count ─► split ─► two scans ─► join ─► row_offset
 *   rows   [ side A's: 0 .. | unused ][ side B's: R .. | unused ]      R = search_max_rows
 *
 * A whole decision is one side's: the mover's network evaluates all positions of its trees. */
#ifndef DEVICE_PLAY_SIDES_H
#define DEVICE_PLAY_SIDES_H

#include "device/search/tree.h"

enum { SIDES = 2 };

typedef struct {
    uint8_t *side;          /* (B / W) whose decision it is; NULL: there is one network */
    int32_t *count[SIDES];  /* (B + 1) the rows that tree b brings to the side; [B] stays 0 */
    int32_t *offset[SIDES]; /* (B + 1) their exclusive sums; [B] the side's rows in all */
} Sides;

/* The only list of the arrays: run dry it measures, run again it places. */
static inline void sides_layout(Sides *x, const Search *s, Arena *arena) {
    x->side = (uint8_t *)arena_take(arena, (size_t)(s->B / s->W), sizeof *x->side);
    for (int i = 0; i < SIDES; i++) {
        x->count[i] = (int32_t *)arena_take(arena, (size_t)s->B + 1, sizeof **x->count);
        x->offset[i] = (int32_t *)arena_take(arena, (size_t)s->B + 1, sizeof **x->offset);
    }
}

/* Tree b's rows go to its side. */
HD void sides_split_one(const Search *s, const Sides *x, int b) {
    int side = x->side[b / s->W], rows = s->row_count[b];
    x->count[side][b] = rows;
    x->count[1 - side][b] = 0;
}

/* Where tree b's rows begin; b = B: how many there are. */
HD void sides_join_one(const Search *s, const Sides *x, int b) {
    if (b == s->B) {
        s->row_offset[b] = x->offset[0][b] + x->offset[1][b];
        return;
    }
    int side = x->side[b / s->W];
    s->row_offset[b] = x->offset[side][b] + (side ? (int32_t)search_max_rows(s) : 0);
}

#endif
