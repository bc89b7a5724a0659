/* tests/nn/plain_int8.h - the int8 network straight from its formula, one output after the other.
 *
 * The oracle of nn/ops/int8.h, nn/ops/pack.c and nn/infer/product_int8.c: it has blocks of 128
 * inputs, but no tiles, panels or offsets. The float32 parts are the bodies that test_rowwise
 * checks. */
#ifndef TESTS_NN_PLAIN_INT8_H
#define TESTS_NN_PLAIN_INT8_H

#include <stdlib.h>

#include "nn/weights.h"
#include "nn/ops/fold.h"
#include "nn/ops/head.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/relu.h"

enum { PLAIN_INT8_MAX = 2048 };

/* Quantizes n numbers to q (n) and returns their scale. */
static inline float plain_int8_quantize(const float *x, int *q, int n) {
    float amax = 0;
    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > amax) amax = fabsf(x[i]);
    if (amax < ldexpf(1, -100)) {
        for (int i = 0; i < n; i++) q[i] = 0;
        return 0;
    }
    float steps = 127 / amax;
    for (int i = 0; i < n; i++) {
        float r = rintf(x[i] * steps);
        q[i] = (int)(r > 127 ? 127 : r < -127 ? -127 : r);
    }
    return amax / 127;
}

/* y (out) = x (in) times w (out, in), both quantized here. */
static inline void plain_int8_linear(const float *w, const float *x, float *y, int in, int out) {
    static int qx[PLAIN_INT8_MAX], qw[PLAIN_INT8_MAX];
    static float scale[PLAIN_INT8_MAX];
    for (int k = 0; k < in; k += 128)
        scale[k / 128] = plain_int8_quantize(x + k, qx + k, in - k < 128 ? in - k : 128);
    for (int o = 0; o < out; o++) {
        float out_scale = plain_int8_quantize(w + (size_t)o * (size_t)in, qw, in), sum = 0;
        for (int k = 0; k < in; k += 128) {
            int64_t acc = 0;
            for (int i = k; i < in && i < k + 128; i++) acc += qx[i] * qw[i];
            float part = (float)acc * scale[k / 128];
            sum = sum + part;
        }
        y[o] = sum * out_scale;
    }
}

static inline const float *plain_int8_find(const Weights *w, const char *prefix, const char *name) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    return weights_find(w, whole);
}

static inline void plain_int8_norm(const Weights *w, const char *norm, const float *bias,
                                   const float *residual, const float *after, const float *x,
                                   float *y) {
    LayerNormArgs args = {.x = x,
                          .bias = bias,
                          .residual = residual,
                          .gain = plain_int8_find(w, norm, ".weight"),
                          .shift = plain_int8_find(w, norm, ".bias"),
                          .after = after,
                          .y = y,
                          .precision = PRECISION_FLOAT32,
                          .rows = 1,
                          .width = w->config.width};
    layernorm_one(&args, 0, TEAM_OF_ONE);
}

/* x (C) in and out. */
static inline void plain_int8_layer(const Weights *w, int l, float *x) {
    static float t[PLAIN_INT8_MAX], y[PLAIN_INT8_MAX], hidden[PLAIN_INT8_MAX];
    int C = w->config.width, F = w->config.hidden;
    char layer[64], norm[80];
    snprintf(layer, sizeof layer, "transformer.layers.%d.", l);
    float *folded = (float *)malloc(((size_t)C + 1) * (size_t)C * sizeof *folded);
    FoldArgs fold = {.wo = plain_int8_find(w, layer, "self_attn.out_proj.weight"),
                     .bo = plain_int8_find(w, layer, "self_attn.out_proj.bias"),
                     .wv = plain_int8_find(w, layer, "self_attn.in_proj_weight") + 2 * C * C,
                     .bv = plain_int8_find(w, layer, "self_attn.in_proj_bias") + 2 * C,
                     .weight = folded,
                     .bias = folded + C * C,
                     .width = C};
    for (int o = 0; o < C; o++) fold_one(&fold, o, TEAM_OF_ONE);
    plain_int8_linear(folded, x, t, C, C);
    snprintf(norm, sizeof norm, "%snorm1", layer);
    plain_int8_norm(w, norm, folded + C * C, x, NULL, t, y);
    plain_int8_linear(plain_int8_find(w, layer, "linear1.weight"), y, hidden, C, F);
    ReluArgs relu = {.x = hidden,
                     .bias = plain_int8_find(w, layer, "linear1.bias"),
                     .precision = PRECISION_FLOAT32,
                     .rows = 1,
                     .columns = F};
    relu_one(&relu, 0, TEAM_OF_ONE);
    plain_int8_linear(plain_int8_find(w, layer, "linear2.weight"), hidden, t, F, C);
    snprintf(norm, sizeof norm, "%snorm2", layer);
    plain_int8_norm(w, norm, plain_int8_find(w, layer, "linear2.bias"), y, NULL, t, x);
    free(folded);
}

static inline void plain_int8_head(const Weights *w, const char *name, const float *x,
                                   HeadFunction function, float *y, int hidden, int out) {
    static float t[PLAIN_INT8_MAX], u[PLAIN_INT8_MAX];
    plain_int8_linear(plain_int8_find(w, name, ".0.weight"), x, t, w->config.width, hidden);
    ReluArgs relu = {.x = t,
                     .bias = plain_int8_find(w, name, ".0.bias"),
                     .precision = PRECISION_FLOAT32,
                     .rows = 1,
                     .columns = hidden};
    relu_one(&relu, 0, TEAM_OF_ONE);
    plain_int8_linear(plain_int8_find(w, name, ".3.weight"), t, u, hidden, out);
    HeadArgs head = {.x = u,
                     .bias = plain_int8_find(w, name, ".3.bias"),
                     .y = y,
                     .function = function,
                     .rows = 1,
                     .columns = out};
    head_one(&head, 0, TEAM_OF_ONE);
}

/* row (C_in) -> logits (A), values (V). */
static inline void plain_int8_forward(const Weights *w, const float *row, float *logits,
                                      float *values) {
    static float t[PLAIN_INT8_MAX], x[PLAIN_INT8_MAX];
    const ModelConfig *c = &w->config;
    plain_int8_linear(weights_find(w, "input_embedding.weight"), row, t, c->inputs, c->width);
    plain_int8_norm(w, "input_norm", weights_find(w, "input_embedding.bias"), NULL,
                    weights_find(w, "positional_encoding"), t, x);
    for (int l = 0; l < c->layers; l++) plain_int8_layer(w, l, x);
    plain_int8_head(w, "policy_fc", x, HEAD_LINEAR, logits, c->policy_hidden, c->actions);
    plain_int8_head(w, "value_fc", x, c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID,
                    values, c->value_hidden, c->values);
}

#endif
