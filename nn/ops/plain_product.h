/* nn/ops/plain_product.h - a tile of a matrix product, straight from the formula: the oracle of
 * training's three products, each of which is this one with other strides.
 *
 *   forward   Y  = X W^T     (R, C_out)      k over C_in
 *   back      dX = dY W      (R, C_in)       k over C_out
 *   weight    dW = dY^T X    (C_out, C_in)   k over R
 *
 *   s       = fmaf(a[m][K-1], b[K-1][n], .. fmaf(a[m][0], b[0][n], 0)), ascending in k
 *   y[m][n] = max(0, (s + bias[n]) + addend[m][n])     bias, addend, max: each only if asked for
 *
 * Each operation is rounded to float32, and y once more if its elements are bf16. One lane computes
 * each output: the same bits for teams of 1 and 32. Several products of one shape are one call. */
#ifndef NN_OPS_PLAIN_PRODUCT_H
#define NN_OPS_PLAIN_PRODUCT_H

#include "nn/element.h"

enum { PLAIN_PRODUCT_TILE = 32 }; /* outputs of an item */

/* Strides in elements. An operand of product l begins `next` elements after that of l - 1. */
typedef struct {
    const void *p;
    int64_t next;
    int64_t outer, inner; /* a: from m to m + 1, from k to k + 1; b: n to n + 1, k to k + 1 */
} PlainOperand;

typedef struct {
    PlainOperand a, b;
    const void *bias;      /* (n) elements of the operands' kind, or NULL */
    const void *addend;    /* laid out as y, or NULL; may be y itself */
    void *y;               /* (products, m, n) rows y_stride apart, products y_next; out */
    int64_t y_next;        /* elements */
    Precision precision;   /* of a, b and bias */
    Precision result;      /* of y and addend */
    int relu;              /* 1: max(0, ..); NaN stays NaN */
    int products, m, n, k; /* m rows and n columns of y, k terms of a sum */
    int y_stride;          /* elements */
} PlainProductArgs;

HD int plain_product_tiles(int n) { return (n + PLAIN_PRODUCT_TILE - 1) / PLAIN_PRODUCT_TILE; }

HD int64_t plain_product_items(const PlainProductArgs *a) {
    return (int64_t)a->products * a->m * plain_product_tiles(a->n);
}

HD void plain_product_sum(const PlainProductArgs *p, int64_t a, int64_t b, int n, Team team,
                          float *sum) {
    for (int k = 0; k < p->k; k++) {
        const float x = element_load(p->a.p, p->precision, a + k * p->a.inner);
        const int64_t row = b + k * p->b.inner;
        for (int j = 0; j * team.width < PLAIN_PRODUCT_TILE; j++) {
            const int o = j * team.width + team.lane;
            if (o < n)
                sum[j] = fmaf(x, element_load(p->b.p, p->precision, row + o * p->b.outer), sum[j]);
        }
    }
}

/* Tile item % tiles of row item / tiles % m of product item / tiles / m. */
HD void plain_product_one(const PlainProductArgs *p, int item, Team team) {
    const int tiles = plain_product_tiles(p->n), m = item / tiles % p->m, l = item / tiles / p->m;
    const int first = item % tiles * PLAIN_PRODUCT_TILE;
    const int n = p->n - first < PLAIN_PRODUCT_TILE ? p->n - first : PLAIN_PRODUCT_TILE;
    float sum[PLAIN_PRODUCT_TILE];
    for (int j = 0; j * team.width < PLAIN_PRODUCT_TILE; j++) sum[j] = 0.0f;
    plain_product_sum(p, l * p->a.next + m * p->a.outer, l * p->b.next + first * p->b.outer, n,
                      team, sum);
    for (int j = 0; j * team.width < PLAIN_PRODUCT_TILE; j++) {
        const int o = j * team.width + team.lane;
        const int64_t at = l * p->y_next + (int64_t)m * p->y_stride + first + o;
        if (o >= n) continue;
        float y = sum[j];
        if (p->bias) y = y + element_load(p->bias, p->precision, first + o);
        if (p->addend) y = y + element_load(p->addend, p->result, at);
        if (p->relu) y = y < 0.0f ? 0.0f : y;
        element_store(p->y, p->result, at, y);
    }
}

/* Bias and ReLU after a library's product that cannot apply them: one row of y, in place. */
typedef struct {
    void *y;             /* (R, n) elements, rows y_stride apart; in and out */
    const void *bias;    /* (n) elements of kind `precision` */
    Precision precision; /* of bias */
    Precision result;    /* of y */
    int relu, rows, n, y_stride;
} PlainAfterArgs;

HD void plain_after_one(const PlainAfterArgs *a, int r, Team team) {
    const int64_t at = (int64_t)r * a->y_stride;
    TEAM_FOR(c, a->n, team) {
        float y = element_load(a->y, a->result, at + c) + element_load(a->bias, a->precision, c);
        if (a->relu) y = y < 0.0f ? 0.0f : y;
        element_store(a->y, a->result, at + c, y);
    }
}

#endif
