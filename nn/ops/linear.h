/* nn/ops/linear.h - a tile of outputs of one row of a linear layer, straight from the formula: the
 * oracle of every faster product.
 *
 *   float32, bf16   s = fmaf(x[C_in-1], w[o][C_in-1], .. fmaf(x[0], w[o][0], 0)), ascending
 *   int8            s = (sum over blocks k ascending of (float)acc_k * scale[k]) * w_scale[o]
 *   y[o] = max(0, (s + bias[o]) + residual[o])       bias, residual, max: each only if asked for
 *
 * Each operation is rounded to float32, and y once more if its elements are bf16; the bias of a
 * bf16 layer is bf16 too, as in the epilogue of a library's product. One lane computes each output:
 * the same bits for teams of 1, 8, 16 and 32, and in float32 those of product_float32.h, which is
 * the CPU's `layers`.
 *
 *   R  rows     C_in  inputs     C_out  outputs     blocks: of 128 inputs, int8 */
#ifndef NN_OPS_LINEAR_H
#define NN_OPS_LINEAR_H

#include "nn/element.h"
#include "int8.h"
#include "pack.h"

enum { LINEAR_TILE = 32 }; /* outputs of an item */

typedef enum { LINEAR_SUM, LINEAR_BIAS, LINEAR_RELU, LINEAR_COUNT } LinearAfter;

typedef struct {
    Linear l;             /* PACK_IN_OUT; int8: PACK_PANELS. Adjacent in o is adjacent in memory */
    const void *x;        /* (R, x_stride) elements; int8: bytes, zero up to a multiple of 4 */
    const float *scale;   /* (R, blocks) of x with int8; else NULL */
    const void *residual; /* (R, C_out) elements of y's kind, or NULL */
    void *y;              /* (R, C_out) elements, out */
    Precision precision;  /* of x and the weights */
    Precision result;     /* of y and residual: float32 or bf16 */
    LinearAfter after;    /* LINEAR_RELU: the bias first */
    int rows, x_stride;   /* rows: R; x_stride with int8: a multiple of 4 */
} LinearArgs;

HD int linear_tiles(int out) { return (out + LINEAR_TILE - 1) / LINEAR_TILE; }

/* Sums of n outputs from `first` on. Lanes read adjacent weights of one input. */
HD void linear_sum_float(const LinearArgs *a, int r, int first, int n, Team team, float *sum) {
    const int64_t at = (int64_t)r * a->x_stride;
    for (int k = 0; k < a->l.in; k++) {
        const float x = element_load(a->x, a->precision, at + k);
        const int64_t row = (int64_t)k * a->l.out + first;
        for (int j = 0; j * team.width < LINEAR_TILE; j++) {
            const int o = j * team.width + team.lane;
            if (o < n) sum[j] = fmaf(x, element_load(a->l.weight, a->precision, row + o), sum[j]);
        }
    }
}

/* acc + four products of the bytes at x and w, both aligned to 4. */
HD int32_t linear_dot4(const int8_t *x, const int8_t *w, int32_t acc) {
    uint32_t xs, ws;
    memcpy(&xs, __builtin_assume_aligned(x, 4), sizeof xs);
    memcpy(&ws, __builtin_assume_aligned(w, 4), sizeof ws);
    for (int i = 0; i < 32; i += 8) acc += (int32_t)(int8_t)(xs >> i) * (int32_t)(int8_t)(ws >> i);
    return acc;
}

HD void linear_sum_int8(const LinearArgs *a, int r, int first, int n, Team team, float *sum) {
    const int words = (a->l.in + 3) / 4, blocks = int8_blocks(a->l.in), block = INT8_BLOCK / 4;
    const int8_t *x = (const int8_t *)a->x + (int64_t)r * a->x_stride;
    const int8_t *panel = (const int8_t *)a->l.weight +
                          (int64_t)(first / PACK_PANEL) * PACK_PANEL * words * 4;
    for (int j = 0; j * team.width < LINEAR_TILE; j++) {
        const int o = j * team.width + team.lane;
        if (o >= n) continue;
        const int8_t *w = panel + (first + o) % PACK_PANEL * 4;
        for (int k = 0; k < blocks; k++) {
            const int end = (k + 1) * block < words ? (k + 1) * block : words;
            int32_t acc = 0;
            for (int i = k * block; i < end; i++)
                acc = linear_dot4(x + i * 4, w + (int64_t)i * PACK_PANEL * 4, acc);
            sum[j] = int8_add(sum[j], acc, a->scale[(int64_t)r * blocks + k]);
        }
        sum[j] = int8_output(sum[j], a->l.scale[first + o]);
    }
}

/* Tile item % tiles of row item / tiles. */
HD void linear_one(const LinearArgs *a, int item, Team team) {
    const int tiles = linear_tiles(a->l.out), r = item / tiles;
    const int first = item % tiles * LINEAR_TILE, rest = a->l.out - first;
    float sum[LINEAR_TILE];
    for (int j = 0; j * team.width < LINEAR_TILE; j++) sum[j] = 0.0f;
    if (a->precision == PRECISION_INT8)
        linear_sum_int8(a, r, first, rest, team, sum);
    else if (rest >= LINEAR_TILE) /* a constant number of outputs gives vector code */
        linear_sum_float(a, r, first, LINEAR_TILE, team, sum);
    else
        linear_sum_float(a, r, first, rest, team, sum);
    for (int j = 0; j * team.width < LINEAR_TILE; j++) {
        const int o = first + j * team.width + team.lane;
        const int64_t at = (int64_t)r * a->l.out + o;
        if (o >= a->l.out) continue;
        float y = sum[j];
        if (a->after != LINEAR_SUM) y = y + element_load(a->l.bias_element, a->precision, o);
        if (a->residual) y = y + element_load(a->residual, a->result, at);
        if (a->after == LINEAR_RELU) y = y < 0.0f ? 0.0f : y;
        element_store(a->y, a->result, at, y);
    }
}

#endif
