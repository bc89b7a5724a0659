/* tests/sim/arena_guarded.h - device/core/arena.h with a poisoned gap after every array.
 *
 * The compiler includes it before each file of the simulator's build. It defines the include guard
 * of the real arena.h and so replaces it. AddressSanitizer then reports a step past an array even
 * where the next array follows immediately. */
#ifndef DEVICE_CORE_ARENA_H
#define DEVICE_CORE_ARENA_H

#include <stddef.h>

typedef struct {
    char *base;        /* NULL while measuring */
    size_t used, size; /* bytes */
} Arena;

#ifdef __cplusplus
extern "C"
#endif
    /* Poisons the bytes if they belong to the device. */
    void
    sim_gap(void *p, size_t bytes);

/* n pieces of `bytes`, aligned as by the real one, and a gap. */
static inline void *arena_take(Arena *a, size_t n, size_t bytes) {
    enum { ALIGNMENT = 256, GAP = 512 };
    size_t at = (a->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, end = at + n * bytes;
    a->used = end + GAP;
    if (!a->base || a->used > a->size) return NULL;
    sim_gap(a->base + end, GAP);
    return a->base + at;
}

#endif
