/* nn/ops/pack.c - folds, joins, reorders and converts weights, in the same way for every
 * backend. */
#include "pack.h"

#include <stdlib.h>
#include <string.h>

#include "nn/element.h"
#include "fold.h"
#include "int8.h"

static void linear_layout(Linear *l, int in, int out, Precision precision, PackOrder order,
                          Arena *arena) {
    size_t padded = (size_t)linear_padded(out);
    l->in = in;
    l->out = out;
    l->bias = (float *)arena_take(arena, (size_t)out, sizeof *l->bias);
    l->bias_element = l->bias;
    l->scale = NULL;
    l->offset = NULL;
    if (precision == PRECISION_INT8) {
        l->weight = arena_take(arena, padded * (size_t)linear_stride(in), pack_number(order));
        l->scale = (float *)arena_take(arena, (size_t)out, sizeof *l->scale);
        l->offset = (int32_t *)arena_take(arena, padded * (size_t)int8_blocks(in), 4);
        return;
    }
    const size_t slack = precision == PRECISION_FLOAT32 ? PRODUCT_SLACK : 0;
    l->weight = arena_take(arena, (size_t)in * (size_t)out + slack, element_bytes(precision));
    if (precision == PRECISION_BF16)
        l->bias_element = arena_take(arena, (size_t)out, element_bytes(precision));
}

static void norm_layout(Norm *n, int width, Arena *arena) {
    n->gain = (float *)arena_take(arena, (size_t)width, sizeof *n->gain);
    n->shift = (float *)arena_take(arena, (size_t)width, sizeof *n->shift);
}

void packed_layout(Packed *p, const ModelConfig *config, Precision precision, PackOrder order,
                   Arena *arena) {
    int C = config->width;
    linear_layout(&p->input_embedding, config->inputs, C, precision, order, arena);
    norm_layout(&p->input_norm, C, arena);
    p->positional_encoding = (float *)arena_take(arena, (size_t)C, sizeof *p->positional_encoding);
    for (int l = 0; l < config->layers; l++) {
        linear_layout(&p->layer[l].self_attn, C, C, precision, order, arena);
        norm_layout(&p->layer[l].norm1, C, arena);
        linear_layout(&p->layer[l].linear1, C, config->hidden, precision, order, arena);
        linear_layout(&p->layer[l].linear2, config->hidden, C, precision, order, arena);
        norm_layout(&p->layer[l].norm2, C, arena);
    }
    linear_layout(&p->fc0, C, config->policy_hidden + config->value_hidden, precision, order,
                  arena);
    linear_layout(&p->policy_fc3, config->policy_hidden, config->actions, precision, order, arena);
    linear_layout(&p->value_fc3, config->value_hidden, config->values, precision, order, arena);
}

typedef struct {
    const ModelConfig *config;
    const Weights *weights;
    Precision precision;
    PackOrder order;
} Packer;

static int64_t pack_int8_at(const Packer *k, const Linear *l, int o, int i) {
    if (k->order == PACK_OUT_IN) return (int64_t)o * linear_stride(l->in) + i;
    const int panel = k->order == PACK_PANELS ? PACK_PANEL : PRODUCT_PANEL;
    const int step = 4 / (int)pack_number(k->order); /* inputs of an output in 32 bits */
    const int64_t steps = (l->in + 3) / 4 * 4 / step;
    return ((o / panel * steps + i / step) * panel + o % panel) * step + i % step;
}

/* Output o of l from w (l->in). */
static void pack_int8(const Packer *k, const Linear *l, int o, const float *w) {
    const int in4 = (l->in + 3) / 4 * 4;
    const int n = k->order == PACK_OUT_IN ? linear_stride(l->in) : in4;
    int32_t size_bits = 0;
    for (int i = 0; i < l->in; i++) {
        int32_t bits = int8_size_bits(w[i]);
        size_bits = bits > size_bits ? bits : size_bits;
    }
    const float amax = int8_amax(size_bits), steps = int8_steps(amax);
    l->scale[o] = int8_scale(amax);
    for (int i = 0; i < n; i++) {
        int8_t q = i < l->in && amax != INFINITY ? int8_round(w[i], steps) : 0;
        int32_t *offset = &l->offset[i / INT8_BLOCK * linear_padded(l->out) + o];
        *offset = (i % INT8_BLOCK == 0 ? 0 : *offset) - 128 * q;
        const int64_t at = pack_int8_at(k, l, o, i);
        if (k->order == PACK_FLOATS)
            ((float *)l->weight)[at] = q;
        else if (k->order == PACK_PAIRS)
            ((int16_t *)l->weight)[at] = q;
        else
            ((int8_t *)l->weight)[at] = q;
    }
}

static int64_t pack_element_at(const Packer *k, const Linear *l, int o, int i) {
    if (k->order == PACK_PANELS) return product_panel_at(l->in, l->out, i, o);
    return k->order == PACK_IN_OUT ? (int64_t)i * l->out + o : (int64_t)o * l->in + i;
}

/* Output o of l from w (l->in). */
static void pack_elements(const Packer *k, const Linear *l, int o, const float *w) {
    for (int i = 0; i < l->in; i++)
        element_store(l->weight, k->precision, pack_element_at(k, l, o, i), w[i]);
}

/* `count` outputs of l from `first` on, from w (count, l->in) and b (count). */
static void pack_outputs(const Packer *k, const Linear *l, int first, int count, const float *w,
                         const float *b) {
    for (int o = 0; o < count; o++) {
        if (k->precision == PRECISION_INT8)
            pack_int8(k, l, first + o, w + (int64_t)o * l->in);
        else
            pack_elements(k, l, first + o, w + (int64_t)o * l->in);
        l->bias[first + o] = b[o];
        element_store(l->bias_element, k->precision, first + o, b[o]);
    }
}

static void pack_linear(const Packer *k, const Linear *l, int first, int count, TensorOffset at) {
    const float *data = k->weights->data;
    pack_outputs(k, l, first, count, data + at.weight, data + at.bias);
}

static void pack_vector(const Packer *k, float *to, size_t at) {
    memcpy(to, k->weights->data + at, (size_t)k->config->width * sizeof *to);
}

static void pack_norm(const Packer *k, const Norm *n, TensorOffset at) {
    pack_vector(k, n->gain, at.weight);
    pack_vector(k, n->shift, at.bias);
}

static void pack_self_attn(const Packer *k, const Linear *l, const LayerOffsets *at,
                           float *scratch) {
    const float *data = k->weights->data;
    const int C = k->config->width;
    FoldArgs fold;
    fold.wo = data + at->out_proj.weight;
    fold.bo = data + at->out_proj.bias;
    fold.wv = data + at->value_proj.weight;
    fold.bv = data + at->value_proj.bias;
    fold.weight = scratch;
    fold.bias = scratch + (size_t)C * (size_t)C;
    fold.width = C;
    for (int o = 0; o < C; o++) fold_one(&fold, o, TEAM_OF_ONE);
    pack_outputs(k, l, 0, C, fold.weight, fold.bias);
}

static void pack_layer(const Packer *k, const Packed *p, int l, const LayerOffsets *at,
                       float *scratch) {
    pack_self_attn(k, &p->layer[l].self_attn, at, scratch);
    pack_linear(k, &p->layer[l].linear1, 0, k->config->hidden, at->linear1);
    pack_linear(k, &p->layer[l].linear2, 0, k->config->width, at->linear2);
    pack_norm(k, &p->layer[l].norm1, at->norm1);
    pack_norm(k, &p->layer[l].norm2, at->norm2);
}

static int same_shape(const ModelConfig *a, const ModelConfig *b) {
    return a->inputs == b->inputs && a->width == b->width && a->heads == b->heads &&
           a->hidden == b->hidden && a->layers == b->layers &&
           a->policy_hidden == b->policy_hidden && a->actions == b->actions &&
           a->value_hidden == b->value_hidden && a->values == b->values &&
           a->value_head == b->value_head;
}

Status packed_fill(const Packed *p, const ModelConfig *config, Precision precision, PackOrder order,
                   const Weights *weights) {
    if (!same_shape(config, &weights->config)) return STATUS_ARGUMENT;
    size_t C = (size_t)config->width;
    float *scratch = (float *)malloc((C * C + C) * sizeof *scratch);
    if (!scratch) return STATUS_MEMORY;
    const Packer k = {.config = config, .weights = weights, .precision = precision, .order = order};
    WeightsOffsets at;
    weights_offsets(config, &at);
    pack_linear(&k, &p->input_embedding, 0, config->width, at.input_embedding);
    pack_norm(&k, &p->input_norm, at.input_norm);
    pack_vector(&k, p->positional_encoding, at.positional_encoding);
    for (int l = 0; l < config->layers; l++) pack_layer(&k, p, l, &at.layer[l], scratch);
    pack_linear(&k, &p->fc0, 0, config->policy_hidden, at.policy_fc0);
    pack_linear(&k, &p->fc0, config->policy_hidden, config->value_hidden, at.value_fc0);
    pack_linear(&k, &p->policy_fc3, 0, config->actions, at.policy_fc3);
    pack_linear(&k, &p->value_fc3, 0, config->values, at.value_fc3);
    free(scratch);
    return STATUS_OK;
}
