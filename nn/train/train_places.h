/* nn/train/train_places.h - where the tensors lie among a network's parameters, and in a copy in bf16.
 *
 *   parameters   [ before the layers | layer 0 | .. | layer L - 1 | policy head | value head ]
 *   copy         the same, the value head moved up until its matrices lie on 16 bytes */
#ifndef NN_TRAIN_TRAIN_PLACES_H
#define NN_TRAIN_TRAIN_PLACES_H

#include "train_plan.h"

/* Of a linear layer and of a norm: floats from the start of Weights.data, or from that of a
 * layer's parameters. */
typedef struct {
    int64_t weight, bias;
} TrainPlace;

typedef struct {
    int64_t position;
    TrainPlace embed, embed_norm;
    int64_t layer, layer_next;                  /* layer 0's parameters; from layer to layer */
    TrainPlace attend_in, attend_out, up, down; /* within a layer; attend_in: the rows of V */
    TrainPlace norm1, norm2;                    /* within a layer: gain, shift */
    TrainPlace policy_hidden, policy, value_hidden, value;
    int64_t count;     /* N */
    int64_t gap, wide; /* in the copy, parameters from `gap` on lie `wide` elements later */
} TrainPlaces;

static inline TrainPlace train_place(size_t weight, size_t bias, int64_t from) {
    const TrainPlace place = {(int64_t)weight - from, (int64_t)bias - from};
    return place;
}

static inline TrainPlaces train_places(const ModelConfig *c) {
    TrainPlan plan;
    TrainPlaces p;
    train_plan_make(c, &plan, NULL);
    const TrainLayer *l = &plan.layer[0];
    const int64_t C = c->width, in_proj = (int64_t)l->value - 2 * C * C;
    p.count = (int64_t)plan.count;
    p.position = (int64_t)plan.position;
    p.embed = train_place(plan.embed, plan.embed_bias.at, 0);
    p.embed_norm = train_place(plan.embed_gain.at, plan.embed_shift.at, 0);
    p.layer = in_proj;
    p.layer_next = ((int64_t)plan.policy_up - in_proj) / c->layers;
    p.attend_in = train_place(l->value, l->value_bias.at, in_proj);
    p.attend_out = train_place(l->out, l->out_bias.at, in_proj);
    p.up = train_place(l->up, l->up_bias.at, in_proj);
    p.down = train_place(l->down, l->down_bias.at, in_proj);
    p.norm1 = train_place(l->gain1.at, l->shift1.at, in_proj);
    p.norm2 = train_place(l->gain2.at, l->shift2.at, in_proj);
    p.policy_hidden = train_place(plan.policy_up, plan.policy_up_bias.at, 0);
    p.policy = train_place(plan.policy_down, plan.policy_down_bias.at, 0);
    p.value_hidden = train_place(plan.value_up, plan.value_up_bias.at, 0);
    p.value = train_place(plan.value_down, plan.value_down_bias.at, 0);
    p.gap = p.value_hidden.weight;
    p.wide = (8 - p.gap % 8) % 8;
    return p;
}

/* Where parameter i is in the copy. */
static inline int64_t train_place_half(const TrainPlaces *p, int64_t i) {
    return i < p->gap ? i : i + p->wide;
}

#endif
