/* nn/train/train_plan.c - numbers the columns of the vectors' gradients, and lists the tensors. */
#include "train_plan.h"

/* Hands out columns in order. */
typedef struct {
    int next;
    int32_t *offset; /* (columns) out, or NULL */
} PlanWriter;

/* Takes columns for the `count` parameters from `at` on; returns the first. */
static int add_columns(PlanWriter *w, size_t at, int count) {
    const int first = w->next;
    for (int i = 0; w->offset && i < count; i++) w->offset[first + i] = (int32_t)at + i;
    w->next += count;
    return first;
}

static NormColumns add_norm(PlanWriter *w, TensorOffset at, int width) {
    NormColumns norm;
    norm.gain = add_columns(w, at.weight, width);
    norm.shift = add_columns(w, at.bias, width);
    return norm;
}

static void add_layer(PlanWriter *w, const ModelConfig *c, const LayerOffsets *at,
                      LayerColumns *out) {
    out->value_proj = add_columns(w, at->value_proj.bias, c->width);
    out->out_proj = add_columns(w, at->out_proj.bias, c->width);
    out->linear1 = add_columns(w, at->linear1.bias, c->hidden);
    out->linear2 = add_columns(w, at->linear2.bias, c->width);
    out->norm1 = add_norm(w, at->norm1, c->width);
    out->norm2 = add_norm(w, at->norm2, c->width);
}

void train_plan_make(const ModelConfig *config, TrainPlan *out, int32_t *column_offset) {
    PlanWriter w = {.next = 0, .offset = column_offset};
    const WeightsOffsets *at = &out->at;
    TrainColumns *column = &out->column;
    memset(out, 0, sizeof *out);
    weights_offsets(config, &out->at);
    column->input_embedding = add_columns(&w, at->input_embedding.bias, config->width);
    column->input_norm = add_norm(&w, at->input_norm, config->width);
    for (int l = 0; l < config->layers; l++)
        add_layer(&w, config, &at->layer[l], &column->layer[l]);
    column->policy_fc0 = add_columns(&w, at->policy_fc0.bias, config->policy_hidden);
    column->policy_fc3 = add_columns(&w, at->policy_fc3.bias, config->actions);
    column->value_fc0 = add_columns(&w, at->value_fc0.bias, config->value_hidden);
    column->value_fc3 = add_columns(&w, at->value_fc3.bias, config->values);
    column->metrics = add_columns(&w, at->count, LOSS_COUNT);
    column->count = w.next;
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
