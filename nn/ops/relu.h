/* nn/ops/relu.h - one row in place: x = max(0, x + bias).
 *
 * NaN stays NaN, so that a broken network is noticed at its outputs.
 *
 *   R  rows */
#ifndef NN_OPS_RELU_H
#define NN_OPS_RELU_H

#include "nn/element.h"

typedef struct {
    void *x;             /* (R, columns) elements, in and out */
    const float *bias;   /* (columns) */
    Precision precision; /* of x */
    int rows, columns;   /* rows: R */
} ReluArgs;

HD void relu_one(const ReluArgs *a, int r, Team team) {
    const int64_t at = (int64_t)r * a->columns;
    TEAM_FOR(c, a->columns, team) {
        float t = element_load(a->x, a->precision, at + c) + a->bias[c];
        element_store(a->x, a->precision, at + c, t < 0.0f ? 0.0f : t);
    }
}

#endif
