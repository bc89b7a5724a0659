/* device/play/wave.c - the order of a wave's launches. */
#include "wave.h"

void wave_layout(Wave *wave, int scan_items, Arena *arena) {
    size_t R = (size_t)search_max_rows(&wave->search) * (wave->two ? SIDES : 1);
    bool net = wave->search.evaluator == EVALUATOR_NET;
    if (wave->two) sides_layout(&wave->sides, &wave->search, arena);
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

/* Where every tree's rows begin, in tree order; with two networks, for each side separately. */
static Status wave_scan_rows(const Wave *wave) {
    const Device *d = wave->device;
    const Search *s = &wave->search;
    const Sides *x = &wave->sides;
    if (!wave->two)
        return d->backend->scan(s->row_count, s->row_offset, s->B, wave->scan_temp,
                                wave->scan_temp_bytes, wave->stream);
    TRY(d->play->split(s, x, wave->stream));
    for (int i = 0; i < SIDES; i++)
        TRY(d->backend->scan(x->count[i], x->offset[i], s->B, wave->scan_temp,
                             wave->scan_temp_bytes, wave->stream));
    return d->play->join(s, x, wave->stream);
}

/* The network, or each side's on its own rows. */
static Status wave_forward(const Wave *wave) {
    const NetOps *net = wave->device->net;
    const Search *s = &wave->search;
    if (!wave->two)
        return net->forward(wave->net, wave->rows, &s->row_offset[s->B], wave->logits, wave->values,
                            wave->stream);
    size_t R = (size_t)search_max_rows(s);
    size_t element = net->bf16_rows ? sizeof(uint16_t) : sizeof(float);
    TRY(net->forward(wave->net, wave->rows, &wave->sides.offset[0][s->B], wave->logits,
                     wave->values, wave->stream));
    return net->forward(wave->net_b, (char *)wave->rows + R * OBSERVE_COLUMNS * element,
                        &wave->sides.offset[1][s->B], wave->logits + R * ACTIONS,
                        wave->values + R * MAX_SEATS, wave->stream);
}

Status wave_run(const Wave *wave) {
    const Device *d = wave->device;
    const Search *s = &wave->search;
    Stream stream = wave->stream;
    /* Step 1: descend; every tree says how many rows it brings. */
    TRY(d->backend->phase(PHASE_DESCEND, stream));
    TRY(d->search->descend(s, stream));
    /* Step 2: their offsets, in tree order. */
    TRY(d->backend->phase(PHASE_SCAN, stream));
    TRY(wave_scan_rows(wave));
    /* Step 3: what the network sees of them, and what it says. */
    if (s->evaluator == EVALUATOR_NET) {
        ObserveArgs observe = {
            .search = *s,
            .standing = wave->standing,
            .rows = wave->rows,
            .bf16 = d->net->bf16_rows,
        };
        TRY(d->backend->phase(PHASE_OBSERVE, stream));
        TRY(d->play->observe(&observe, stream));
        TRY(d->backend->phase(PHASE_NETWORK, stream));
        TRY(wave_forward(wave));
    }
    /* Step 4: expand the leaves and back their values up. */
    TRY(d->backend->phase(PHASE_BACKUP, stream));
    return d->search->backup(s, stream);
}
