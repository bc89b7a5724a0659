/* tests/nn/plain_net.h - the network written plainly, in double, with unfolded attention.
 *
 * An oracle for nn/: one row, tensors by their PyTorch names; queries, keys, values and heads. */
#ifndef TESTS_NN_PLAIN_NET_H
#define TESTS_NN_PLAIN_NET_H

#include <math.h>

#include "nn/weights.h"

enum { PLAIN_MAX = 2048, PLAIN_TOKENS = 1 };

static inline const float *plain_find(const Weights *w, const char *prefix, const char *name) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    return weights_find(w, whole);
}

static inline void plain_linear(const float *weight, const float *bias, const double *x, double *y,
                                int in, int out) {
    for (int o = 0; o < out; o++) {
        y[o] = bias[o];
        for (int i = 0; i < in; i++)
            y[o] += (double)weight[(size_t)o * (size_t)in + (size_t)i] * x[i];
    }
}

static inline void plain_norm(const float *gain, const float *shift, double *x, int n) {
    double mean = 0, var = 0;
    for (int i = 0; i < n; i++) mean += x[i] / n;
    for (int i = 0; i < n; i++) var += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++) x[i] = (x[i] - mean) / sqrt(var + 1e-5) * gain[i] + shift[i];
}

/* y (C) for the first of PLAIN_TOKENS tokens x (tokens, C), all heads. */
static inline void plain_attention(const Weights *w, const char *layer, const double *x,
                                   double *y) {
    static double qkv[PLAIN_TOKENS][3 * PLAIN_MAX], mixed[PLAIN_MAX];
    int C = w->config.width, H = w->config.heads, size = C / H;
    for (int t = 0; t < PLAIN_TOKENS; t++)
        plain_linear(plain_find(w, layer, "self_attn.in_proj_weight"),
                     plain_find(w, layer, "self_attn.in_proj_bias"), x + t * C, qkv[t], C, 3 * C);
    for (int h = 0; h < H; h++) {
        double weight[PLAIN_TOKENS], sum = 0;
        for (int t = 0; t < PLAIN_TOKENS; t++) {
            double score = 0;
            for (int i = h * size; i < (h + 1) * size; i++) score += qkv[0][i] * qkv[t][C + i];
            weight[t] = exp(score / sqrt(size));
            sum += weight[t];
        }
        for (int i = h * size; i < (h + 1) * size; i++) {
            mixed[i] = 0;
            for (int t = 0; t < PLAIN_TOKENS; t++) mixed[i] += weight[t] / sum * qkv[t][2 * C + i];
        }
    }
    plain_linear(plain_find(w, layer, "self_attn.out_proj.weight"),
                 plain_find(w, layer, "self_attn.out_proj.bias"), mixed, y, C, C);
}

static inline void plain_layer(const Weights *w, int l, double *x) {
    static double t[PLAIN_MAX], hidden[PLAIN_MAX];
    int C = w->config.width, F = w->config.hidden;
    char layer[64];
    snprintf(layer, sizeof layer, "transformer.layers.%d.", l);
    plain_attention(w, layer, x, t);
    for (int i = 0; i < C; i++) x[i] += t[i];
    plain_norm(plain_find(w, layer, "norm1.weight"), plain_find(w, layer, "norm1.bias"), x, C);
    plain_linear(plain_find(w, layer, "linear1.weight"), plain_find(w, layer, "linear1.bias"), x,
                 hidden, C, F);
    for (int i = 0; i < F; i++) hidden[i] = fmax(hidden[i], 0);
    plain_linear(plain_find(w, layer, "linear2.weight"), plain_find(w, layer, "linear2.bias"),
                 hidden, t, F, C);
    for (int i = 0; i < C; i++) x[i] += t[i];
    plain_norm(plain_find(w, layer, "norm2.weight"), plain_find(w, layer, "norm2.bias"), x, C);
}

static inline void plain_head(const Weights *w, const char *name, const double *x, double *y,
                              int hidden, int out) {
    static double t[PLAIN_MAX];
    plain_linear(plain_find(w, name, ".0.weight"), plain_find(w, name, ".0.bias"), x, t,
                 w->config.width, hidden);
    for (int i = 0; i < hidden; i++) t[i] = fmax(t[i], 0);
    plain_linear(plain_find(w, name, ".3.weight"), plain_find(w, name, ".3.bias"), t, y, hidden,
                 out);
}

/* row (C_in) -> logits (A), values (V). */
static inline void plain_forward(const Weights *w, const float *row, double *logits,
                                 double *values) {
    static double in[PLAIN_MAX], x[PLAIN_MAX];
    const ModelConfig *c = &w->config;
    for (int i = 0; i < c->inputs; i++) in[i] = row[i];
    plain_linear(weights_find(w, "input_embedding.weight"), weights_find(w, "input_embedding.bias"),
                 in, x, c->inputs, c->width);
    plain_norm(weights_find(w, "input_norm.weight"), weights_find(w, "input_norm.bias"), x,
               c->width);
    const float *position = weights_find(w, "positional_encoding");
    for (int i = 0; i < c->width; i++) x[i] += position[i];
    for (int l = 0; l < c->layers; l++) plain_layer(w, l, x);
    plain_head(w, "policy_fc", x, logits, c->policy_hidden, c->actions);
    plain_head(w, "value_fc", x, values, c->value_hidden, c->values);
    for (int v = 0; v < c->values; v++)
        values[v] = c->value_head == VALUE_TANH ? tanh(values[v]) : 1 / (1 + exp(-values[v]));
}

#endif
