/* host/files/weights_shape.c - infers the shape of a network from its tensors. */
#include "weights_shape.h"

#include <stdlib.h>
#include <string.h>

#include "float_tensor.h"
#include "weights_names.h"

enum { SIZE_MOST = 1 << 20 };

/* Rows and columns of a matrix; either pointer may be NULL. */
static Status read_matrix(const Safetensors *file, const char *name, int *rows, int *columns) {
    const SafeTensor *t = safetensors_find_tensor(file, name);
    const char *longer = t ? NULL : weights_names_longer(file, name);
    if (longer)
        return durable_refuse(file->path, "has no tensor %s, but %.99s: that prefix must go", name,
                              longer);
    if (!t) return durable_refuse(file->path, "is not a network: has no tensor %s", name);
    if (t->rank != 2 || t->dims[0] < 1 || t->dims[0] > SIZE_MOST || t->dims[1] < 1 ||
        t->dims[1] > SIZE_MOST) {
        char found[FLOAT_TENSOR_SHAPE];
        float_tensor_print_shape(found, t->rank, t->dims);
        return durable_refuse(file->path, "tensor %s has shape %s: must have two sizes, each 1..%d",
                              name, found, (int)SIZE_MOST);
    }
    if (rows) *rows = (int)t->dims[0];
    if (columns) *columns = (int)t->dims[1];
    return STATUS_OK;
}

static int count_layers(const Safetensors *file) {
    char name[64];
    for (int layer = 0;; layer++) {
        snprintf(name, sizeof name, "transformer.layers.%d.linear1.weight", layer);
        if (!safetensors_find_tensor(file, name)) return layer;
    }
}

static Status read_texts(const Safetensors *file, ModelConfig *c) {
    const char *heads = safetensors_find_text(file, "heads");
    const char *head = safetensors_find_text(file, "value_head");
    char *end = NULL;
    if (heads) {
        long count = strtol(heads, &end, 10);
        if (end == heads || *end || count < 1 || count > SIZE_MOST)
            return durable_refuse(file->path,
                                  "heads is %.40s, allowed is a whole number of 1 or more", heads);
        c->heads = (int)count;
    }
    c->value_head = c->values == 1 ? VALUE_TANH : VALUE_SIGMOID;
    if (!head) return STATUS_OK;
    if (strcmp(head, "sigmoid") != 0 && strcmp(head, "tanh") != 0)
        return durable_refuse(file->path, "value_head is %.40s, allowed are sigmoid and tanh",
                              head);
    c->value_head = strcmp(head, "tanh") == 0 ? VALUE_TANH : VALUE_SIGMOID;
    return STATUS_OK;
}

static Status read_shape(const Safetensors *file, ModelConfig *c) {
    *c = model_config_default();
    TRY(read_matrix(file, "input_embedding.weight", &c->width, &c->inputs));
    TRY(read_matrix(file, "transformer.layers.0.linear1.weight", &c->hidden, NULL));
    TRY(read_matrix(file, "policy_fc.0.weight", &c->policy_hidden, NULL));
    TRY(read_matrix(file, "policy_fc.3.weight", &c->actions, NULL));
    TRY(read_matrix(file, "value_fc.0.weight", &c->value_hidden, NULL));
    TRY(read_matrix(file, "value_fc.3.weight", &c->values, NULL));
    c->layers = count_layers(file);
    TRY(read_texts(file, c));
    if (model_config_check(c) == STATUS_OK) return STATUS_OK;
    return durable_refuse(
        file->path,
        "%d inputs, width %d, %d heads, hidden width %d, %d layers: widths must be "
        "multiples of 32, heads must divide the width, layers are at most 64",
        c->inputs, c->width, c->heads, c->hidden, c->layers);
}

Status weights_file_shape(const char *path, ModelConfig *out) {
    Safetensors file;
    char removed[WEIGHTS_NAMES_TEXT];
    Status status = weights_names_open(&file, path, removed);
    if (status == STATUS_OK) status = read_shape(&file, out);
    safetensors_close(&file);
    return status;
}

Status weights_file_player(const char *path, ModelConfig *out) {
    const ModelConfig need = model_config_default();
    TRY(weights_file_shape(path, out));
    if (out->inputs == need.inputs && out->actions == need.actions && out->values == need.values &&
        out->value_head == need.value_head)
        return STATUS_OK;
    return durable_refuse(path,
                          "%d inputs, %d actions, %d values: a player needs %d, %d, %d, and "
                          "sigmoid values",
                          out->inputs, out->actions, out->values, need.inputs, need.actions,
                          need.values);
}
