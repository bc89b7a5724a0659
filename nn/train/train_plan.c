/* nn/train/train_plan.c - the places of tensors by their names. */
#include "train_plan.h"

/* Offset of the tensor `prefix` + `name`, which exists. */
static size_t place_of(const ModelConfig *c, const char *prefix, const char *name, size_t *count) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    WeightTensor t = {.count = 0};
    for (int i = 0; i < weights_tensor_count(c); i++) {
        t = weights_tensor(c, i);
        if (strcmp(t.name, whole) == 0) break;
    }
    if (count) *count = t.count;
    return t.offset;
}

/* What a plan is written with: the next free column. */
typedef struct {
    const ModelConfig *config;
    TrainPlan *plan;
    int32_t *place;
} PlanWriter;

static TrainVector add_columns(const PlanWriter *w, size_t at, int count) {
    TrainVector v = {at, w->plan->columns};
    for (int i = 0; w->place && i < count; i++) w->place[v.column + i] = (int32_t)at + i;
    w->plan->columns += count;
    return v;
}

static TrainVector add_vector(const PlanWriter *w, const char *prefix, const char *name) {
    size_t count = 0, at = place_of(w->config, prefix, name, &count);
    return add_columns(w, at, (int)count);
}

static void add_layer(const PlanWriter *w, int l) {
    TrainLayer *layer = &w->plan->layer[l];
    const ModelConfig *c = w->config;
    const size_t C = (size_t)c->width;
    char p[64];
    snprintf(p, sizeof p, "transformer.layers.%d.", l);
    layer->value = place_of(c, p, "self_attn.in_proj_weight", NULL) + 2 * C * C;
    layer->out = place_of(c, p, "self_attn.out_proj.weight", NULL);
    layer->up = place_of(c, p, "linear1.weight", NULL);
    layer->down = place_of(c, p, "linear2.weight", NULL);
    size_t bias = place_of(c, p, "self_attn.in_proj_bias", NULL) + 2 * C;
    layer->value_bias = add_columns(w, bias, c->width);
    layer->out_bias = add_vector(w, p, "self_attn.out_proj.bias");
    layer->up_bias = add_vector(w, p, "linear1.bias");
    layer->down_bias = add_vector(w, p, "linear2.bias");
    layer->gain1 = add_vector(w, p, "norm1.weight");
    layer->shift1 = add_vector(w, p, "norm1.bias");
    layer->gain2 = add_vector(w, p, "norm2.weight");
    layer->shift2 = add_vector(w, p, "norm2.bias");
}

void train_plan_make(const ModelConfig *config, TrainPlan *out, int32_t *place) {
    PlanWriter w = {config, out, place};
    memset(out, 0, sizeof *out);
    out->count = weights_parameter_count(config);
    out->position = place_of(config, "positional_encoding", "", NULL);
    out->embed = place_of(config, "input_embedding.weight", "", NULL);
    out->embed_bias = add_vector(&w, "input_embedding", ".bias");
    out->embed_gain = add_vector(&w, "input_norm", ".weight");
    out->embed_shift = add_vector(&w, "input_norm", ".bias");
    for (int l = 0; l < config->layers; l++) add_layer(&w, l);
    out->policy_up = place_of(config, "policy_fc", ".0.weight", NULL);
    out->policy_up_bias = add_vector(&w, "policy_fc", ".0.bias");
    out->policy_down = place_of(config, "policy_fc", ".3.weight", NULL);
    out->policy_down_bias = add_vector(&w, "policy_fc", ".3.bias");
    out->value_up = place_of(config, "value_fc", ".0.weight", NULL);
    out->value_up_bias = add_vector(&w, "value_fc", ".0.bias");
    out->value_down = place_of(config, "value_fc", ".3.weight", NULL);
    out->value_down_bias = add_vector(&w, "value_fc", ".3.bias");
    out->metrics = add_columns(&w, out->count, LOSS_COUNT).column;
}

bool train_plan_tensor(const ModelConfig *config, int i, TrainTensor *out) {
    for (int t = 0; t < weights_tensor_count(config); t++) {
        const WeightTensor tensor = weights_tensor(config, t);
        const bool both = strstr(tensor.name, "in_proj_weight") != NULL;
        if (i >= (both ? 2 : 1)) {
            i -= both ? 2 : 1;
            continue;
        }
        out->at = tensor.offset;
        out->product = tensor.rank == 2;
        out->out = tensor.rank == 2 ? tensor.dims[0] : (int)tensor.count;
        out->in = tensor.rank == 2 ? tensor.dims[1] : 1;
        if (!both) return true;
        const int C = config->width;
        out->product = i == 1;
        out->out = i == 1 ? C : 2 * C;
        if (i == 1) out->at += (size_t)2 * (size_t)C * (size_t)C;
        return true;
    }
    return false;
}
