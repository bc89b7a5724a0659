/* tests/sim/arena_guarded.h - device/core/arena.h with a gap after every array, which is closed.
 *
 * Included by the compiler before each file of the simulator's build, so that the real one, whose
 * guard it defines, is left out. Under AddressSanitizer a step past an array then shows even where
 * the next array is its neighbour. */
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
    /* Closes the bytes if they are the device's. */
    void
    sim_gap(void *p, size_t bytes);

/* n pieces of `bytes`, as the real one places them, and the gap. */
static inline void *arena_take(Arena *a, size_t n, size_t bytes) {
    enum { ALIGNMENT = 256, GAP = 512 };
    size_t at = (a->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, end = at + n * bytes;
    a->used = end + GAP;
    if (!a->base || a->used > a->size) return NULL;
    sim_gap(a->base + end, GAP);
    return a->base + at;
}

#endif
