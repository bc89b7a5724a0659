/* nn/ops/relu_back.h - one row in place: the gradient passes where ReLU's output is above 0.
 *
 *   d = y > 0 ? d : 0
 *
 *   R  rows */
#ifndef NN_OPS_RELU_BACK_H
#define NN_OPS_RELU_BACK_H

#include "nn/element.h"

typedef struct {
    void *d;             /* (R, d_stride) elements: in, with respect to y; out, to ReLU's input */
    const void *y;       /* (R, y_stride) elements, ReLU's output */
    Precision precision; /* of both */
    int rows, columns;   /* rows: R */
    int d_stride, y_stride; /* elements from one row to the next */
} ReluBackArgs;

HD void relu_back_one(const ReluBackArgs *a, int r, Team team) {
    const int64_t d_at = (int64_t)r * a->d_stride, y_at = (int64_t)r * a->y_stride;
    TEAM_FOR(c, a->columns, team) {
        const float d = element_load(a->d, a->precision, d_at + c);
        const float y = element_load(a->y, a->precision, y_at + c);
        element_store(a->d, a->precision, d_at + c, y > 0.0f ? d : 0.0f);
    }
}

#endif
