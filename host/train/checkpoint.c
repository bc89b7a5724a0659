/* host/train/checkpoint.c - four networks and the counters, to a safetensors file and back. */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "game/observe.h"
#include "host/files/float_tensor.h"

enum { PARTS = 4, COUNTERS = 7, SIZES = 10, NAME_BYTES = 80, TEXTS_MAX = 900 };

static const char *const part_names[PARTS] = {"weights", "ema", "adam_m", "adam_v"};
static const char *const counter_names[COUNTERS] = {
    "counter.steps",   "counter.updates", "counter.skipped", "counter.bad_in_a_row",
    "counter.stopped", "counter.last_0",  "counter.last_1"};
static const char *const size_names[SIZES] = {
    "model.inputs", "model.width",         "model.heads",   "model.hidden",
    "model.layers", "model.policy_hidden", "model.actions", "model.value_hidden",
    "model.values", "model.value_head"};

/* In the order of size_names. */
static void list_sizes(const ModelConfig *c, int64_t sizes[SIZES]) {
    const int64_t all[SIZES] = {
        c->inputs,        c->width,   c->heads,        c->hidden, c->layers,
        c->policy_hidden, c->actions, c->value_hidden, c->values, (int64_t)c->value_head};
    memcpy(sizes, all, sizeof all);
}

static const Weights *part_of(const TrainState *state, int part) {
    const Weights *const parts[PARTS] = {&state->weights, &state->ema, &state->m, &state->v};
    return parts[part];
}

/* In the order of counter_names. */
static void list_counters(const TrainCounters *c, int64_t counters[COUNTERS]) {
    const int64_t all[COUNTERS] = {c->steps,           c->updates, c->skipped,
                                   c->bad_in_a_row,    c->stopped, (int64_t)c->last[0],
                                   (int64_t)c->last[1]};
    memcpy(counters, all, sizeof all);
}

static void take_counters(TrainCounters *c, const int64_t counters[COUNTERS]) {
    memset(c, 0, sizeof *c);
    c->steps = counters[0];
    c->updates = counters[1];
    c->skipped = counters[2];
    c->bad_in_a_row = (int32_t)counters[3];
    c->stopped = (int32_t)counters[4];
    c->last[0] = (uint64_t)counters[5];
    c->last[1] = (uint64_t)counters[6];
}

static bool add_number(cJSON *texts, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return cJSON_AddStringToObject(texts, name, text) != NULL;
}

/* The whole metadata; NULL: no memory. */
static cJSON *describe(const TrainState *state, const cJSON *texts) {
    int64_t sizes[SIZES], counters[COUNTERS];
    cJSON *all = texts ? cJSON_Duplicate(texts, 1) : cJSON_CreateObject();
    list_sizes(&state->weights.config, sizes);
    list_counters(&state->counters, counters);
    bool added = all && cJSON_AddStringToObject(all, "checkpoint_version", CHECKPOINT_VERSION) &&
                 add_number(all, "observation_version", OBSERVE_VERSION);
    for (int i = 0; i < SIZES; i++) added = added && add_number(all, size_names[i], sizes[i]);
    for (int i = 0; i < COUNTERS; i++)
        added = added && add_number(all, counter_names[i], counters[i]);
    if (added) return all;
    cJSON_Delete(all);
    return NULL;
}

/* Whether every value is a string and no key is one of ours. */
static bool texts_fit(const cJSON *texts) {
    const cJSON *item;
    bool fit = cJSON_GetArraySize(texts) <= TEXTS_MAX;
    cJSON_ArrayForEach(item, texts) {
        const char *key = item->string;
        fit = fit && cJSON_IsString(item) && strncmp(key, "model.", 6) != 0 &&
              strncmp(key, "counter.", 8) != 0 && strcmp(key, "checkpoint_version") != 0 &&
              strcmp(key, "observation_version") != 0 && strcmp(key, "xxh64") != 0;
    }
    return fit;
}

static void tensor_name(char *name, int part, const WeightTensor *t) {
    snprintf(name, NAME_BYTES, "%s.%s", part_names[part], t->name);
}

/* Describes the tensors of all parts; names (PARTS * count, NAME_BYTES) holds their names. */
static void list_tensors(const ModelConfig *config, SafeTensor *tensors, char *names) {
    int count = weights_tensor_count(config);
    for (int part = 0; part < PARTS; part++)
        for (int i = 0; i < count; i++) {
            SafeTensor *t = &tensors[part * count + i];
            WeightTensor w = weights_tensor(config, i);
            char *name = names + (size_t)(part * count + i) * NAME_BYTES;
            tensor_name(name, part, &w);
            *t = float_tensor_describe(&w);
            t->name = name;
        }
}

Status checkpoint_save(const char *path, const TrainState *state, const cJSON *texts) {
    const ModelConfig *config = &state->weights.config;
    int count = weights_tensor_count(config);
    if (texts && !texts_fit(texts)) return STATUS_ARGUMENT;
    SafetensorsWriter writer = {0};
    writer.file.fd = -1;
    cJSON *metadata = describe(state, texts);
    SafeTensor *tensors = calloc((size_t)(PARTS * count), sizeof *tensors);
    char *names = malloc((size_t)(PARTS * count) * NAME_BYTES);
    Status status = STATUS_MEMORY;
    if (!metadata || !tensors || !names) goto fail;
    list_tensors(config, tensors, names);
    TRY_GOTO(status, safetensors_create(&writer, path, tensors, PARTS * count, metadata));
    for (int part = 0; part < PARTS; part++)
        for (int i = 0; i < count; i++) {
            WeightTensor w = weights_tensor(config, i);
            const float *from = part_of(state, part)->data + w.offset;
            TRY_GOTO(status,
                     safetensors_append(&writer, part * count + i, from, w.count * sizeof *from));
        }
    TRY_GOTO(status, safetensors_commit(&writer));
fail:
    safetensors_abort(&writer);
    cJSON_Delete(metadata);
    free(tensors);
    free(names);
    return status;
}

/* Reads an integer in low..high from the metadata. */
static Status read_number(const Safetensors *file, const char *key, int64_t low, int64_t high,
                          int64_t *out) {
    const char *text = safetensors_find_text(file, key);
    char printed[32];
    if (!text) return durable_refuse(file->path, "has no %s in its metadata", key);
    *out = strtoll(text, NULL, 10);
    snprintf(printed, sizeof printed, "%" PRId64,
             *out); /* only the canonical spelling is accepted */
    if (strcmp(text, printed) != 0 || *out < low || *out > high)
        return durable_refuse(file->path, "%s is %.40s, allowed is %" PRId64 "..%" PRId64, key,
                              text, low, high);
    return STATUS_OK;
}

static Status check_version(const Safetensors *file) {
    const char *version = safetensors_find_text(file, "checkpoint_version");
    if (!version)
        return durable_refuse(file->path, "is not a checkpoint: has no checkpoint_version");
    if (strcmp(version, CHECKPOINT_VERSION) != 0)
        return durable_refuse(file->path, "checkpoint_version is %.40s, this program reads %s",
                              version, CHECKPOINT_VERSION);
    int64_t observation;
    TRY(read_number(file, "observation_version", 0, INT32_MAX, &observation));
    if (observation == OBSERVE_VERSION) return STATUS_OK;
    return durable_refuse(file->path, "observation_version is %" PRId64 ", this program reads %d",
                          observation, OBSERVE_VERSION);
}

static Status check_sizes(const Safetensors *file, const ModelConfig *config) {
    int64_t sizes[SIZES], found;
    list_sizes(config, sizes);
    for (int i = 0; i < SIZES; i++) {
        TRY(read_number(file, size_names[i], 0, INT32_MAX, &found));
        if (found != sizes[i])
            return durable_refuse(file->path, "%s is %" PRId64 ", expected %" PRId64, size_names[i],
                                  found, sizes[i]);
    }
    return STATUS_OK;
}

static Status load_tensors(const Safetensors *file, TrainState *state) {
    const ModelConfig *config = &state->weights.config;
    int count = weights_tensor_count(config);
    SafeTensor *tensors = calloc((size_t)(PARTS * count), sizeof *tensors);
    char *names = malloc((size_t)(PARTS * count) * NAME_BYTES);
    Status status = STATUS_MEMORY;
    if (!tensors || !names) goto fail;
    list_tensors(config, tensors, names);
    for (int k = 0; k < PARTS * count; k++) {
        float *part = part_of(state, k / count)->data;
        float *to = part + weights_tensor(config, k % count).offset;
        TRY_GOTO(status, float_tensor_load(file, &tensors[k], FLOAT_TENSOR_F32, to));
    }
    status = STATUS_OK;
    if (file->tensor_count != PARTS * count)
        status = durable_refuse(file->path, "has %d tensors, expected %d", file->tensor_count,
                                PARTS * count);
fail:
    free(tensors);
    free(names);
    return status;
}

/* Copies the metadata without our own keys. */
static Status copy_texts(const Safetensors *file, cJSON **texts) {
    *texts = cJSON_Duplicate(file->metadata, 1);
    if (!*texts) return STATUS_MEMORY;
    cJSON_DeleteItemFromObjectCaseSensitive(*texts, "xxh64");
    cJSON_DeleteItemFromObjectCaseSensitive(*texts, "checkpoint_version");
    cJSON_DeleteItemFromObjectCaseSensitive(*texts, "observation_version");
    for (int i = 0; i < SIZES; i++) cJSON_DeleteItemFromObjectCaseSensitive(*texts, size_names[i]);
    for (int i = 0; i < COUNTERS; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(*texts, counter_names[i]);
    return STATUS_OK;
}

static Status load_counters(const Safetensors *file, TrainCounters *out) {
    int64_t counters[COUNTERS];
    for (int i = 0; i < COUNTERS; i++) {
        bool bits = i >= 5, small = i == 3 || i == 4;
        TRY(read_number(file, counter_names[i], bits ? INT64_MIN : 0, small ? INT32_MAX : INT64_MAX,
                        &counters[i]));
    }
    take_counters(out, counters);
    return STATUS_OK;
}

Status checkpoint_load(const char *path, const ModelConfig *config, TrainState *state,
                       cJSON **texts) {
    Safetensors file;
    Status status = STATUS_OK;
    *texts = NULL;
    TRY_GOTO(status, safetensors_open(&file, path, SAFE_CHECKSUM_REQUIRED));
    TRY_GOTO(status, check_version(&file));
    TRY_GOTO(status, check_sizes(&file, config));
    TRY_GOTO(status, load_counters(&file, &state->counters));
    TRY_GOTO(status, load_tensors(&file, state));
    TRY_GOTO(status, copy_texts(&file, texts));
fail:
    safetensors_close(&file);
    return status;
}

bool checkpoint_peek_number(const char *path, const char *key, int64_t *out) {
    cJSON *texts = safetensors_peek(path);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(texts, key));
    char *end = NULL;
    if (text) *out = strtoll(text, &end, 10);
    bool found = text && end != text && !*end;
    cJSON_Delete(texts);
    return found;
}
