/* device/play/wave.c - the order of a wave's launches. */
#include "wave.h"

void wave_layout(Wave *wave, int scan_items, Arena *arena) {
    size_t R = (size_t)search_max_rows(&wave->search);
    bool net = wave->search.evaluator == EVALUATOR_NET;
    wave->rows = NULL;
    wave->logits = wave->values = NULL;
    if (net) {
        bool bf16 = wave->device->net->bf16_rows;
        wave->rows = arena_take(arena, R * OBSERVE_COLUMNS,
                                bf16 ? sizeof(uint16_t) : sizeof(float));
        wave->logits = arena_take(arena, R * ACTIONS, sizeof *wave->logits);
        wave->values = arena_take(arena, R * MAX_SEATS, sizeof *wave->values);
    }
    wave->search.logits = wave->logits;
    wave->search.values = wave->values;
    wave->scan_temp_bytes = wave->device->backend->scan_bytes(scan_items);
    wave->scan_temp = arena_take(arena, wave->scan_temp_bytes, 1);
}

Status wave_run(const Wave *wave) {
    const Device *d = wave->device;
    const Search *s = &wave->search;
    Stream stream = wave->stream;
    /* Step 1: descend; every tree says how many rows it brings. */
    TRY(d->backend->step(STEP_DESCEND, stream));
    TRY(d->search->descend(s, stream));
    /* Step 2: their places, in tree order. */
    TRY(d->backend->step(STEP_PLACE, stream));
    TRY(d->backend->scan(s->row_count, s->row_offset, s->B, wave->scan_temp, wave->scan_temp_bytes,
                         stream));
    /* Step 3: what the network sees of them, and what it says. */
    if (s->evaluator == EVALUATOR_NET) {
        ObserveArgs observe = {*s, wave->match, wave->rows, d->net->bf16_rows};
        TRY(d->backend->step(STEP_OBSERVE, stream));
        TRY(d->play->observe(&observe, stream));
        TRY(d->backend->step(STEP_NETWORK, stream));
        TRY(d->net->forward(wave->net, wave->rows, &s->row_offset[s->B], wave->logits, wave->values,
                            stream));
    }
    /* Step 4: expand the leaves and back their values up. */
    TRY(d->backend->step(STEP_BACKUP, stream));
    return d->search->backup(s, stream);
}
