/* device/replay/gather.h - rows of a batch: examples drawn from the replay's window, written out.
 *
 *   row ─► draw a number below `examples` ─► binary search in offset ─► game, decision, row */
#ifndef DEVICE_REPLAY_GATHER_H
#define DEVICE_REPLAY_GATHER_H

#include "device/core/rng.h"
#include "nn/train/train.h"
#include "replay.h"

typedef struct {
    Replay replay;
    const int64_t *batch; /* (1) its number, device memory */
    int row_base;         /* which row of the batch of all processes is row 0 of `out` */
    int first, rows;      /* of `out`: first .. first + rows - 1 are written */
    TrainBatch out;
    bool bf16; /* elements of out.x: bf16, or float32 */
} GatherArgs;

/* Which example row `row` of batch `batch` is: 0 .. examples - 1. */
HD int64_t gather_draw(const Replay *r, int64_t batch, int64_t row) {
    Rng rng = rng_begin(r->seed, (uint64_t)batch, (uint32_t)(row >> 16), RNG_SAMPLE,
                        (uint32_t)(row & 65535));
    return (int64_t)rng_below64(&rng, (uint64_t)r->window->examples);
}

/* The window's game, counted from its first, that holds example `example`. */
HD int gather_find(const Replay *r, int64_t example) {
    int low = 0, high = (int)(r->window->end - r->window->first) - 1;
    while (low < high) { /* the last game that begins at or before it: the others have none */
        int middle = low + (high - low + 1) / 2;
        if (r->offset[middle] <= example)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Row first + i. Nothing is written where the window holds no example. */
HD void gather_one(const GatherArgs *args, int i, Team team) {
    const Replay *r = &args->replay;
    const TrainBatch *out = &args->out;
    int64_t row = args->first + i;
    if (r->window->examples == 0) return;
    int64_t example = gather_draw(r, *args->batch, args->row_base + row);
    int game = gather_find(r, example);
    const uint16_t *words = r->words + replay_slot(r, r->window->first + game) * r->stride;
    size_t element = args->bf16 ? sizeof(uint16_t) : sizeof(float);
    ExampleRow to;
    to.x.at = (char *)out->x + (size_t)row * OBSERVE_COLUMNS * element;
    to.x.bf16 = args->bf16;
    to.legal = out->legal + row;
    to.policy = out->policy + row * ACTIONS;
    to.value = out->value + row * MAX_SEATS;
    to.action = out->action ? out->action + row : NULL;
    int P = example_one(&r->rules, words, (int)(example - r->offset[game]), to, team);
    if (team.lane == 0) out->seats[row] = P;
}

#endif
