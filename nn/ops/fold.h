/* nn/ops/fold.h - attention over one token as one matrix: W = W_o W_v, b = W_o b_v + b_o.
 *
 *   W[o][i] = sum over k ascending of W_o[o][k] * W_v[k][i]    each operation rounded to float32
 *   b[o]    = (sum over k ascending of W_o[o][k] * b_v[k]) + b_o[o]
 *
 * With one token the attention weights are 1, so softmax, queries and keys drop out.
 *
 *   C  channels */
#ifndef NN_OPS_FOLD_H
#define NN_OPS_FOLD_H

#include "device/core/portable.h"

typedef struct {
    const float *wo, *bo; /* (C, C), (C)   out_proj */
    const float *wv, *bv; /* (C, C), (C)   rows 2C..3C-1 of in_proj */
    float *weight, *bias; /* (C, C), (C)   out: W by output, then input; b */
    int width;            /* C */
} FoldArgs;

/* Output channel o. */
HD void fold_one(const FoldArgs *a, int o, Team team) {
    const int C = a->width;
    const float *wo = a->wo + (int64_t)o * C;
    float *f = a->weight + (int64_t)o * C;
    TEAM_FOR(i, C, team) f[i] = 0.0f;
    for (int k = 0; k < C; k++) {
        const float *wv = a->wv + (int64_t)k * C;
        TEAM_FOR(i, C, team) f[i] = f[i] + wo[k] * wv[i];
    }
    if (team.lane == 0) {
        float sum = 0.0f;
        for (int k = 0; k < C; k++) sum = sum + wo[k] * a->bv[k];
        a->bias[o] = sum + a->bo[o];
    }
}

#endif
