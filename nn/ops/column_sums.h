/* nn/ops/column_sums.h - sums over rows for the gradients of vectors: within each block, then over
 * the blocks.
 *
 *   column_sums_one   partial[b][c] = sum over rows r of block b, ascending, of x[r][c] + x2[r][c]
 *                     gain[b][c]    = the same sum of (x[r][c] + x2[r][c]) * n[r][c]
 *   block_sums_one    out[c] = ((before + partial[0][c]) + partial[1][c]) + ..
 *
 * A block is BLOCK_ROWS rows. n is the normalized row of a layer norm, (t - mean) * scale. One lane
 * sums each column: the same bits for teams of 1, 8, 16 and 32.
 *
 *   R  rows */
#ifndef NN_OPS_COLUMN_SUMS_H
#define NN_OPS_COLUMN_SUMS_H

#include "blocks.h"
#include "layernorm.h"

enum { COLUMN_TILE = 32 }; /* columns of an item */

typedef struct {
    const void *x;       /* (R, stride) elements */
    const void *x2;      /* (R, stride) elements, or NULL */
    Precision precision; /* of both, and of norm's */
    int rows, columns;   /* rows: R */
    int stride;          /* elements from one row to the next */
    float *partial;      /* (blocks, partial_stride) out */
    int partial_stride;
    LayerNormArgs norm; /* as in forward, for `gain`; as wide as the columns */
    const float *stats; /* (R, 2) from layernorm_back_one; NULL: no gain, norm is not read */
    float *gain;        /* (blocks, partial_stride) out */
} ColumnSumsArgs;

HD int column_tiles(int columns) { return (columns + COLUMN_TILE - 1) / COLUMN_TILE; }
HD int column_blocks(int rows) { return (rows + BLOCK_ROWS - 1) / BLOCK_ROWS; }

/* Adds row r of a tile's n columns. For a whole tile n is a constant, which gives vector code. */
HD void column_sums_row(const ColumnSumsArgs *a, int r, int first, int n, Team team, float *sum,
                        float *gain) {
    const int64_t at = (int64_t)r * a->stride;
    const float mean = a->stats ? a->stats[(int64_t)r * 2] : 0.0f;
    const float scale = a->stats ? a->stats[(int64_t)r * 2 + 1] : 0.0f;
    for (int j = 0; j * team.width < COLUMN_TILE; j++) {
        const int o = j * team.width + team.lane;
        if (o >= n) continue;
        float x = element_load(a->x, a->precision, at + first + o);
        if (a->x2) x = x + element_load(a->x2, a->precision, at + first + o);
        sum[j] = sum[j] + x;
        if (!a->stats) continue;
        const float t = layernorm_input(&a->norm, (int64_t)r * a->norm.width, first + o);
        gain[j] = gain[j] + x * ((t - mean) * scale);
    }
}

/* Tile item % tiles of block item / tiles. */
HD void column_sums_one(const ColumnSumsArgs *a, int item, Team team) {
    const int tiles = column_tiles(a->columns), b = item / tiles;
    const int first = item % tiles * COLUMN_TILE, rest = a->columns - first;
    const int begin = b * BLOCK_ROWS;
    const int end = begin + BLOCK_ROWS < a->rows ? begin + BLOCK_ROWS : a->rows;
    float sum[COLUMN_TILE], gain[COLUMN_TILE];
    for (int j = 0; j * team.width < COLUMN_TILE; j++) sum[j] = gain[j] = 0.0f;
    if (rest >= COLUMN_TILE)
        for (int r = begin; r < end; r++)
            column_sums_row(a, r, first, COLUMN_TILE, team, sum, gain);
    else
        for (int r = begin; r < end; r++) column_sums_row(a, r, first, rest, team, sum, gain);
    for (int j = 0; j * team.width < COLUMN_TILE; j++) {
        const int o = j * team.width + team.lane;
        if (o >= rest) continue;
        a->partial[(int64_t)b * a->partial_stride + first + o] = sum[j];
        if (a->stats) a->gain[(int64_t)b * a->partial_stride + first + o] = gain[j];
    }
}

typedef enum { BLOCK_SUMS_SET, BLOCK_SUMS_ADD, BLOCK_SUMS_COUNT } BlockSumsKind;

typedef struct {
    const float *partial;  /* (blocks, partial_stride) */
    const int32_t *offset; /* (columns) column c goes to out[offset[c]], or nowhere if that is
                            * below 0; NULL: to out[c] */
    float *out;
    int blocks, columns, partial_stride;
    BlockSumsKind kind; /* before: 0, or what out held */
} BlockSumsArgs;

/* The tile of columns that begins at item * COLUMN_TILE. */
HD void block_sums_one(const BlockSumsArgs *a, int item, Team team) {
    const int first = item * COLUMN_TILE, rest = a->columns - first;
    const int n = rest < COLUMN_TILE ? rest : COLUMN_TILE;
    TEAM_FOR(o, n, team) {
        const int c = first + o, to = a->offset ? a->offset[c] : c;
        if (to < 0) continue;
        float sum = a->kind == BLOCK_SUMS_ADD ? a->out[to] : 0.0f;
        for (int b = 0; b < a->blocks; b++)
            sum = sum + a->partial[(int64_t)b * a->partial_stride + c];
        a->out[to] = sum;
    }
}

#endif
