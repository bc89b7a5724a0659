/* device/core/arena.h - bump allocator; the owner frees the block, never the pieces. */
#ifndef DEVICE_CORE_ARENA_H
#define DEVICE_CORE_ARENA_H

#include <stddef.h>

typedef struct {
    char *base;        /* NULL while measuring */
    size_t used, size; /* bytes */
} Arena;

/* n pieces of `bytes`, aligned to 256. NULL while measuring or when full;
 * `used` always grows, so used > size afterwards means it did not fit. */
static inline void *arena_take(Arena *a, size_t n, size_t bytes) {
    size_t at = (a->used + 255) / 256 * 256;
    a->used = at + n * bytes;
    return a->base && a->used <= a->size ? a->base + at : NULL;
}

#endif
