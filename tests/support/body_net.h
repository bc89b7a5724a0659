/* tests/support/body_net.h - the network from its bodies, one row by one lane: `plain` must give
 * the same bits on every device. */
#ifndef TESTS_SUPPORT_BODY_NET_H
#define TESTS_SUPPORT_BODY_NET_H

#include <stdlib.h>

#include "nn/ops/head.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/linear.h"
#include "nn/ops/pack.h"

typedef struct {
    ModelConfig config;
    Precision precision;
    Packed packed;
    char *block; /* owned */
} BodyNet;

/* At least the width of any layer in the tests' models. */
enum { BODY_WIDEST = 2048 };

static inline bool body_open(BodyNet *n, const Weights *w, Precision precision) {
    Arena dry = {NULL, 0, 0};
    const PackOrder order = precision == PRECISION_INT8 ? PACK_PANELS : PACK_IN_OUT;
    n->config = w->config;
    n->precision = precision;
    packed_layout(&n->packed, &n->config, precision, order, &dry);
    n->block = (char *)calloc(1, dry.used);
    if (!n->block) return false;
    Arena arena = {n->block, 0, dry.used};
    packed_layout(&n->packed, &n->config, precision, order, &arena);
    return packed_fill(&n->packed, &n->config, precision, order, w) == STATUS_OK;
}

static inline void body_close(BodyNet *n) { free(n->block); }

/* y = x through l; elements, but float32 with int8. */
static inline void body_linear(const BodyNet *n, const Linear *l, const void *x,
                               const void *residual, LinearAfter after, Precision result, void *y) {
    static int8_t q[BODY_WIDEST];
    static float scale[BODY_WIDEST / INT8_BLOCK];
    LinearArgs a;
    memset(&a, 0, sizeof a);
    a.l = *l;
    a.x = x;
    a.residual = residual;
    a.y = y;
    a.precision = n->precision;
    a.result = result;
    a.after = after;
    a.rows = 1;
    if (n->precision == PRECISION_INT8) {
        QuantizeArgs quantize = {.x = (const float *)x,
                                 .q = q,
                                 .scale = scale,
                                 .inputs = l->in,
                                 .x_stride = l->in,
                                 .q_stride = BODY_WIDEST};
        int8_quantize_one(&quantize, 0, TEAM_OF_ONE);
        a.x = q;
        a.scale = scale;
    }
    for (int tile = 0; tile < linear_tiles(l->out); tile++) linear_one(&a, tile, TEAM_OF_ONE);
}

static inline void body_norm(const BodyNet *n, const Norm *norm, const void *x, const float *after,
                             Precision result, void *y) {
    LayerNormArgs a = {.x = x,
                       .gain = norm->gain,
                       .shift = norm->shift,
                       .after = after,
                       .y = y,
                       .precision = result,
                       .rows = 1,
                       .width = n->config.width};
    layernorm_one(&a, 0, TEAM_OF_ONE);
}

static inline void body_head(const BodyNet *n, const Linear *l, const void *hidden,
                             HeadFunction function, float *y) {
    body_linear(n, l, hidden, NULL, LINEAR_SUM, PRECISION_FLOAT32, y);
    HeadArgs a = {
        .x = y, .bias = l->bias, .y = y, .function = function, .rows = 1, .columns = l->out};
    head_one(&a, 0, TEAM_OF_ONE);
}

/* row (C_in) -> logits (A), values (V). */
static inline void body_forward(const BodyNet *n, const float *row, float *logits, float *values) {
    static float in[BODY_WIDEST], x[BODY_WIDEST], sums[BODY_WIDEST], wide[BODY_WIDEST];
    const Packed *p = &n->packed;
    const ModelConfig *c = &n->config;
    const Precision element = n->precision == PRECISION_BF16 ? PRECISION_BF16 : PRECISION_FLOAT32;
    for (int i = 0; i < c->inputs; i++) element_store(in, element, i, row[i]);
    body_linear(n, &p->input_embedding, in, NULL, LINEAR_BIAS, element, sums);
    body_norm(n, &p->input_norm, sums, p->positional_encoding, element, x);
    for (int l = 0; l < c->layers; l++) {
        body_linear(n, &p->layer[l].self_attn, x, x, LINEAR_BIAS, element, sums);
        body_norm(n, &p->layer[l].norm1, sums, NULL, element, x);
        body_linear(n, &p->layer[l].linear1, x, NULL, LINEAR_RELU, element, wide);
        body_linear(n, &p->layer[l].linear2, wide, x, LINEAR_BIAS, element, sums);
        body_norm(n, &p->layer[l].norm2, sums, NULL, element, x);
    }
    body_linear(n, &p->fc0, x, NULL, LINEAR_RELU, element, wide);
    const char *value = (const char *)wide + (size_t)c->policy_hidden * element_bytes(element);
    body_head(n, &p->policy_fc3, wide, HEAD_LINEAR, logits);
    body_head(n, &p->value_fc3, value, c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID,
              values);
}

#endif
