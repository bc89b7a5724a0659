/* nn/ops/layernorm_back.h - one row: the gradient with respect to t of nn/ops/layernorm.h.
 *
 *   t, mean, d as there      scale = 1 / sqrt(var + 1e-5)      n = d * scale
 *   g  = (dy + dy2) * gain
 *   dt = scale * ((g - mean of g) - n * (mean of g * n))
 *
 * dt is the gradient with respect to x, to its bias and to the residual alike. mean and scale are
 * computed anew rather than saved, since the row has to be read anyway. Sums are 32 partials, as
 * there.
 *
 *   R  rows     C  channels, a multiple of 32 */
#ifndef NN_OPS_LAYERNORM_BACK_H
#define NN_OPS_LAYERNORM_BACK_H

#include "layernorm.h"

typedef struct {
    LayerNormArgs norm; /* as in forward; shift, after and y are not read */
    const void *dy;     /* (R, C) elements, gradient with respect to y */
    const void *dy2;    /* (R, C) elements, added to dy, or NULL */
    void *dt;           /* (R, C) elements, out; may be dy or dy2 */
    float *stats;       /* (R, 2) out: mean, scale, for column_sums; or NULL */
} LayerNormBackArgs;

HD float layernorm_back_gradient(const LayerNormBackArgs *a, int64_t at, int c) {
    float g = element_load(a->dy, a->norm.precision, at + c);
    if (a->dy2) g = g + element_load(a->dy2, a->norm.precision, at + c);
    return g * a->norm.gain[c];
}

/* Row r, by a team of 1 or 32. */
HD void layernorm_back_one(const LayerNormBackArgs *a, int r, Team team) {
    const LayerNormArgs *norm = &a->norm;
    const int C = norm->width;
    const int64_t at = (int64_t)r * C;
    float p[32], q[32];
    for (int j = 0; j * team.width < 32; j++) p[j] = 0.0f;
    for (int i = 0; i < C; i += 32)
        for (int j = 0; j * team.width < 32; j++)
            p[j] = p[j] + layernorm_input(norm, at, i + j * team.width + team.lane);
    const float mean = team_sum32(team, p) / (float)C;

    for (int j = 0; j * team.width < 32; j++) p[j] = 0.0f;
    for (int i = 0; i < C; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const float d = layernorm_input(norm, at, i + j * team.width + team.lane) - mean;
            p[j] = p[j] + d * d;
        }
    const float scale = 1.0f / sqrtf(team_sum32(team, p) / (float)C + 1e-5f);

    for (int j = 0; j * team.width < 32; j++) p[j] = q[j] = 0.0f;
    for (int i = 0; i < C; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int c = i + j * team.width + team.lane;
            const float g = layernorm_back_gradient(a, at, c);
            p[j] = p[j] + g;
            q[j] = q[j] + g * ((layernorm_input(norm, at, c) - mean) * scale);
        }
    const float mean_g = team_sum32(team, p) / (float)C;
    const float mean_gn = team_sum32(team, q) / (float)C;

    TEAM_FOR(c, C, team) {
        const float g = layernorm_back_gradient(a, at, c);
        const float n = (layernorm_input(norm, at, c) - mean) * scale;
        element_store(a->dt, norm->precision, at + c, scale * ((g - mean_g) - n * mean_gn));
    }
    if (a->stats && team.lane == 0) {
        a->stats[(int64_t)r * 2] = mean;
        a->stats[(int64_t)r * 2 + 1] = scale;
    }
}

#endif
