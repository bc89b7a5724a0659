/* nn/ops/loss.h - one row: the loss of the network's outputs, and its gradient with respect to
 * them.
 *
 *   x = logits + policy_bias       z = sums + value_bias       v = sigmoid(z) or tanh(z)
 *   CE = -sum over legal a of t[a] * log p[a]       log p[a] = (x[a] - max) - log(sum exp(x - max))
 *   VE = (sum over seats s < P of (v[s] - w[s])^2) / P
 *
 *   dx[a] = scale * (p[a] - t[a])                 legal a; 0 elsewhere
 *   dz[s] = scale * value_weight * 2 / P * (v[s] - w[s]) * f'(z[s])      s < P; 0 beyond
 *   f' = v (1 - v) for sigmoid, 1 - v v for tanh
 *
 * Sums are 32 partials as in nn/ops/layernorm.h: the same bits for teams of 1 and 32. NaN comes out
 * as NaN.
 *
 *   R rows   A actions, at most 64   V values   P seats that play */
#ifndef NN_OPS_LOSS_H
#define NN_OPS_LOSS_H

#include "device/core/real.h"
#include "nn/element.h"
#include "head.h"

/* The metrics of a row, in this order; their sums over rows follow the gradient in memory. */
typedef enum {
    LOSS_POLICY,   /* CE */
    LOSS_VALUE,    /* VE */
    LOSS_ENTROPY,  /* -sum of t log t, nats */
    LOSS_ACCURACY, /* 1: the greatest logit and the greatest target have one action; ties: lowest */
    LOSS_COUNT
} LossMetric;

typedef struct {
    const float *logits;       /* (R, logit_stride) */
    const float *values;       /* (R, value_stride) before the head's function */
    const float *policy_bias;  /* (A) or NULL: logits include it already */
    const float *value_bias;   /* (V) or NULL: values include it already */
    const uint64_t *legal;     /* (R) bit a: action a is legal; at least one */
    const float *policy;       /* (R, A) t, sums to 1 over the legal actions */
    const float *value;        /* (R, V) w, of relative seats */
    const int32_t *seats;      /* (R) P: 1..V */
    void *dlogits;             /* (R, logit_stride) elements, out; columns A.. are not written */
    void *dvalues;             /* (R, value_stride) elements, out; columns V.. are not written */
    float *metrics;            /* (R, LOSS_COUNT) out */
    Precision precision;       /* of dlogits and dvalues */
    HeadFunction function;     /* of the values: sigmoid or tanh */
    float scale, value_weight; /* scale: 1 / (rows that the mean is over) */
    int rows, matter;          /* R; rows from `matter` on get zeros */
    int actions, value_count;  /* A, V */
    int logit_stride, value_stride;
} LossArgs;

HD float loss_logit(const LossArgs *a, int r, int c) {
    const float x = a->logits[(int64_t)r * a->logit_stride + c];
    return a->policy_bias ? x + a->policy_bias[c] : x;
}

HD float loss_value(const LossArgs *a, int r, int s) {
    float z = a->values[(int64_t)r * a->value_stride + s];
    if (a->value_bias) z = z + a->value_bias[s];
    return a->function == HEAD_TANH ? real_tanh(z) : real_sigmoid(z);
}

HD void loss_nothing(const LossArgs *a, int r, Team team) {
    TEAM_FOR(c, a->actions, team)
    element_store(a->dlogits, a->precision, (int64_t)r * a->logit_stride + c, 0.0f);
    TEAM_FOR(s, a->value_count, team)
    element_store(a->dvalues, a->precision, (int64_t)r * a->value_stride + s, 0.0f);
    TEAM_FOR(f, LOSS_COUNT, team) a->metrics[(int64_t)r * LOSS_COUNT + f] = 0.0f;
}

HD void loss_policy_row(const LossArgs *a, int r, Team team, float *metrics) {
    const uint64_t legal = a->legal[r];
    const float *t = a->policy + (int64_t)r * a->actions;
    Best logit = {-INFINITY, 1 << 30}, target = {-INFINITY, 1 << 30};
    TEAM_FOR(c, a->actions, team) {
        if (!(legal >> c & 1)) continue;
        Best x = {loss_logit(a, r, c), c}, w = {t[c], c};
        logit = best_of(logit, x);
        target = best_of(target, w);
    }
    logit = team_best(team, logit);
    target = team_best(team, target);
    const float most = logit.key;

    float sums[32], cross[32], entropy[32];
    for (int j = 0; j * team.width < 32; j++) sums[j] = cross[j] = entropy[j] = 0.0f;
    for (int i = 0; i < a->actions; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int c = i + j * team.width + team.lane;
            if (c >= a->actions || !(legal >> c & 1)) continue;
            sums[j] = sums[j] + real_exp(loss_logit(a, r, c) - most);
            if (t[c] > 0.0f) entropy[j] = entropy[j] - t[c] * real_log(t[c]);
        }
    const float sum = team_sum32(team, sums), log_sum = real_log(sum);

    for (int i = 0; i < a->actions; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int c = i + j * team.width + team.lane;
            if (c >= a->actions) continue;
            float d = 0.0f;
            if (legal >> c & 1) {
                const float x = loss_logit(a, r, c) - most;
                cross[j] = cross[j] - t[c] * (x - log_sum);
                d = a->scale * (real_exp(x) / sum - t[c]);
            }
            element_store(a->dlogits, a->precision, (int64_t)r * a->logit_stride + c, d);
        }
    metrics[LOSS_POLICY] = team_sum32(team, cross);
    metrics[LOSS_ENTROPY] = team_sum32(team, entropy);
    metrics[LOSS_ACCURACY] = logit.index == target.index ? 1.0f : 0.0f;
}

HD void loss_value_row(const LossArgs *a, int r, Team team, float *metrics) {
    const int P = a->seats[r];
    const float *w = a->value + (int64_t)r * a->value_count;
    const float factor = ((a->scale * a->value_weight) * 2.0f) / (float)P;
    float squares[32];
    for (int j = 0; j * team.width < 32; j++) squares[j] = 0.0f;
    for (int i = 0; i < a->value_count; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int s = i + j * team.width + team.lane;
            if (s >= a->value_count) continue;
            float d = 0.0f;
            if (s < P) {
                const float v = loss_value(a, r, s), error = v - w[s];
                const float slope = a->function == HEAD_TANH ? 1.0f - v * v : v * (1.0f - v);
                squares[j] = squares[j] + error * error;
                d = (factor * error) * slope;
            }
            element_store(a->dvalues, a->precision, (int64_t)r * a->value_stride + s, d);
        }
    metrics[LOSS_VALUE] = team_sum32(team, squares) / (float)P;
}

/* Row r, by a team of 1 or 32. */
HD void loss_one(const LossArgs *a, int r, Team team) {
    float metrics[LOSS_COUNT];
    if (r >= a->matter) {
        loss_nothing(a, r, team);
        return;
    }
    loss_policy_row(a, r, team, metrics);
    loss_value_row(a, r, team, metrics);
    if (team.lane != 0) return;
    for (int f = 0; f < LOSS_COUNT; f++) a->metrics[(int64_t)r * LOSS_COUNT + f] = metrics[f];
}

#endif
