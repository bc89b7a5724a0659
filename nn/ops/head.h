/* nn/ops/head.h - one row of outputs: y = f(x + bias), where f is the identity, sigmoid or tanh.
 *
 *   R  rows     columns: actions or values */
#ifndef NN_OPS_HEAD_H
#define NN_OPS_HEAD_H

#include "device/core/portable.h"
#include "device/core/real.h"

typedef enum { HEAD_LINEAR, HEAD_SIGMOID, HEAD_TANH, HEAD_COUNT } HeadFunction;

typedef struct {
    const float *x;    /* (R, columns) the last layer's sums */
    const float *bias; /* (columns) */
    float *y;          /* (R, columns) out: logits of actions, or values of relative seats */
    HeadFunction function;
    int rows, columns; /* rows: R */
} HeadArgs;

HD void head_one(const HeadArgs *a, int r, Team team) {
    const int64_t at = (int64_t)r * a->columns;
    TEAM_FOR(c, a->columns, team) {
        float t = a->x[at + c] + a->bias[c];
        if (a->function == HEAD_SIGMOID) t = real_sigmoid(t);
        if (a->function == HEAD_TANH) t = real_tanh(t);
        a->y[at + c] = t;
    }
}

#endif
