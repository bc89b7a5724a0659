/* tests/sim/in_step.h - two devices play the same epochs, and all arrays are equal after each.
 *
 * Between epochs, arrays that no wave may expect to find as the last one left them (rows, counts,
 * offsets, scratch) are overwritten on both devices: code that reads one before writing it plays
 * other games, and MemorySanitizer names it. */
#ifndef TESTS_SIM_IN_STEP_H
#define TESTS_SIM_IN_STEP_H

#include <stdlib.h>

#include "device/core/bf16.h"
#include "device/play/selfplay.h"
#include "tests/support/check.h"
#include "sanitizer.h"
#include "sim_device.h"

/* One array of a run, in device memory. */
typedef struct {
    const char *name;
    void *at;
    size_t bytes;
    bool transient; /* dead between epochs */
} StepArray;

enum { STEP_ARRAYS = 32 };

static inline StepArray step_array(const char *name, const void *at, size_t count, size_t bytes,
                                   bool transient) {
    StepArray a = {
        .name = name, .at = (void *)at, .bytes = at ? count * bytes : 0, .transient = transient};
    return a;
}

/* (STEP_ARRAYS) the arrays that both devices have; returns their number. */
static inline int step_arrays(const Selfplay *sp, StepArray *list) {
    const Search *s = &sp->wave.search;
    const Play *p = &sp->play;
    size_t B = (size_t)s->B, M = (size_t)s->M, E = (size_t)s->E, K = (size_t)s->K;
    size_t D = B / (size_t)s->W, G = (size_t)p->G, R = B * K;
    int n = 0;
#define LASTING(of, field, count) \
    list[n++] = step_array(#field, (of)->field, (count), sizeof *(of)->field, false)
#define TRANSIENT(of, field, count) \
    list[n++] = step_array(#field, (of)->field, (count), sizeof *(of)->field, true)
    LASTING(s, heads, B);
    LASTING(s, nodes, B * M);
    LASTING(s, edges, B * M * E);
    LASTING(s, keys, B * M);
    LASTING(s, seeds, D);
    LASTING(s, noise, D * E);
    LASTING(s, fault, 1);
    LASTING(p, slots, G);
    LASTING(p, standing, G);
    LASTING(p, records, G * (size_t)p->record_words);
    LASTING(p, counters, 1);
    TRANSIENT(s, leaf, R);
    TRANSIENT(s, leaf_row, R);
    TRANSIENT(s, row_count, B); /* the last stays 0 */
    TRANSIENT(s, row_offset, B + 1);
    TRANSIENT(s, logits, R * ACTIONS);
    TRANSIENT(s, values, R * MAX_SEATS);
    TRANSIENT(p, out_count, G);
    TRANSIENT(p, out_offset, G + 1);
    TRANSIENT(p, idle, G);
    TRANSIENT(p, idle_offset, G + 1);
    TRANSIENT(p, out, (size_t)p->out_words);
#undef LASTING
#undef TRANSIENT
    return n;
}

static inline void step_fetch(const Selfplay *sp, const void *at, size_t bytes, char *to) {
    const Backend *backend = sp->device->backend;
    CHECK(backend->to_host(to, at, bytes, sp->wave.stream) == STATUS_OK);
    CHECK(backend->stream_sync(sp->wave.stream) == STATUS_OK);
#if SIM_MSAN
    __msan_unpoison(to, bytes); /* bytes that nobody wrote may be compared */
#endif
}

static inline void step_differ(const char *where, const char *name, const char *a, const char *b,
                               size_t bytes) {
    size_t i = 0;
    while (i < bytes && a[i] == b[i]) i++;
    fprintf(stderr, "%s: %s differs at byte %zu of %zu\n", where, name, i, bytes);
    CHECK(i == bytes);
}

/* The rows for the network: float32 in a, bf16 in b, the same numbers. */
static inline void step_compare_rows(const Selfplay *a, const Selfplay *b, const char *where) {
    const Search *s = &a->wave.search;
    int32_t rows = 0;
    step_fetch(a, s->row_offset + s->B, sizeof rows, (char *)&rows);
    size_t n = (size_t)rows * OBSERVE_COLUMNS;
    if (!a->wave.rows || n == 0) return;
    float *x = (float *)malloc(n * sizeof *x);
    uint16_t *y = (uint16_t *)malloc(n * sizeof *y);
    CHECK(x && y);
    step_fetch(a, a->wave.rows, n * sizeof *x, (char *)x);
    step_fetch(b, b->wave.rows, n * sizeof *y, (char *)y);
    size_t different = 0;
    for (size_t i = 0; i < n; i++) different += x[i] != bf16_to_float(y[i]);
    if (different) fprintf(stderr, "%s: %zu of %zu elements of rows differ\n", where, different, n);
    CHECK(different == 0);
    free(x);
    free(y);
}

static inline void step_compare(const Selfplay *a, const Selfplay *b, const char *where) {
    StepArray from[STEP_ARRAYS], to[STEP_ARRAYS];
    int n = step_arrays(a, from);
    (void)step_arrays(b, to);
    for (int i = 0; i < n; i++) {
        char *x = (char *)malloc(from[i].bytes + 1), *y = (char *)malloc(from[i].bytes + 1);
        CHECK(x && y && from[i].bytes == to[i].bytes);
        if (from[i].bytes > 0) {
            step_fetch(a, from[i].at, from[i].bytes, x);
            step_fetch(b, to[i].at, to[i].bytes, y);
            if (memcmp(x, y, from[i].bytes) != 0)
                step_differ(where, from[i].name, x, y, from[i].bytes);
        }
        free(x);
        free(y);
    }
    step_compare_rows(a, b, where);
}

static inline void step_scribble_at(const Selfplay *sp, void *at, size_t bytes) {
    char *nothing = (char *)malloc(bytes + 1);
    CHECK(nothing != NULL);
    memset(nothing, 0xCD, bytes);
#if SIM_MSAN
    __msan_poison(nothing, bytes);
#endif
    if (bytes > 0)
        CHECK(sp->device->backend->to_device(at, nothing, bytes, sp->wave.stream) == STATUS_OK);
    CHECK(sp->device->backend->stream_sync(sp->wave.stream) == STATUS_OK);
    free(nothing);
}

static inline void step_scribble(const Selfplay *sp) {
    StepArray list[STEP_ARRAYS];
    int n = step_arrays(sp, list);
    const Play *p = &sp->play;
    size_t R = (size_t)search_max_rows(&sp->wave.search);
    bool bf16 = sp->wave.rows && sp->device->net->bf16_rows;
    for (int i = 0; i < n; i++)
        if (list[i].transient) step_scribble_at(sp, list[i].at, list[i].bytes);
    step_scribble_at(sp, p->scratch, (size_t)p->workers * sizeof *p->scratch);
    step_scribble_at(sp, sp->wave.scan_temp, sp->wave.scan_temp_bytes);
    if (sp->wave.rows)
        step_scribble_at(sp, sp->wave.rows, R * OBSERVE_COLUMNS * (bf16 ? 2 : sizeof(float)));
}

/* One epoch on both; returns the number of games that it finished. */
static inline int64_t step_epoch(Selfplay *a, Selfplay *b, int64_t epoch, const char *where) {
    const PlayCounters *x, *y;
    const uint16_t *u, *v;
    int64_t finished = 0;
    CHECK(selfplay_enqueue(a) == STATUS_OK && selfplay_enqueue(b) == STATUS_OK);
    CHECK(selfplay_wait(a, epoch, &x, &u) == STATUS_OK);
    CHECK(selfplay_wait(b, epoch, &y, &v) == STATUS_OK);
    if (checks_failed) return 0;
    CHECK(memcmp(x, y, sizeof *x) == 0 && x->fault.code == FAULT_NONE);
    CHECK(memcmp(u, v, (size_t)x->out_used * sizeof *u) == 0);
    step_compare(a, b, where);
    step_scribble(a);
    step_scribble(b);
    for (int at = 0; at < x->out_used && !checks_failed; at += u[at + 4]) finished++;
    return finished;
}

/* Plays `games` games to their end, ids 5, 6, .. and 100, 101, .. */
static inline void in_step(const SelfplayConfig *config, const Weights *weights, int games,
                           const char *where) {
    Selfplay a, b;
    const GameRange ranges[2] = {{5, 0}, {100, games / 2}};
    SelfplayConfig c, d;
    CHECK(config_for(&device_processor, config, weights, &c) == STATUS_OK);
    CHECK(config_for(&device_simulated, config, weights, &d) == STATUS_OK);
    CHECK(selfplay_open(&a, &c, &device_processor, weights, ranges, 2, games) == STATUS_OK);
    CHECK(selfplay_open(&b, &d, &device_simulated, weights, ranges, 2, games) == STATUS_OK);
    int64_t left = games;
    if (!checks_failed) {
        step_scribble(&a);
        step_scribble(&b);
    }
    for (int64_t e = 0; left > 0 && e < 100000 && !checks_failed; e++)
        left -= step_epoch(&a, &b, e, where);
    CHECK(left == 0);
    if (checks_failed) fprintf(stderr, "%s: failed\n", where);
    selfplay_close(&a);
    selfplay_close(&b);
}

#endif
