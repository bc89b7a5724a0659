/* nn/weights.c - the table of tensors, and their initialization from a seed. */
#include "weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/core/rng.h"

/* A dimension in the table: the field of ModelConfig that it comes from. */
typedef enum {
    DIM_NONE,
    DIM_ONE,
    DIM_INPUTS,
    DIM_WIDTH,
    DIM_3_WIDTH,
    DIM_HIDDEN,
    DIM_POLICY_HIDDEN,
    DIM_ACTIONS,
    DIM_VALUE_HIDDEN,
    DIM_VALUES
} Dim;

typedef struct {
    const char *name; /* within a layer, after "transformer.layers.N." */
    Dim dims[3];
} TensorRow;

static const TensorRow before_layers[] = {
    {"positional_encoding", {DIM_ONE, DIM_ONE, DIM_WIDTH}},
    {"input_embedding.weight", {DIM_WIDTH, DIM_INPUTS, DIM_NONE}},
    {"input_embedding.bias", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"input_norm.weight", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"input_norm.bias", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
};

static const TensorRow in_layer[] = {
    {"self_attn.in_proj_weight", {DIM_3_WIDTH, DIM_WIDTH, DIM_NONE}},
    {"self_attn.in_proj_bias", {DIM_3_WIDTH, DIM_NONE, DIM_NONE}},
    {"self_attn.out_proj.weight", {DIM_WIDTH, DIM_WIDTH, DIM_NONE}},
    {"self_attn.out_proj.bias", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"linear1.weight", {DIM_HIDDEN, DIM_WIDTH, DIM_NONE}},
    {"linear1.bias", {DIM_HIDDEN, DIM_NONE, DIM_NONE}},
    {"linear2.weight", {DIM_WIDTH, DIM_HIDDEN, DIM_NONE}},
    {"linear2.bias", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"norm1.weight", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"norm1.bias", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"norm2.weight", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
    {"norm2.bias", {DIM_WIDTH, DIM_NONE, DIM_NONE}},
};

static const TensorRow after_layers[] = {
    {"policy_fc.0.weight", {DIM_POLICY_HIDDEN, DIM_WIDTH, DIM_NONE}},
    {"policy_fc.0.bias", {DIM_POLICY_HIDDEN, DIM_NONE, DIM_NONE}},
    {"policy_fc.3.weight", {DIM_ACTIONS, DIM_POLICY_HIDDEN, DIM_NONE}},
    {"policy_fc.3.bias", {DIM_ACTIONS, DIM_NONE, DIM_NONE}},
    {"value_fc.0.weight", {DIM_VALUE_HIDDEN, DIM_WIDTH, DIM_NONE}},
    {"value_fc.0.bias", {DIM_VALUE_HIDDEN, DIM_NONE, DIM_NONE}},
    {"value_fc.3.weight", {DIM_VALUES, DIM_VALUE_HIDDEN, DIM_NONE}},
    {"value_fc.3.bias", {DIM_VALUES, DIM_NONE, DIM_NONE}},
};

enum {
    BEFORE = sizeof before_layers / sizeof before_layers[0],
    LAYER = sizeof in_layer / sizeof in_layer[0],
    AFTER = sizeof after_layers / sizeof after_layers[0]
};

static int dim_size(const ModelConfig *c, Dim dim) {
    switch (dim) {
    case DIM_INPUTS: return c->inputs;
    case DIM_WIDTH: return c->width;
    case DIM_3_WIDTH: return 3 * c->width;
    case DIM_HIDDEN: return c->hidden;
    case DIM_POLICY_HIDDEN: return c->policy_hidden;
    case DIM_ACTIONS: return c->actions;
    case DIM_VALUE_HIDDEN: return c->value_hidden;
    case DIM_VALUES: return c->values;
    default: return 1;
    }
}

static const TensorRow *row_at(const ModelConfig *c, int i) {
    if (i < BEFORE) return &before_layers[i];
    if (i < BEFORE + LAYER * c->layers) return &in_layer[(i - BEFORE) % LAYER];
    return &after_layers[i - BEFORE - LAYER * c->layers];
}

static size_t row_count(const ModelConfig *c, const TensorRow *row) {
    size_t count = 1;
    for (int d = 0; d < 3; d++) count *= (size_t)dim_size(c, row->dims[d]);
    return count;
}

int weights_tensor_count(const ModelConfig *config) {
    return BEFORE + LAYER * config->layers + AFTER;
}

WeightTensor weights_tensor(const ModelConfig *config, int i) {
    const TensorRow *row = row_at(config, i);
    WeightTensor t = {.count = row_count(config, row)};
    int layer = i >= BEFORE && i < BEFORE + LAYER * config->layers;
    if (layer)
        snprintf(t.name, sizeof t.name, "transformer.layers.%d.%s", (i - BEFORE) / LAYER,
                 row->name);
    else
        snprintf(t.name, sizeof t.name, "%s", row->name);
    for (int d = 0; d < 3 && row->dims[d] != DIM_NONE; d++)
        t.dims[t.rank++] = dim_size(config, row->dims[d]);
    for (int before = 0; before < i; before++)
        t.offset += row_count(config, row_at(config, before));
    return t;
}

size_t weights_parameter_count(const ModelConfig *config) {
    size_t count = 0;
    for (int i = 0; i < weights_tensor_count(config); i++)
        count += row_count(config, row_at(config, i));
    return count;
}

float *weights_find(const Weights *weights, const char *name) {
    for (int i = 0; i < weights_tensor_count(&weights->config); i++) {
        WeightTensor t = weights_tensor(&weights->config, i);
        if (strcmp(t.name, name) == 0) return weights->data + t.offset;
    }
    return NULL;
}

/* The offset of the tensor `prefix` + `name`, which every network has. */
static size_t offset_of(const ModelConfig *c, const char *prefix, const char *name) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    int i = 0;
    while (strcmp(weights_tensor(c, i).name, whole) != 0) i++;
    return weights_tensor(c, i).offset;
}

static TensorOffset pair_of(const ModelConfig *c, const char *prefix, const char *weight,
                            const char *bias) {
    TensorOffset at = {.weight = offset_of(c, prefix, weight), .bias = offset_of(c, prefix, bias)};
    return at;
}

static LayerOffsets first_layer(const ModelConfig *c) {
    const char *p = "transformer.layers.0.";
    const size_t C = (size_t)c->width;
    LayerOffsets at;
    at.in_proj = pair_of(c, p, "self_attn.in_proj_weight", "self_attn.in_proj_bias");
    at.value_proj.weight = at.in_proj.weight + 2 * C * C;
    at.value_proj.bias = at.in_proj.bias + 2 * C;
    at.out_proj = pair_of(c, p, "self_attn.out_proj.weight", "self_attn.out_proj.bias");
    at.linear1 = pair_of(c, p, "linear1.weight", "linear1.bias");
    at.linear2 = pair_of(c, p, "linear2.weight", "linear2.bias");
    at.norm1 = pair_of(c, p, "norm1.weight", "norm1.bias");
    at.norm2 = pair_of(c, p, "norm2.weight", "norm2.bias");
    return at;
}

static LayerOffsets next_layer(LayerOffsets at, size_t stride) {
    TensorOffset *const all[] = {&at.in_proj, &at.value_proj, &at.out_proj, &at.linear1,
                                 &at.linear2, &at.norm1,      &at.norm2};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->weight += stride;
        all[i]->bias += stride;
    }
    return at;
}

void weights_offsets(const ModelConfig *config, WeightsOffsets *out) {
    memset(out, 0, sizeof *out);
    out->positional_encoding = offset_of(config, "positional_encoding", "");
    out->input_embedding = pair_of(config, "input_embedding", ".weight", ".bias");
    out->input_norm = pair_of(config, "input_norm", ".weight", ".bias");
    for (int i = 0; i < LAYER; i++) out->layer_stride += row_count(config, &in_layer[i]);
    out->layer[0] = first_layer(config);
    for (int l = 1; l < config->layers; l++)
        out->layer[l] = next_layer(out->layer[l - 1], out->layer_stride);
    out->policy_fc0 = pair_of(config, "policy_fc.0", ".weight", ".bias");
    out->policy_fc3 = pair_of(config, "policy_fc.3", ".weight", ".bias");
    out->value_fc0 = pair_of(config, "value_fc.0", ".weight", ".bias");
    out->value_fc3 = pair_of(config, "value_fc.3", ".weight", ".bias");
    out->count = weights_parameter_count(config);
}

Status weights_alloc(Weights *out, const ModelConfig *config) {
    out->config = *config;
    out->data = NULL;
    out->count = 0;
    TRY(model_config_check(config));
    size_t count = weights_parameter_count(config);
    out->data = (float *)calloc(count, sizeof *out->data);
    if (!out->data) return STATUS_MEMORY;
    out->count = count;
    return STATUS_OK;
}

void weights_free(Weights *weights) {
    free(weights->data);
    weights->data = NULL;
    weights->count = 0;
}

void weights_init(Weights *weights, uint64_t seed) {
    for (int i = 0; i < weights_tensor_count(&weights->config); i++) {
        WeightTensor t = weights_tensor(&weights->config, i);
        float *w = weights->data + t.offset;
        if (t.rank == 1) { /* the only vectors named weight are those of norms */
            int norm = strstr(t.name, "norm") && strstr(t.name, ".weight");
            for (size_t k = 0; k < t.count; k++) w[k] = norm ? 1.0f : 0.0f;
            continue;
        }
        float reach = t.rank == 3 ? 0.02f : sqrtf(6.0f / (float)(t.dims[0] + t.dims[1]));
        Rng rng = rng_begin(seed, (uint64_t)i, 0, RNG_WEIGHTS, 0);
        for (size_t k = 0; k < t.count; k++) w[k] = (2.0f * rng_unit(&rng) - 1.0f) * reach;
    }
}
