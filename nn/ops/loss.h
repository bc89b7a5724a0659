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
 * With ratio_clip > 0 instead a clipped policy gradient (PPO: Schulman et al., 2017) from an action
 * that was drawn by t, the policy that played:
 *
 *   A = advantage_scale * (w[0] - v[0])                     the mover's own; v[0] as a constant
 *   q = p[action] / t[action]                               g = A q, or 0 where clipped
 *   loss = -min(q A, clip(q, 1 - ratio_clip, 1 + ratio_clip) A) - entropy_weight * H
 *   H = -sum over legal a of p[a] log p[a]
 *
 *   dx[a] = scale * (g * (p[a] - (a is the action)) + entropy_weight * p[a] * (log p[a] + H))
 *
 * The metrics stay: CE - entropy is then the divergence from the policy that played.
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
    LOSS_CLIPPED,  /* 1: the policy gradient was clipped */
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
    const int32_t *action;     /* (R) that was played; read with ratio_clip > 0 */
    void *dlogits;             /* (R, logit_stride) elements, out; columns A.. are not written */
    void *dvalues;             /* (R, value_stride) elements, out; columns V.. are not written */
    float *metrics;            /* (R, LOSS_COUNT) out */
    Precision precision;       /* of dlogits and dvalues */
    HeadFunction function;     /* of the values: sigmoid or tanh */
    float scale, value_weight; /* scale: 1 / (rows that the mean is over) */
    float ratio_clip, entropy_weight, advantage_scale; /* ratio_clip 0: cross entropy */
    int rows, matter;                                  /* R; rows from `matter` on get zeros */
    int actions, value_count;                          /* A, V */
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

/* What all lanes know of a row's policy. */
typedef struct {
    float most, sum, log_sum; /* of the legal logits: maximum, sum exp(x - most), its logarithm */
    float pull, entropy;      /* g and H of the policy gradient */
    int action;
} LossPolicy;

/* H, by all lanes. */
HD float loss_entropy(const LossArgs *a, int r, const LossPolicy *p, Team team) {
    float parts[32];
    for (int j = 0; j * team.width < 32; j++) parts[j] = 0.0f;
    for (int i = 0; i < a->actions; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int c = i + j * team.width + team.lane;
            if (c >= a->actions || !(a->legal[r] >> c & 1)) continue;
            const float x = loss_logit(a, r, c) - p->most;
            parts[j] = parts[j] - real_exp(x) / p->sum * (x - p->log_sum);
        }
    return team_sum32(team, parts);
}

/* g and H; returns whether the row is clipped. */
HD bool loss_policy_gradient(const LossArgs *a, int r, Team team, LossPolicy *p) {
    const int action = a->action[r];
    const float x = loss_logit(a, r, action) - p->most;
    const float ratio = real_exp(x) / p->sum / a->policy[(int64_t)r * a->actions + action];
    const float w = a->value[(int64_t)r * a->value_count];
    const float advantage = a->advantage_scale * (w - loss_value(a, r, 0));
    const bool clipped = advantage > 0.0f ? ratio > 1.0f + a->ratio_clip
                                          : ratio < 1.0f - a->ratio_clip;
    p->action = action;
    p->pull = clipped ? 0.0f : advantage * ratio;
    p->entropy = loss_entropy(a, r, p, team);
    return clipped;
}

/* dx[c], without scale. */
HD float loss_slope(const LossArgs *a, const LossPolicy *p, float x, float t, int c) {
    const float probability = real_exp(x) / p->sum;
    if (a->ratio_clip == 0.0f) return probability - t;
    const float hit = c == p->action ? 1.0f : 0.0f;
    return p->pull * (probability - hit) +
           a->entropy_weight * (probability * ((x - p->log_sum) + p->entropy));
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
    LossPolicy p = {.most = most, .sum = team_sum32(team, sums)};
    p.log_sum = real_log(p.sum);
    const bool clipped = a->ratio_clip > 0.0f && loss_policy_gradient(a, r, team, &p);

    for (int i = 0; i < a->actions; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int c = i + j * team.width + team.lane;
            if (c >= a->actions) continue;
            float d = 0.0f;
            if (legal >> c & 1) {
                const float x = loss_logit(a, r, c) - most;
                cross[j] = cross[j] - t[c] * (x - p.log_sum);
                d = a->scale * loss_slope(a, &p, x, t[c], c);
            }
            element_store(a->dlogits, a->precision, (int64_t)r * a->logit_stride + c, d);
        }
    metrics[LOSS_POLICY] = team_sum32(team, cross);
    metrics[LOSS_ENTROPY] = team_sum32(team, entropy);
    metrics[LOSS_ACCURACY] = logit.index == target.index ? 1.0f : 0.0f;
    metrics[LOSS_CLIPPED] = clipped ? 1.0f : 0.0f;
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
