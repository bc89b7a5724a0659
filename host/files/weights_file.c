/* host/files/weights_file.c - a network's parameters as safetensors, by PyTorch's names. */
#include "weights_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "game/observe.h"
#include "float_tensor.h"
#include "weights_names.h"

static const char *const value_head_names[VALUE_COUNT] = {"sigmoid", "tanh"};

static Status check_text(const Safetensors *file, const char *key, const char *expected) {
    const char *found = safetensors_find_text(file, key);
    if (!found || strcmp(found, expected) == 0) return STATUS_OK;
    return durable_refuse(file->path, "%s is %.40s, expected %s", key, found, expected);
}

static Status check_metadata(const Safetensors *file, const ModelConfig *config) {
    char heads[16], observation[16];
    snprintf(heads, sizeof heads, "%d", config->heads);
    snprintf(observation, sizeof observation, "%d", OBSERVE_VERSION);
    TRY(check_text(file, "heads", heads));
    TRY(check_text(file, "value_head", value_head_names[config->value_head]));
    return check_text(file, "observation_version", observation);
}

static Status load_all(const Safetensors *file, Weights *out) {
    int count = weights_tensor_count(&out->config);
    TRY(check_metadata(file, &out->config));
    for (int i = 0; i < count; i++) {
        WeightTensor parameter = weights_tensor(&out->config, i);
        SafeTensor want = float_tensor_describe(&parameter);
        TRY(float_tensor_load(file, &want, FLOAT_TENSOR_ANY, out->data + parameter.offset));
    }
    for (int i = 0; i < file->tensor_count; i++)
        if (!weights_find(out, file->tensors[i].name))
            return durable_refuse(file->path, "tensor %.99s does not belong to this network",
                                  file->tensors[i].name);
    return STATUS_OK;
}

Status weights_file_load(Weights *out, const ModelConfig *config, const char *path) {
    Safetensors file;
    memset(out, 0, sizeof *out);
    char removed[WEIGHTS_NAMES_TEXT];
    Status status = weights_names_open(&file, path, removed);
    if (status != STATUS_OK) goto fail;
    TRY_GOTO(status, weights_alloc(out, config));
    TRY_GOTO(status, load_all(&file, out));
    if (removed[0])
        fprintf(stderr, "%s: names are read without %s, which wrappers of PyTorch add\n", path,
                removed);
    safetensors_close(&file);
    return STATUS_OK;
fail:
    safetensors_close(&file);
    weights_free(out);
    memset(out, 0, sizeof *out);
    return status;
}

static cJSON *describe(const Weights *weights, const cJSON *metadata) {
    char number[16];
    cJSON *texts = metadata ? cJSON_Duplicate(metadata, 1) : cJSON_CreateObject();
    if (!texts) return NULL;
    cJSON_AddStringToObject(texts, "format", "pt"); /* expected by readers of PyTorch's files */
    cJSON_AddStringToObject(texts, "model", "blobnet");
    cJSON_AddStringToObject(texts, "value_head", value_head_names[weights->config.value_head]);
    snprintf(number, sizeof number, "%d", weights->config.heads);
    cJSON_AddStringToObject(texts, "heads", number);
    snprintf(number, sizeof number, "%d", OBSERVE_VERSION);
    cJSON_AddStringToObject(texts, "observation_version", number);
    return texts;
}

Status weights_file_save(const Weights *weights, const char *path, const cJSON *metadata) {
    int count = weights_tensor_count(&weights->config);
    SafetensorsWriter writer = {0};
    writer.file.fd = -1;
    cJSON *texts = describe(weights, metadata);
    SafeTensor *tensors = (SafeTensor *)calloc((size_t)count, sizeof *tensors);
    WeightTensor *parameters = (WeightTensor *)calloc((size_t)count, sizeof *parameters);
    Status status = STATUS_MEMORY;
    if (!texts || !tensors || !parameters) goto fail;
    for (int i = 0; i < count; i++) {
        parameters[i] = weights_tensor(&weights->config, i);
        tensors[i] = float_tensor_describe(&parameters[i]);
    }
    TRY_GOTO(status, safetensors_create(&writer, path, tensors, count, texts));
    for (int i = 0; i < count; i++)
        TRY_GOTO(status, safetensors_append(&writer, i, weights->data + parameters[i].offset,
                                            parameters[i].count * sizeof *weights->data));
    TRY_GOTO(status, safetensors_commit(&writer));
fail:
    safetensors_abort(&writer);
    cJSON_Delete(texts);
    free(tensors);
    free(parameters);
    return status;
}

void weights_file_hash(const Weights *weights, char hash[WEIGHTS_HASH_TEXT]) {
    uint64_t digest = XXH64(weights->data, weights->count * sizeof *weights->data, 0);
    snprintf(hash, WEIGHTS_HASH_TEXT, "%016" PRIx64, digest);
}
