/* nn/ops/adamw.h - AdamW and the moving average of the weights, a chunk of parameters at a time.
 *
 * The formula is in nn/train/train.h; each operation is rounded to float32. AdamwStep holds what is
 * the same for all parameters; train_count_one writes it. */
#ifndef NN_OPS_ADAMW_H
#define NN_OPS_ADAMW_H

#include "device/core/bf16.h"
#include "blocks.h"

typedef struct {
    int32_t go;           /* 0: the step is skipped, nothing is touched */
    float shrink;         /* min(1, clip / (|g| + 1e-6)) */
    float keep;           /* 1 - rate * decay */
    float first, second;  /* 1 - beta1, 1 - beta2 */
    float beta2, epsilon; /* as in TrainSettings */
    float rate;           /* rate / (1 - beta1^t) */
    float root;           /* sqrt(1 - beta2^t) */
    float ema;            /* 1 - d */
} AdamwStep;

typedef struct {
    float *p, *m, *v, *ema; /* (parameters) in and out, in the order of Weights.data */
    const float *g;         /* (parameters) gradient before clipping */
    uint16_t *p_bf16;       /* (parameters) out: the new p in bf16; NULL: not wanted */
    const AdamwStep *step;  /* (1) */
    int64_t count;          /* parameters */
} AdamwArgs;

/* Chunk `item` of CHUNK_PARAMETERS parameters. */
HD void adamw_one(const AdamwArgs *a, int item, Team team) {
    const int64_t first = (int64_t)item * CHUNK_PARAMETERS;
    const int n = a->count - first < CHUNK_PARAMETERS ? (int)(a->count - first) : CHUNK_PARAMETERS;
    const AdamwStep s = *a->step;
    float *__restrict__ p = a->p + first, *__restrict__ m = a->m + first;
    float *__restrict__ v = a->v + first, *__restrict__ ema = a->ema + first;
    const float *__restrict__ gradient = a->g + first;
    if (!s.go) return;
    TEAM_FOR(i, n, team) {
        const float g = gradient[i] * s.shrink;
        const float m_new = m[i] + s.first * (g - m[i]);
        const float v_new = s.beta2 * v[i] + s.second * (g * g);
        float x = p[i] * s.keep;
        x = x - s.rate * (m_new / (sqrtf(v_new) / s.root + s.epsilon));
        m[i] = m_new;
        v[i] = v_new;
        p[i] = x;
        ema[i] = ema[i] + s.ema * (x - ema[i]);
    }
    if (!a->p_bf16) return;
    TEAM_FOR(i, n, team) a->p_bf16[first + i] = bf16_from_float(p[i]);
}

#endif
