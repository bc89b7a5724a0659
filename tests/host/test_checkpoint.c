/* tests/host/test_checkpoint.c - checkpoints come back to the bit, or are refused, wherever
 * damaged. */
#include <math.h>

#include "host/files/safetensors.h"
#include "host/files/weights_file.h"
#include "host/games/identity.h"
#include "host/train/checkpoint.h"
#include "tests/support/files.h"

static const ModelConfig config = {
    .inputs = 32,
    .width = 32,
    .heads = 2,
    .hidden = 32,
    .layers = 2,
    .policy_hidden = 32,
    .actions = 52,
    .value_hidden = 32,
    .values = 8,
    .value_head = VALUE_SIGMOID,
};

/* A state whose every number follows from `seed`. */
static void make_state(TrainState *s, uint64_t seed) {
    CHECK(train_state_alloc(s, &config) == STATUS_OK);
    weights_init(&s->weights, seed);
    weights_init(&s->ema, seed + 1);
    weights_init(&s->m, seed + 2);
    weights_init(&s->v, seed + 3);
    s->weights.data[3] = -0.0f;
    s->m.data[5] = 1e-42f; /* subnormal: kept to the bit as well */
    TrainCounters c = {12345678901, 12345678000, 901, 3, 0, {UINT64_MAX - seed, (uint64_t)1 << 35}};
    s->counters = c;
}

static int same_weights(const Weights *a, const Weights *b) {
    return a->count == b->count && memcmp(a->data, b->data, a->count * sizeof *a->data) == 0;
}

static int same_state(const TrainState *a, const TrainState *b) {
    return same_weights(&a->weights, &b->weights) && same_weights(&a->ema, &b->ema) &&
           same_weights(&a->m, &b->m) && same_weights(&a->v, &b->v) &&
           memcmp(&a->counters, &b->counters, sizeof a->counters) == 0;
}

/* Loads into a state that is then thrown away. */
static Status try_load(const char *path, const ModelConfig *shape) {
    TrainState s;
    cJSON *texts;
    CHECK(train_state_alloc(&s, shape) == STATUS_OK);
    Status status = checkpoint_load(path, shape, &s, &texts);
    CHECK((status == STATUS_OK) == (texts != NULL));
    cJSON_Delete(texts);
    train_state_free(&s);
    return status;
}

static void a_state_is_loaded_as_saved(void) {
    const char *path = files_path("a.safetensors"), *again = files_path("b.safetensors");
    cJSON *texts = cJSON_Parse("{\"best_checkpoint\":\"7\",\"history\":\"[{\\\"loss\\\":1.5}]\"}");
    cJSON *other = cJSON_Parse("{\"history\":\"[{\\\"loss\\\":1.5}]\",\"best_checkpoint\":\"7\"}");
    TrainState s, t;
    cJSON *read = NULL;
    make_state(&s, 1);
    make_state(&t, 99);
    CHECK(checkpoint_save(path, &s, texts) == STATUS_OK);
    CHECK(checkpoint_load(path, &config, &t, &read) == STATUS_OK && same_state(&s, &t));
    CHECK(cJSON_Compare(read, texts, 1));
    CHECK(checkpoint_save(again, &t, other) == STATUS_OK && files_same(path, again));
    int64_t best = 0;
    CHECK(checkpoint_peek_number(path, CHECKPOINT_BEST, &best) && best == 7);
    CHECK(!checkpoint_peek_number(path, "history", &best));
    CHECK(!checkpoint_peek_number(path, "none", &best));
    CHECK(!checkpoint_peek_number(files_path("none"), CHECKPOINT_BEST, &best));
    t.counters.last[1]++;
    CHECK(checkpoint_save(again, &t, texts) == STATUS_OK && !files_same(path, again));
    static const char *const ours[] = {"{\"model.width\":\"1\"}", "{\"counter.x\":\"1\"}",
                                       "{\"xxh64\":\"1\"}", "{\"checkpoint_version\":\"1\"}",
                                       "{\"number\":1}"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        cJSON *wrong = cJSON_Parse(ours[i]);
        CHECK(checkpoint_save(files_path("c"), &s, wrong) == STATUS_ARGUMENT);
        cJSON_Delete(wrong);
    }
    CHECK(files_count(folder, "c") == 0);
    cJSON_Delete(read);
    cJSON_Delete(texts);
    cJSON_Delete(other);
    train_state_free(&s);
    train_state_free(&t);
}

static void every_cut_is_refused(void) {
    const char *path = files_path("a.safetensors"), *cut = files_path("cut.safetensors");
    Safetensors file;
    unsigned char *bytes;
    size_t size;
    CHECK(safetensors_open(&file, path, SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    CHECK(durable_read(path, &bytes, &size) == STATUS_OK);
    size_t data_at = 0, header = (size_t)(file.tensors[0].data - file.bytes);
    size_t few[] = {0, 1, 7, 8, 9, header / 2, header - 1, header, size - 1};
    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++) {
        files_put(cut, bytes, few[i]);
        CHECK_SAYS(try_load(cut, &config), STATUS_INPUT, "cut.safetensors: ");
    }
    for (int i = 0; i < file.tensor_count; i += 7)
        for (int by = -1; by <= 1; by++) {
            data_at = header + (size_t)(file.tensors[i].begin + 4 * file.tensors[i].count);
            if (data_at + (size_t)by >= size) continue;
            files_put(cut, bytes, data_at + (size_t)by);
            CHECK_SAYS(try_load(cut, &config), STATUS_INPUT, "truncated or damaged");
        }
    bytes = realloc(bytes, size + 1);
    files_put(cut, bytes, size + 1); /* a byte too many */
    CHECK_SAYS(try_load(cut, &config), STATUS_INPUT, "data bytes");
    free(bytes);
    safetensors_close(&file);
}

static void every_flipped_bit_is_refused(void) {
    const char *path = files_path("a.safetensors"), *bad = files_path("bad.safetensors");
    unsigned char *bytes;
    size_t size;
    CHECK(durable_read(path, &bytes, &size) == STATUS_OK);
    for (size_t at = 0, i = 0; at < size; at += 1 + size / 150, i++) {
        bytes[at] ^= (unsigned char)(1 << i % 8);
        files_put(bad, bytes, size);
        CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, "bad.safetensors: ");
        bytes[at] ^= (unsigned char)(1 << i % 8);
    }
    free(bytes);
}

/* Copies a checkpoint with the text `key` changed, and the tensor `name` left out, or in
 * another type or shape; a checksum that fits. */
static void write_changed(const char *from, const char *to, const char *key, const char *text,
                          const char *name, SafeType type, int rank) {
    Safetensors file;
    SafetensorsWriter w;
    CHECK(safetensors_open(&file, from, SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    cJSON *texts = identity_copy(file.metadata);
    if (key) cJSON_DeleteItemFromObjectCaseSensitive(texts, key);
    if (key && text) cJSON_AddStringToObject(texts, key, text);
    SafeTensor *tensors = calloc((size_t)file.tensor_count, sizeof *tensors);
    const unsigned char *data[200];
    int count = 0;
    for (int i = 0; i < file.tensor_count && i < 200; i++) {
        SafeTensor t = file.tensors[i];
        if (name && strcmp(t.name, name) == 0) {
            if (rank == 0) continue;
            t.type = type;
            t.rank = rank;
            t.dims[0] = t.count * 4 / safetensors_type_bytes(type);
        }
        data[count] = t.data;
        tensors[count++] = t;
    }
    CHECK(safetensors_create(&w, to, tensors, count, texts) == STATUS_OK);
    for (int i = 0; i < count; i++) {
        size_t elements = 1;
        for (int d = 0; d < tensors[i].rank; d++) elements *= (size_t)tensors[i].dims[d];
        elements *= (size_t)safetensors_type_bytes(tensors[i].type);
        CHECK(safetensors_append(&w, i, data[i], elements) == STATUS_OK);
    }
    CHECK(safetensors_commit(&w) == STATUS_OK);
    cJSON_Delete(texts);
    free(tensors);
    safetensors_close(&file);
}

static void another_version_or_shape_is_refused(void) {
    static const char matrix[] = "adam_v.input_embedding.weight";
    const char *path = files_path("a.safetensors"), *bad = files_path("bad.safetensors");
    static const struct {
        const char *key, *text, *said;
    } texts[] = {
        {"checkpoint_version", "2", "checkpoint_version is 2, this program reads 1"},
        {"checkpoint_version", NULL, "is not a checkpoint"},
        {"observation_version", "99", "observation_version is 99, this program reads"},
        {"observation_version", NULL, "has no observation_version"},
        {"model.layers", "3", "model.layers is 3, expected 2"},
        {"model.heads", "4", "model.heads is 4, expected 2"},
        {"model.value_head", "1", "model.value_head is 1, expected 0"},
        {"model.width", "wide", "model.width is wide, allowed is 0.."},
        {"counter.steps", "-1", "counter.steps is -1"},
        {"counter.steps", "9999999999999999999999", "counter.steps is 9999999"},
        {"counter.stopped", NULL, "has no counter.stopped"},
        {"counter.last_0", "0x1", "counter.last_0 is 0x1"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_changed(path, bad, texts[i].key, texts[i].text, NULL, SAFE_F32, 0);
        CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, texts[i].said);
    }
    write_changed(path, bad, NULL, NULL, matrix, SAFE_F32, 0);
    CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, "has no tensor adam_v.input_embedding.weight");
    write_changed(path, bad, NULL, NULL, matrix, SAFE_F32, 1);
    CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, "has shape (1024), expected (32, 32)");
    write_changed(path, bad, NULL, NULL, matrix, SAFE_I32, 1);
    CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, "has dtype I32, expected F32");
    ModelConfig wide = config;
    wide.width = 64;
    CHECK_SAYS(try_load(path, &wide), STATUS_INPUT, "model.width is 32, expected 64");
    TrainState s;
    make_state(&s, 1);
    CHECK(weights_file_save(&s.ema, bad, NULL) == STATUS_OK);
    CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, "is not a checkpoint");
    s.ema.data[9] = NAN;
    CHECK(checkpoint_save(bad, &s, NULL) == STATUS_OK);
    CHECK_SAYS(try_load(bad, &config), STATUS_INPUT, "at index 9, allowed are finite numbers");
    CHECK_SAYS(try_load(files_path("none"), &config), STATUS_INPUT, "none: cannot be read");
    train_state_free(&s);
}

static void a_full_disk_loses_nothing(void) {
    const char *path = files_path("full.safetensors"), *copy = files_path("a.safetensors");
    TrainState s, t;
    make_state(&s, 1);
    make_state(&t, 2);
    cJSON *texts = cJSON_Parse("{\"best_checkpoint\":\"7\",\"history\":\"[{\\\"loss\\\":1.5}]\"}");
    CHECK(checkpoint_save(path, &s, texts) == STATUS_OK);
    static const rlim_t limits[] = {1000, 5000, 60000, 200000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        files_limit(limits[i]);
        CHECK_SAYS(checkpoint_save(path, &t, texts), STATUS_FILE, "File too large");
        files_limit(RLIM_INFINITY);
        CHECK(files_same(path, copy) && files_count(folder, "aside") == 0);
    }
    CHECK(checkpoint_save(path, &t, texts) == STATUS_OK && !files_same(path, copy));
    cJSON_Delete(texts);
    train_state_free(&s);
    train_state_free(&t);
}

int main(void) {
    files_begin();
    a_state_is_loaded_as_saved();
    every_cut_is_refused();
    every_flipped_bit_is_refused();
    another_version_or_shape_is_refused();
    a_full_disk_loses_nothing();
    files_clear(folder);
    return check_report();
}
