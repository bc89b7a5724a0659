/* tests/support/train_reference.h - training written independently: in double, a row at a time,
 * straight from the formulas.
 *
 * The formulas are those of nn/train/train.h; of nn/ it uses the table of tensors alone.
 *
 *   C channels   F hidden   L layers   A actions   V values */
#ifndef TESTS_SUPPORT_TRAIN_REFERENCE_H
#define TESTS_SUPPORT_TRAIN_REFERENCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/weights.h"
#include "train_rows.h"

enum { REF_LAYERS = 4, REF_WIDEST = 320 };

typedef struct {
    ModelConfig c;
    TrainSettings settings;
    size_t n;
    double *p, *ema, *m, *v, *g; /* (n) parameters, owned */
    int64_t t;                   /* updates */
    double metrics[4], norm;     /* of the last step: CE, VE, entropy, accuracy; |g| */
} Ref;

static inline void ref_open(Ref *ref, const Weights *w, const TrainSettings *set) {
    double *all = (double *)calloc(w->count * 5, sizeof *all);
    if (!all) abort();
    memset(ref, 0, sizeof *ref);
    ref->c = w->config;
    ref->settings = *set;
    ref->n = w->count;
    ref->p = all;
    ref->ema = all + w->count;
    ref->m = ref->ema + w->count;
    ref->v = ref->m + w->count;
    ref->g = ref->v + w->count;
    for (size_t i = 0; i < w->count; i++) ref->p[i] = ref->ema[i] = w->data[i];
}

static inline void ref_close(Ref *ref) { free(ref->p); }

/* The offset of a tensor; layer -1: it belongs to none. */
static inline size_t ref_at(const Ref *ref, int layer, const char *name) {
    char whole[96];
    if (layer < 0)
        snprintf(whole, sizeof whole, "%s", name);
    else
        snprintf(whole, sizeof whole, "transformer.layers.%d.%s", layer, name);
    for (int i = 0; i < weights_tensor_count(&ref->c); i++) {
        WeightTensor t = weights_tensor(&ref->c, i);
        if (strcmp(t.name, whole) == 0) return t.offset;
    }
    abort();
}

static inline void ref_linear(const Ref *ref, size_t w, size_t b, int in, int out, const double *x,
                              double *y) {
    for (int o = 0; o < out; o++) {
        y[o] = ref->p[b + (size_t)o];
        for (int i = 0; i < in; i++) y[o] += ref->p[w + (size_t)(o * in + i)] * x[i];
    }
}

/* Adds to dx and to the gradients. */
static inline void ref_linear_back(Ref *ref, size_t w, size_t b, int in, int out, const double *x,
                                   const double *dy, double *dx) {
    for (int o = 0; o < out; o++) {
        ref->g[b + (size_t)o] += dy[o];
        for (int i = 0; i < in; i++) {
            ref->g[w + (size_t)(o * in + i)] += dy[o] * x[i];
            if (dx) dx[i] += ref->p[w + (size_t)(o * in + i)] * dy[o];
        }
    }
}

static inline void ref_normal(const double *x, int C, double *n, double *scale) {
    double mean = 0, var = 0;
    for (int c = 0; c < C; c++) mean += x[c] / C;
    for (int c = 0; c < C; c++) var += (x[c] - mean) * (x[c] - mean) / C;
    *scale = 1 / sqrt(var + 1e-5);
    for (int c = 0; c < C; c++) n[c] = (x[c] - mean) * *scale;
}

static inline void ref_norm(const Ref *ref, size_t gain, size_t shift, const double *x, double *y) {
    double n[REF_WIDEST], scale;
    ref_normal(x, ref->c.width, n, &scale);
    for (size_t c = 0; c < (size_t)ref->c.width; c++)
        y[c] = n[c] * ref->p[gain + c] + ref->p[shift + c];
}

static inline void ref_norm_back(Ref *ref, size_t gain, size_t shift, const double *x,
                                 const double *dy, double *dx) {
    const size_t C = (size_t)ref->c.width;
    double n[REF_WIDEST], scale, mean = 0, mean_n = 0;
    ref_normal(x, ref->c.width, n, &scale);
    for (size_t c = 0; c < C; c++) {
        ref->g[gain + c] += dy[c] * n[c];
        ref->g[shift + c] += dy[c];
        mean += dy[c] * ref->p[gain + c] / (double)C;
        mean_n += dy[c] * ref->p[gain + c] * n[c] / (double)C;
    }
    for (size_t c = 0; c < C; c++)
        dx[c] = scale * (dy[c] * ref->p[gain + c] - mean - n[c] * mean_n);
}

static inline void ref_relu(double *x, int n) {
    for (int i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] : 0;
}

static inline void ref_relu_back(double *d, const double *y, int n) {
    for (int i = 0; i < n; i++) d[i] = y[i] > 0 ? d[i] : 0;
}

/* A row on its way through the network. */
typedef struct {
    double x[REF_WIDEST], input_embedding[REF_WIDEST], residual[REF_LAYERS + 1][REF_WIDEST];
    double value_proj[REF_LAYERS][REF_WIDEST], sum1[REF_LAYERS][REF_WIDEST];
    double norm1[REF_LAYERS][REF_WIDEST], linear1[REF_LAYERS][REF_WIDEST];
    double sum2[REF_LAYERS][REF_WIDEST];
    double policy_hidden[REF_WIDEST], value_hidden[REF_WIDEST], logits[64], values[64];
} RefRow;

static inline void ref_layer(const Ref *ref, int l, RefRow *r) {
    const int C = ref->c.width, F = ref->c.hidden;
    const size_t qk = (size_t)(2 * C);
    ref_linear(ref, ref_at(ref, l, "self_attn.in_proj_weight") + qk * (size_t)C,
               ref_at(ref, l, "self_attn.in_proj_bias") + qk, C, C, r->residual[l],
               r->value_proj[l]);
    ref_linear(ref, ref_at(ref, l, "self_attn.out_proj.weight"),
               ref_at(ref, l, "self_attn.out_proj.bias"), C, C, r->value_proj[l], r->sum1[l]);
    for (int c = 0; c < C; c++) r->sum1[l][c] += r->residual[l][c];
    ref_norm(ref, ref_at(ref, l, "norm1.weight"), ref_at(ref, l, "norm1.bias"), r->sum1[l],
             r->norm1[l]);
    ref_linear(ref, ref_at(ref, l, "linear1.weight"), ref_at(ref, l, "linear1.bias"), C, F,
               r->norm1[l], r->linear1[l]);
    ref_relu(r->linear1[l], F);
    ref_linear(ref, ref_at(ref, l, "linear2.weight"), ref_at(ref, l, "linear2.bias"), F, C,
               r->linear1[l], r->sum2[l]);
    for (int c = 0; c < C; c++) r->sum2[l][c] += r->norm1[l][c];
    ref_norm(ref, ref_at(ref, l, "norm2.weight"), ref_at(ref, l, "norm2.bias"), r->sum2[l],
             r->residual[l + 1]);
}

static inline void ref_forward(const Ref *ref, RefRow *r) {
    const ModelConfig *c = &ref->c;
    const size_t position = ref_at(ref, -1, "positional_encoding");
    ref_linear(ref, ref_at(ref, -1, "input_embedding.weight"),
               ref_at(ref, -1, "input_embedding.bias"), c->inputs, c->width, r->x,
               r->input_embedding);
    ref_norm(ref, ref_at(ref, -1, "input_norm.weight"), ref_at(ref, -1, "input_norm.bias"),
             r->input_embedding, r->residual[0]);
    for (int i = 0; i < c->width; i++) r->residual[0][i] += ref->p[position + (size_t)i];
    for (int l = 0; l < c->layers; l++) ref_layer(ref, l, r);
    const double *last = r->residual[c->layers];
    ref_linear(ref, ref_at(ref, -1, "policy_fc.0.weight"), ref_at(ref, -1, "policy_fc.0.bias"),
               c->width, c->policy_hidden, last, r->policy_hidden);
    ref_relu(r->policy_hidden, c->policy_hidden);
    ref_linear(ref, ref_at(ref, -1, "policy_fc.3.weight"), ref_at(ref, -1, "policy_fc.3.bias"),
               c->policy_hidden, c->actions, r->policy_hidden, r->logits);
    ref_linear(ref, ref_at(ref, -1, "value_fc.0.weight"), ref_at(ref, -1, "value_fc.0.bias"),
               c->width, c->value_hidden, last, r->value_hidden);
    ref_relu(r->value_hidden, c->value_hidden);
    ref_linear(ref, ref_at(ref, -1, "value_fc.3.weight"), ref_at(ref, -1, "value_fc.3.bias"),
               c->value_hidden, c->values, r->value_hidden, r->values);
}

/* Writes dlogits and dvalues, times `scale`, and adds the row's metrics. */
static inline void ref_loss(Ref *ref, const RefRow *r, const TrainRows *of, int64_t row,
                            double scale, double *dlogits, double *dvalues) {
    const ModelConfig *c = &ref->c;
    const uint64_t legal = train_rows_legal(of, row);
    const int P = train_rows_seats(of, row);
    double most = -INFINITY, sum = 0;
    int best = -1, target = -1;
    for (int a = 0; a < c->actions; a++) {
        dlogits[a] = 0;
        if (!(legal >> a & 1)) continue;
        if (best < 0 || r->logits[a] > r->logits[best]) best = a;
        if (target < 0 || train_rows_policy(of, row, a) > train_rows_policy(of, row, target))
            target = a;
    }
    most = r->logits[best];
    for (int a = 0; a < c->actions; a++)
        if (legal >> a & 1) sum += exp(r->logits[a] - most);
    for (int a = 0; a < c->actions; a++) {
        const double t = train_rows_policy(of, row, a);
        if (!(legal >> a & 1)) continue;
        ref->metrics[0] -= t * (r->logits[a] - most - log(sum));
        if (t > 0) ref->metrics[2] -= t * log(t);
        dlogits[a] = scale * (exp(r->logits[a] - most) / sum - t);
    }
    ref->metrics[3] += best == target;
    for (int s = 0; s < c->values; s++) {
        const int tanh_head = c->value_head == VALUE_TANH;
        const double v = tanh_head ? tanh(r->values[s]) : 1 / (1 + exp(-r->values[s]));
        const double error = v - train_rows_value(of, row, s);
        dvalues[s] = 0;
        if (s >= P) continue;
        ref->metrics[1] += error * error / P;
        dvalues[s] = scale * ref->settings.value_weight * 2 / P * error *
                     (tanh_head ? 1 - v * v : v * (1 - v));
    }
}

/* d: in, the gradient with respect to residual[l + 1]; out, to residual[l]. */
static inline void ref_layer_back(Ref *ref, int l, const RefRow *r, double *d) {
    const int C = ref->c.width, F = ref->c.hidden;
    const size_t qk = (size_t)(2 * C);
    double dsums[REF_WIDEST], dlinear1[REF_WIDEST] = {0}, dnorm1[REF_WIDEST];
    double dvalue_proj[REF_WIDEST] = {0};
    ref_norm_back(ref, ref_at(ref, l, "norm2.weight"), ref_at(ref, l, "norm2.bias"), r->sum2[l], d,
                  dsums);
    ref_linear_back(ref, ref_at(ref, l, "linear2.weight"), ref_at(ref, l, "linear2.bias"), F, C,
                    r->linear1[l], dsums, dlinear1);
    ref_relu_back(dlinear1, r->linear1[l], F);
    memcpy(dnorm1, dsums, sizeof dnorm1);
    ref_linear_back(ref, ref_at(ref, l, "linear1.weight"), ref_at(ref, l, "linear1.bias"), C, F,
                    r->norm1[l], dlinear1, dnorm1);
    ref_norm_back(ref, ref_at(ref, l, "norm1.weight"), ref_at(ref, l, "norm1.bias"), r->sum1[l],
                  dnorm1, dsums);
    ref_linear_back(ref, ref_at(ref, l, "self_attn.out_proj.weight"),
                    ref_at(ref, l, "self_attn.out_proj.bias"), C, C, r->value_proj[l], dsums,
                    dvalue_proj);
    memcpy(d, dsums, (size_t)C * sizeof *d);
    ref_linear_back(ref, ref_at(ref, l, "self_attn.in_proj_weight") + qk * (size_t)C,
                    ref_at(ref, l, "self_attn.in_proj_bias") + qk, C, C, r->residual[l],
                    dvalue_proj, d);
}

static inline void ref_backward(Ref *ref, const RefRow *r, const double *dlogits,
                                const double *dvalues) {
    const ModelConfig *c = &ref->c;
    const size_t position = ref_at(ref, -1, "positional_encoding");
    double d[REF_WIDEST] = {0}, dhidden[REF_WIDEST] = {0}, dvalue[REF_WIDEST] = {0};
    double dinput_embedding[REF_WIDEST];
    const double *last = r->residual[c->layers];
    ref_linear_back(ref, ref_at(ref, -1, "policy_fc.3.weight"), ref_at(ref, -1, "policy_fc.3.bias"),
                    c->policy_hidden, c->actions, r->policy_hidden, dlogits, dhidden);
    ref_relu_back(dhidden, r->policy_hidden, c->policy_hidden);
    ref_linear_back(ref, ref_at(ref, -1, "policy_fc.0.weight"), ref_at(ref, -1, "policy_fc.0.bias"),
                    c->width, c->policy_hidden, last, dhidden, d);
    ref_linear_back(ref, ref_at(ref, -1, "value_fc.3.weight"), ref_at(ref, -1, "value_fc.3.bias"),
                    c->value_hidden, c->values, r->value_hidden, dvalues, dvalue);
    ref_relu_back(dvalue, r->value_hidden, c->value_hidden);
    ref_linear_back(ref, ref_at(ref, -1, "value_fc.0.weight"), ref_at(ref, -1, "value_fc.0.bias"),
                    c->width, c->value_hidden, last, dvalue, d);
    for (int l = c->layers - 1; l >= 0; l--) ref_layer_back(ref, l, r, d);
    for (int i = 0; i < c->width; i++) ref->g[position + (size_t)i] += d[i];
    ref_norm_back(ref, ref_at(ref, -1, "input_norm.weight"), ref_at(ref, -1, "input_norm.bias"),
                  r->input_embedding, d, dinput_embedding);
    ref_linear_back(ref, ref_at(ref, -1, "input_embedding.weight"),
                    ref_at(ref, -1, "input_embedding.bias"), c->inputs, c->width, r->x,
                    dinput_embedding, NULL);
}

static inline void ref_adamw(Ref *ref, double rate) {
    const TrainSettings *s = &ref->settings;
    double square = 0;
    for (size_t i = 0; i < ref->n; i++) square += ref->g[i] * ref->g[i];
    ref->norm = sqrt(square);
    ref->t++;
    const double t = (double)ref->t, clip = fmin(1, s->clip / (ref->norm + 1e-6));
    const double d = fmin(s->ema, (1 + t) / (10 + t));
    for (size_t i = 0; i < ref->n; i++) {
        const double g = ref->g[i] * clip;
        ref->p[i] -= rate * s->decay * ref->p[i];
        ref->m[i] += (1 - s->beta1) * (g - ref->m[i]);
        ref->v[i] = s->beta2 * ref->v[i] + (1 - s->beta2) * g * g;
        ref->p[i] -= rate / (1 - pow(s->beta1, t)) * ref->m[i] /
                     (sqrt(ref->v[i]) / sqrt(1 - pow(s->beta2, t)) + s->epsilon);
        ref->ema[i] += (1 - d) * (ref->p[i] - ref->ema[i]);
    }
}

/* One step over rows first .. first + rows - 1 of the list. */
static inline void ref_step(Ref *ref, const TrainRows *of, int64_t first, int rows, double rate) {
    static RefRow r;
    double dlogits[64], dvalues[64];
    memset(ref->g, 0, ref->n * sizeof *ref->g);
    memset(ref->metrics, 0, sizeof ref->metrics);
    for (int i = 0; i < rows; i++) {
        for (int c = 0; c < ref->c.inputs; c++) r.x[c] = train_rows_input(of, first + i, c);
        ref_forward(ref, &r);
        ref_loss(ref, &r, of, first + i, 1.0 / rows, dlogits, dvalues);
        ref_backward(ref, &r, dlogits, dvalues);
    }
    for (int f = 0; f < 4; f++) ref->metrics[f] /= rows;
    ref_adamw(ref, rate);
}

#endif
