/* nn/ops/outputs.h - the last layers of both heads as one product, and the row-wise work after it.
 *
 *                   policy_hidden  value_hidden
 *   A outputs      (  policy             0      )
 *   V outputs      (     0             value    )
 *   the rest       (     0               0      )     up to a multiple of 64: a whole tile
 *
 *   R  rows     C  channels     A  actions     V  values     columns: of the product */
#ifndef NN_OPS_OUTPUTS_H
#define NN_OPS_OUTPUTS_H

#include "nn/element.h"
#include "head.h"
#include "pack.h"

enum { OUTPUTS_TILE = 64 };

static inline int outputs_columns(const ModelConfig *c) {
    return (c->actions + c->values + OUTPUTS_TILE - 1) / OUTPUTS_TILE * OUTPUTS_TILE;
}

/* Fills weight (columns, policy->in + value->in) elements from both layers, PACK_OUT_IN, in host
 * memory. */
static inline void outputs_fill(void *weight, Precision precision, int columns,
                                const Linear *policy, const Linear *value) {
    const int in = policy->in + value->in;
    for (int o = 0; o < columns; o++)
        for (int i = 0; i < in; i++) {
            const int v = o - policy->out, k = i - policy->in;
            float w = 0.0f;
            if (v < 0 && k < 0)
                w = element_load(policy->weight, precision, (int64_t)o * policy->in + i);
            if (v >= 0 && v < value->out && k >= 0)
                w = element_load(value->weight, precision, (int64_t)v * value->in + k);
            element_store(weight, precision, (int64_t)o * in + i, w);
        }
}

typedef struct {
    const float *x;                          /* (R, columns) sums */
    const float *policy_bias, *value_bias;   /* (A), (V) */
    float *logits, *values;                  /* (R, A), (R, V) out; values of relative seats */
    const void *residual;                    /* (R, C) elements: the input of the heads */
    Precision precision;                     /* of residual */
    int width;                               /* C */
    HeadFunction function;                   /* of the values */
    int rows, columns, actions, value_count; /* R, columns, A, V */
} OutputsArgs;

/* Row r. The last norm leaves a row either all NaN or without NaN. A library's ReLU may turn NaN
 * into 0, but a broken network must be noticed at its outputs: hence the look at the residual. */
HD void outputs_one(const OutputsArgs *a, int r, Team team) {
    HeadArgs head;
    head.x = a->x + (int64_t)r * a->columns;
    head.bias = a->policy_bias;
    head.y = a->logits + (int64_t)r * a->actions;
    head.function = HEAD_LINEAR;
    head.rows = 1;
    head.columns = a->actions;
    head_one(&head, 0, team);
    head.x += a->actions;
    head.bias = a->value_bias;
    head.y = a->values + (int64_t)r * a->value_count;
    head.function = a->function;
    head.columns = a->value_count;
    head_one(&head, 0, team);
    const float s = element_load(a->residual, a->precision, (int64_t)r * a->width);
    if (s == s) return;
    TEAM_FOR(c, a->actions, team) a->logits[(int64_t)r * a->actions + c] = s;
    TEAM_FOR(v, a->value_count, team) a->values[(int64_t)r * a->value_count + v] = s;
}

#endif
