/* nn/infer/chunk.h - rows in chunks of one height, so that the activations between two layers stay
 * in L2.
 *
 *   Chunk i begins at row i * height; the last one ends at the capacity and may overlap the one
 *   before, whose bits it repeats. All have `height` rows, so every product has one shape. A
 *   capacity below a full chunk is one chunk: its height is the capacity rounded up to a multiple
 *   of 64, and it may reach beyond the capacity.
 *
 * Chunks are grouped in buckets, whose chunks are computed together or not at all: the first chunk,
 * then up to each quarter of the chunks. */
#ifndef NN_INFER_CHUNK_H
#define NN_INFER_CHUNK_H

#include "device/core/portable.h"

enum { CHUNK_BUCKETS_MAX = 5 };

/* Rows of a full chunk on a GPU with so many multiprocessors: the same power of two for each, the
 * greatest such that the hidden layer, row_bytes a row, takes at most two fifths of L2. Weights,
 * observations and results lie there too. */
static inline int chunk_full(int processors, size_t l2_bytes, size_t row_bytes) {
    int each = 256; /* rows a multiprocessor */
    while (each > 16 && (size_t)each * (size_t)processors * row_bytes > l2_bytes / 5 * 2) each /= 2;
    return (each * processors + 63) / 64 * 64;
}

static inline int chunk_height(int capacity, int full) {
    return capacity >= full ? full : (int)(((int64_t)capacity + 63) / 64 * 64);
}

static inline int chunk_count(int capacity, int height) {
    return (int)(((int64_t)capacity + height - 1) / height);
}

/* The first row of chunk i. */
static inline int chunk_first(int capacity, int height, int i) {
    int64_t first = (int64_t)i * height;
    if (first > capacity - height) first = capacity - height;
    return (int)(first > 0 ? first : 0);
}

/* Fills end[j], the chunk after the last of bucket j; the next bucket begins there. Returns the
 * number of buckets. */
static inline int chunk_buckets(int chunks, int end[CHUNK_BUCKETS_MAX]) {
    int buckets = 0;
    for (int quarter = 0; quarter <= 4; quarter++) {
        int to = quarter == 0 ? 1 : (int)(((int64_t)chunks * quarter + 3) / 4);
        if (buckets == 0 || to > end[buckets - 1]) end[buckets++] = to;
    }
    return buckets;
}

#endif
