/* host/files/array.h - arrays that double when they are full. */
#ifndef HOST_FILES_ARRAY_H
#define HOST_FILES_ARRAY_H

#include <stdlib.h>

/* Makes room for one more item after the first `count`: returns `items`, moved if need be, with
 * *space updated; NULL: no memory, and `items` stays as it was. An empty array is NULL, space 0. */
static inline void *array_grow(void *items, int count, int *space, size_t item_bytes) {
    if (count < *space) return items;
    int larger = 2 * *space + 16;
    void *moved = realloc(items, (size_t)larger * item_bytes);
    if (moved) *space = larger;
    return moved;
}

#endif
