/* host/files/weights_file.c - a network's parameters as safetensors, by PyTorch's names. */
#include "weights_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "game/observe.h"
#include "safetensors.h"

static const char *const value_head_names[VALUE_COUNT] = {"sigmoid", "tanh"};

static float half_to_float(uint16_t h) {
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float magnitude = exponent == 31  ? (mantissa ? NAN : INFINITY)
                      : exponent == 0 ? ldexpf((float)mantissa, -24)
                                      : ldexpf((float)(1024 + mantissa), exponent - 25);
    return h >> 15 ? -magnitude : magnitude;
}

/* Element i of an F32, F16 or BF16 tensor. */
static float read_float(const SafeTensor *t, size_t i) {
    uint32_t bits;
    uint16_t half;
    float x;
    if (t->type == SAFE_F32) {
        memcpy(&x, t->data + 4 * i, 4);
        return x;
    }
    memcpy(&half, t->data + 2 * i, 2);
    if (t->type == SAFE_F16) return half_to_float(half);
    bits = (uint32_t)half << 16;
    memcpy(&x, &bits, 4);
    return x;
}

/* "(256, 1024)" */
static void print_shape(char *text, size_t size, int rank, const int64_t *dims) {
    size_t n = (size_t)snprintf(text, size, "(");
    for (int d = 0; d < rank && n < size; d++)
        n += (size_t)snprintf(text + n, size - n, "%s%" PRId64, d ? ", " : "", dims[d]);
    if (n < size) snprintf(text + n, size - n, ")");
}

static Status load_tensor(const Safetensors *file, const WeightTensor *want, float *to) {
    const SafeTensor *t = safetensors_find_tensor(file, want->name);
    if (!t) return durable_refuse(file->path, "has no tensor %s", want->name);
    if (t->type != SAFE_F32 && t->type != SAFE_F16 && t->type != SAFE_BF16)
        return durable_refuse(file->path, "tensor %s has dtype %s, allowed are F32 F16 BF16",
                              t->name, safetensors_type_name(t->type));
    int64_t dims[3] = {want->dims[0], want->dims[1], want->dims[2]};
    if (t->rank != want->rank || memcmp(t->dims, dims, sizeof *dims * (size_t)want->rank) != 0) {
        char found[200], expected[80];
        print_shape(found, sizeof found, t->rank, t->dims);
        print_shape(expected, sizeof expected, want->rank, dims);
        return durable_refuse(file->path, "tensor %s has shape %s, expected %s", t->name, found,
                              expected);
    }
    for (size_t i = 0; i < want->count; i++) {
        to[i] = read_float(t, i);
        if (!isfinite(to[i]))
            return durable_refuse(file->path,
                                  "tensor %s is %f at index %zu, allowed are finite numbers",
                                  t->name, (double)to[i], i);
    }
    return STATUS_OK;
}

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
        WeightTensor want = weights_tensor(&out->config, i);
        TRY(load_tensor(file, &want, out->data + want.offset));
    }
    for (int i = 0; i < file->tensor_count; i++)
        if (!weights_find(out, file->tensors[i].name))
            return durable_refuse(file->path, "tensor %.99s is none of this network's",
                                  file->tensors[i].name);
    return STATUS_OK;
}

Status weights_file_load(Weights *out, const ModelConfig *config, const char *path) {
    Safetensors file;
    memset(out, 0, sizeof *out);
    Status status = safetensors_open(&file, path, SAFE_CHECKSUM_IF_ANY);
    if (status != STATUS_OK) goto fail;
    TRY_GOTO(status, weights_alloc(out, config));
    TRY_GOTO(status, load_all(&file, out));
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
    cJSON_AddStringToObject(texts, "format", "pt"); /* readers of PyTorch's files ask for it */
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
    WeightTensor *names = (WeightTensor *)calloc((size_t)count, sizeof *names);
    Status status = STATUS_MEMORY;
    if (!texts || !tensors || !names) goto fail;
    for (int i = 0; i < count; i++) {
        names[i] = weights_tensor(&weights->config, i);
        tensors[i].name = names[i].name;
        tensors[i].type = SAFE_F32;
        tensors[i].rank = names[i].rank;
        for (int d = 0; d < names[i].rank; d++) tensors[i].dims[d] = names[i].dims[d];
    }
    TRY_GOTO(status, safetensors_create(&writer, path, tensors, count, texts));
    for (int i = 0; i < count; i++)
        TRY_GOTO(status, safetensors_append(&writer, i, weights->data + names[i].offset,
                                            names[i].count * sizeof *weights->data));
    TRY_GOTO(status, safetensors_commit(&writer));
fail:
    safetensors_abort(&writer);
    cJSON_Delete(texts);
    free(tensors);
    free(names);
    return status;
}

void weights_file_hash(const Weights *weights, char hash[WEIGHTS_HASH_TEXT]) {
    uint64_t digest = XXH64(weights->data, weights->count * sizeof *weights->data, 0);
    snprintf(hash, WEIGHTS_HASH_TEXT, "%016" PRIx64, digest);
}
