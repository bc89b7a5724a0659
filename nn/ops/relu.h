/* nn/ops/relu.h - one row in place: x = max(0, x + bias).
 *
 * What is not a number stays so: a broken network is to be noticed at its outputs.
 *
 *   R  rows     N  columns */
#ifndef NN_OPS_RELU_H
#define NN_OPS_RELU_H

#include "nn/element.h"

typedef struct {
    void *x;             /* (R, N) elements, in and out */
    const float *bias;   /* (N) */
    Precision precision; /* of x */
    int rows, columns;   /* R, N */
} ReluArgs;

HD void relu_one(const ReluArgs *a, int r, Team team) {
    const int64_t at = (int64_t)r * a->columns;
    TEAM_FOR(c, a->columns, team) {
        float t = element_load(a->x, a->precision, at + c) + a->bias[c];
        element_store(a->x, a->precision, at + c, t < 0.0f ? 0.0f : t);
    }
}

#endif
