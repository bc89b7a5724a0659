/* nn/ops/square_sums.h - the squared norm of a long vector, chunk by chunk.
 *
 * The sum of a chunk is 32 partials, p[j] += x[32 i + j]^2 for ascending i, which team_sum32 adds
 * up in halves: the same bits for teams of 1 and 32. train_count_one sums the chunks. */
#ifndef NN_OPS_SQUARE_SUMS_H
#define NN_OPS_SQUARE_SUMS_H

#include "blocks.h"

typedef struct {
    const float *x; /* (count) */
    float *partial; /* (train_chunks(count)) out */
    int64_t count;
} SquareSumsArgs;

HD int train_chunks(int64_t count) {
    return (int)((count + CHUNK_PARAMETERS - 1) / CHUNK_PARAMETERS);
}

/* Chunk `item`. */
HD void square_sums_one(const SquareSumsArgs *a, int item, Team team) {
    const int64_t first = (int64_t)item * CHUNK_PARAMETERS;
    const int n = a->count - first < CHUNK_PARAMETERS ? (int)(a->count - first) : CHUNK_PARAMETERS;
    const float *x = a->x + first;
    float p[32];
    int i = 0;
    for (int j = 0; j * team.width < 32; j++) p[j] = 0.0f;
    for (; i + 32 <= n; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const float t = x[i + j * team.width + team.lane];
            p[j] = p[j] + t * t;
        }
    for (int j = 0; j * team.width < 32; j++) {
        const int c = i + j * team.width + team.lane;
        if (c < n) p[j] = p[j] + x[c] * x[c];
    }
    const float sum = team_sum32(team, p);
    if (team.lane == 0) a->partial[item] = sum;
}

#endif
