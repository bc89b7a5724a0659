/* nn/ops/layernorm.h - one row of a layer norm (Ba, Kiros and Hinton 2016): add bias and residual,
 * normalize, add the positional encoding.
 *
 *   t    = (x + bias) + residual                        either may be absent
 *   mean = sum of t / C     d = t - mean     var = sum of d * d / C
 *   y    = ((d * (1 / sqrt(var + 1e-5))) * gain) + shift, + after
 *
 * Each operation is rounded to float32. A sum is 32 partials, p[j] += t[32 i + j] for ascending i,
 * which team_sum32 adds up in halves: the same bits for teams of 1 and 32, and 32 independent lanes
 * for vector code. Each of the three passes computes t anew, since the row is in L1.
 *
 *   R  rows     C  channels, a multiple of 32 */
#ifndef NN_OPS_LAYERNORM_H
#define NN_OPS_LAYERNORM_H

#include "nn/element.h"

typedef struct {
    const void *x;             /* (R, C) elements, a layer's output */
    const float *bias;         /* (C)    of that layer, or NULL: x includes it already */
    const void *residual;      /* (R, C) elements, or NULL: x includes it already */
    const float *gain, *shift; /* (C) */
    const float *after;        /* (C)    added at the end, or NULL */
    void *y;                   /* (R, C) elements, out; must not alias the other arrays */
    Precision precision;       /* of x, residual and y */
    int rows, width;           /* R, C */
} LayerNormArgs;

HD float layernorm_input(const LayerNormArgs *a, int64_t at, int c) {
    float t = element_load(a->x, a->precision, at + c);
    if (a->bias) t = t + a->bias[c];
    if (a->residual) t = t + element_load(a->residual, a->precision, at + c);
    return t;
}

/* Row r, by a team of 1 or 32. */
HD void layernorm_one(const LayerNormArgs *a, int r, Team team) {
    const int C = a->width;
    const int64_t at = (int64_t)r * C;
    float p[32];
    for (int j = 0; j * team.width < 32; j++) p[j] = 0.0f;
    for (int i = 0; i < C; i += 32)
        for (int j = 0; j * team.width < 32; j++)
            p[j] = p[j] + layernorm_input(a, at, i + j * team.width + team.lane);
    const float mean = team_sum32(team, p) / (float)C;

    for (int j = 0; j * team.width < 32; j++) p[j] = 0.0f;
    for (int i = 0; i < C; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            float d = layernorm_input(a, at, i + j * team.width + team.lane) - mean;
            p[j] = p[j] + d * d;
        }
    const float var = team_sum32(team, p) / (float)C;
    const float scale = 1.0f / sqrtf(var + 1e-5f);

    TEAM_FOR(c, C, team) {
        float d = layernorm_input(a, at, c) - mean;
        float y = ((d * scale) * a->gain[c]) + a->shift[c];
        if (a->after) y = y + a->after[c];
        element_store(a->y, a->precision, at + c, y);
    }
}

#endif
