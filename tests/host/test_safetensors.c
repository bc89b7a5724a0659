/* tests/host/test_safetensors.c - safetensors in and out, refusals, damage, full disks, weights. */
#include <math.h>
#include <xxhash.h>

#include "host/files/safetensors.h"
#include "host/files/weights_file.h"
#include "host/files/weights_shape.h"
#include "tests/support/files.h"

/* A small file of three types, the smallest elements given first. */
static Status write_sample(const char *path, const cJSON *metadata) {
    static const uint8_t bytes[5] = {1, 2, 3, 4, 5};
    static const float floats[6] = {1, -2, 3.5f, 0, 1e-30f, 6};
    static const int64_t longs[1] = {-7};
    SafeTensor t[3];
    SafetensorsWriter w;
    memset(t, 0, sizeof t);
    t[0].name = "a.bytes", t[0].type = SAFE_U8, t[0].rank = 1, t[0].dims[0] = 5;
    t[1].name = "floats", t[1].type = SAFE_F32, t[1].rank = 2, t[1].dims[0] = 2, t[1].dims[1] = 3;
    t[2].name = "long", t[2].type = SAFE_I64, t[2].rank = 0;
    TRY(safetensors_create(&w, path, t, 3, metadata));
    Status status = STATUS_OK;
    for (int i = 0; i < 2; i++) {
        TRY_GOTO(status, safetensors_append(&w, 1, floats + 3 * i, 12));
        TRY_GOTO(status, safetensors_append(&w, 0, bytes + 2 * i, i ? 3 : 2));
    }
    TRY_GOTO(status, safetensors_append(&w, 2, longs, 8));
    return safetensors_commit(&w);
fail:
    safetensors_abort(&w);
    return status;
}

static void tensors_are_read_back_as_written(void) {
    const char *path = files_path("sample"), *again = files_path("again");
    cJSON *one = cJSON_Parse("{\"seed\":\"1\",\"a \\\"xxh64\\\":\\\"\":\"\\\"xxh64\\\":\\\"0\"}");
    cJSON *other = cJSON_Parse("{\"a \\\"xxh64\\\":\\\"\":\"\\\"xxh64\\\":\\\"0\",\"seed\":\"1\"}");
    CHECK(write_sample(path, one) == STATUS_OK && write_sample(again, other) == STATUS_OK);
    CHECK(files_same(path, again)); /* the order of the keys plays no part */
    Safetensors s;
    CHECK(safetensors_open(&s, path, SAFE_CHECKSUM_REQUIRED) == STATUS_OK && s.tensor_count == 3);
    const SafeTensor *f = safetensors_find_tensor(&s, "floats");
    const SafeTensor *l = safetensors_find_tensor(&s, "long");
    CHECK(f && f->type == SAFE_F32 && f->rank == 2 && f->dims[0] == 2 && f->dims[1] == 3);
    CHECK(f && f->count == 6 && f->begin == 8 && ((const float *)(const void *)f->data)[2] == 3.5f);
    CHECK(l && l->rank == 0 && l->count == 1 && l->begin == 0 && l->data[0] == 0xF9);
    CHECK(l && (l->data - s.bytes) % 8 == 0);
    const SafeTensor *b = safetensors_find_tensor(&s, "a.bytes");
    CHECK(b && b->begin == 32 && memcmp(b->data, "\1\2\3\4\5", 5) == 0);
    CHECK(!safetensors_find_tensor(&s, "none") && !safetensors_find_text(&s, "none"));
    CHECK(strcmp(safetensors_find_text(&s, "seed"), "1") == 0);
    safetensors_close(&s);
    cJSON_Delete(one);
    cJSON_Delete(other);
}

/* Writes [header's length][header][data bytes of value 0] and opens it. */
static Status open_made(const char *header, size_t data_bytes, SafeChecksum checksum) {
    unsigned char bytes[4096] = {0};
    uint64_t length = strlen(header);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    files_put(files_path("made"), bytes, 8 + length + data_bytes);
    Safetensors s;
    Status status = safetensors_open(&s, files_path("made"), checksum);
    safetensors_close(&s);
    return status;
}

static void foreign_headers_are_read_or_refused(void) {
    CHECK(open_made("{}", 0, SAFE_CHECKSUM_IF_ANY) == STATUS_OK);
    CHECK(open_made("{ \"a\" : {\"shape\":[],\"data_offsets\":[0,4],\"dtype\":\"F32\"}}  ", 4,
                    SAFE_CHECKSUM_IF_ANY) == STATUS_OK);
    CHECK(open_made("{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]},"
                    "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                    "\"c\":{\"dtype\":\"I64\",\"shape\":[0,9],\"data_offsets\":[4,4]}}",
                    4, SAFE_CHECKSUM_IF_ANY) == STATUS_OK);
    static const struct {
        const char *header;
        size_t data;
        const char *said;
    } bad[] = {
        {"", 0, "not a JSON object"},
        {"[]", 0, "not a JSON object"},
        {"{", 0, "not a JSON object"},
        {"{} {}", 0, "not a JSON object"},
        {"{}\t", 0, "not a JSON object"},
        {"{}", 1, "1 data bytes, the tensors cover 0"},
        {"{\"a\":1}", 0, "must have dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "must have dtype"},
        {"{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no dtype"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "dtype F64"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "must be a list"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
         "at most 8"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "in range"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,6]}}", 6, "in range"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,4]}}", 4, "in range"},
        {"{\"a\":{\"dtype\":\"I64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
         "in range"},
        {"{\"a\":{\"dtype\":\"I64\",\"shape\":[9007199254740992,256],\"data_offsets\":[0,0]}}", 0,
         "in range"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "must be two sizes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "lies at 4..0"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "truncated"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
         "its shape needs 8"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         3, "expected 2"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "expected 0"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2, "cover 1"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         2, "appears twice"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "not a string"},
        {"{\"__metadata__\":7}", 0, "not an object"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
        {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "twice"},
        {"{\"__metadata__\":{\"xxh64\":\"1\"}}", 0, "expected 16 digits"},
        {"{\"__metadata__\":{\"xxh64\": \"0123456789abcdef\"}}", 0, "not in the expected form"},
        {"{\"__metadata__\":{\"xxh64\":\"0123456789abcdef\"}}", 0, "checksum is"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_SAYS(open_made(bad[i].header, bad[i].data, SAFE_CHECKSUM_IF_ANY), STATUS_INPUT,
                   bad[i].said);
    CHECK_SAYS(open_made("{}", 0, SAFE_CHECKSUM_REQUIRED), STATUS_INPUT, "has no checksum");
}

static Status open_bytes(const unsigned char *bytes, size_t size, SafeChecksum checksum) {
    files_put(files_path("bytes"), bytes, size);
    Safetensors s;
    Status status = safetensors_open(&s, files_path("bytes"), checksum);
    safetensors_close(&s);
    return status;
}

static void every_cut_and_every_flipped_bit_is_refused(void) {
    unsigned char *bytes;
    size_t size;
    CHECK(write_sample(files_path("whole"), NULL) == STATUS_OK);
    CHECK(durable_read(files_path("whole"), &bytes, &size) == STATUS_OK);
    int accepted = 0;
    files_listen();
    for (size_t n = 0; n < size; n++)
        accepted += open_bytes(bytes, n, SAFE_CHECKSUM_IF_ANY) == STATUS_OK;
    for (size_t i = 0; i < 8 * size; i++) {
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        accepted += open_bytes(bytes, size, SAFE_CHECKSUM_REQUIRED) == STATUS_OK;
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    int lines = files_listen_end();
    CHECK(accepted == 0 && lines > 0);
    CHECK(open_bytes(bytes, size, SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    free(bytes);
}

static void a_failed_write_leaves_the_old_file(void) {
    const char *path = files_path("kept");
    files_put(path, "old", 3);
    int names = files_count(folder, "");
    files_limit(100);
    CHECK_SAYS(write_sample(path, NULL), STATUS_FILE, "cannot be written");
    CHECK_SAYS(durable_save(path, said, sizeof said), STATUS_FILE, "cannot be written");
    files_limit(RLIM_INFINITY);
    CHECK(files_count(folder, "") == names);
    files_put(files_path("old"), "old", 3);
    CHECK(files_same(path, files_path("old")));
    DurableFile f;
    CHECK(durable_open(&f, files_path("late")) == STATUS_OK);
    CHECK(mkdir(files_path("late"), 0777) == 0); /* and the rename fails */
    CHECK_SAYS(durable_commit(&f), STATUS_FILE, "cannot be renamed");
    CHECK(files_count(folder, "aside") == 0);
    CHECK_SAYS(durable_save("/dev/full", "x", 1), STATUS_FILE, "full: cannot be written: No space");
    CHECK_SAYS(durable_save(files_path("none/x"), "x", 1), STATUS_FILE, "No such file");
    CHECK(durable_save(path, "new", 3) == STATUS_OK && !files_same(path, files_path("old")));
    Safetensors s;
    CHECK_SAYS(safetensors_open(&s, files_path("none"), SAFE_CHECKSUM_IF_ANY), STATUS_INPUT,
               "No such file");
    safetensors_close(&s);
    CHECK_SAYS(safetensors_open(&s, folder, SAFE_CHECKSUM_IF_ANY), STATUS_INPUT, "plain file");
    safetensors_close(&s);
}

/* The sample network's tensors, with one of them changed: `tensor` -1 is one more than it has. */
typedef struct {
    int tensor;
    const char *name; /* NULL: left out */
    SafeType type;
    int first_dim;  /* 0: as it is */
    uint32_t value; /* the bits of element 1; all others are 0 */
} Change;

static Status load_changed(const ModelConfig *config, const Change *change, float *value) {
    SafeTensor tensors[64];
    WeightTensor names[64];
    SafetensorsWriter w;
    int count = weights_tensor_count(config), n = 0, at = -1;
    memset(tensors, 0, sizeof tensors);
    for (int i = 0; i <= count; i++) {
        bool changed = i == change->tensor || (i == count && change->tensor < 0);
        if ((i == count && !changed) || (changed && !change->name)) continue;
        names[n] = weights_tensor(config, i < count ? i : 0);
        tensors[n].name = changed ? change->name : names[n].name;
        tensors[n].type = changed ? change->type : SAFE_F32;
        tensors[n].rank = names[n].rank;
        for (int d = 0; d < names[n].rank; d++) tensors[n].dims[d] = names[n].dims[d];
        if (changed && change->first_dim) tensors[n].dims[0] = change->first_dim;
        if (changed) at = n;
        n++;
    }
    TRY(safetensors_create(&w, files_path("net"), tensors, n, NULL));
    for (int i = 0; i < n; i++) {
        size_t bytes = (size_t)safetensors_type_bytes(tensors[i].type), total = bytes;
        for (int d = 0; d < tensors[i].rank; d++) total *= (size_t)tensors[i].dims[d];
        unsigned char *zeros = (unsigned char *)calloc(total, 1);
        if (i == at) memcpy(zeros + bytes, &change->value, bytes);
        CHECK(safetensors_append(&w, i, zeros, total) == STATUS_OK);
        free(zeros);
    }
    TRY(safetensors_commit(&w));
    Weights weights;
    TRY(weights_file_load(&weights, config, files_path("net")));
    if (at >= 0) *value = weights_find(&weights, tensors[at].name)[1];
    weights_free(&weights);
    return STATUS_OK;
}

static void weights_must_match_the_shape_exactly(void) {
    ModelConfig config =
                    {
                        .inputs = 32,
                        .width = 32,
                        .heads = 2,
                        .hidden = 32,
                        .layers = 1,
                        .policy_hidden = 32,
                        .actions = 52,
                        .value_hidden = 32,
                        .values = 8,
                        .value_head = VALUE_SIGMOID,
                    },
                other = config;
    Weights a, b;
    float x = 0;
    char hash[WEIGHTS_HASH_TEXT], again[WEIGHTS_HASH_TEXT];
    CHECK(weights_alloc(&a, &config) == STATUS_OK);
    weights_init(&a, 3);
    CHECK(weights_file_save(&a, files_path("net"), NULL) == STATUS_OK);
    CHECK(weights_file_load(&b, &config, files_path("net")) == STATUS_OK);
    CHECK(a.count == b.count && memcmp(a.data, b.data, a.count * sizeof *a.data) == 0);
    weights_file_hash(&a, hash);
    weights_file_hash(&b, again);
    CHECK(strlen(hash) == 16 && strcmp(hash, again) == 0);
    b.data[b.count - 1] += 1;
    weights_file_hash(&b, again);
    CHECK(strcmp(hash, again) != 0);
    weights_free(&b);
    weights_free(&a);
    other.heads = 4;
    CHECK_SAYS(weights_file_load(&b, &other, files_path("net")), STATUS_INPUT, "heads is 2");
    other.heads = 2, other.value_head = VALUE_TANH;
    CHECK_SAYS(weights_file_load(&b, &other, files_path("net")), STATUS_INPUT, "value_head");
    Change plain = {-2, NULL, SAFE_F32, 0, 0}, change = plain;
    change.tensor = 0, change.name = "positional_encoding";
    change.value = 0xBFC00000;
    CHECK(load_changed(&config, &change, &x) == STATUS_OK && x == -1.5f);
    change.type = SAFE_BF16, change.value = 0xBFC0;
    CHECK(load_changed(&config, &change, &x) == STATUS_OK && x == -1.5f);
    change.type = SAFE_F16, change.value = 0xBE00;
    CHECK(load_changed(&config, &change, &x) == STATUS_OK && x == -1.5f);
    change.value = 0x0201; /* below the normal numbers */
    CHECK(load_changed(&config, &change, &x) == STATUS_OK && x == 513.0f / 16777216);
    change.value = 0x7C00;
    CHECK_SAYS(load_changed(&config, &change, &x), STATUS_INPUT, "positional_encoding is inf at");
    change.type = SAFE_F32, change.value = 0x7FC00000;
    CHECK_SAYS(load_changed(&config, &change, &x), STATUS_INPUT, "nan at index 1");
    change.type = SAFE_I32, change.value = 0;
    CHECK_SAYS(load_changed(&config, &change, &x), STATUS_INPUT, "dtype I32");
    change.type = SAFE_F32, change.first_dim = 2;
    CHECK_SAYS(load_changed(&config, &change, &x), STATUS_INPUT,
               "shape (2, 1, 32), expected (1, 1, 32)");
    change.name = NULL, change.tensor = 2, change.first_dim = 0;
    CHECK_SAYS(load_changed(&config, &change, &x), STATUS_INPUT, "has no tensor input_embedding");
    change.name = "zebra", change.tensor = -1;
    CHECK_SAYS(load_changed(&config, &change, &x), STATUS_INPUT, "tensor zebra does not belong");
}

/* The tensors of the network, with a prefix in the first `wrapped` names and another in the
 * rest. */
static Status load_wrapped(const ModelConfig *config, const char *prefix, int wrapped,
                           const char *rest) {
    static char texts[64][96];
    SafeTensor tensors[64];
    SafetensorsWriter w;
    Weights whole, read;
    int count = weights_tensor_count(config);
    memset(tensors, 0, sizeof tensors);
    CHECK(weights_alloc(&whole, config) == STATUS_OK);
    weights_init(&whole, 5);
    for (int i = 0; i < count; i++) {
        WeightTensor t = weights_tensor(config, i);
        snprintf(texts[i], sizeof texts[i], "%s%s", i < wrapped ? prefix : rest, t.name);
        tensors[i].name = texts[i], tensors[i].type = SAFE_F32, tensors[i].rank = t.rank;
        for (int d = 0; d < t.rank; d++) tensors[i].dims[d] = t.dims[d];
    }
    TRY(safetensors_create(&w, files_path("wrapped"), tensors, count, NULL));
    for (int i = 0; i < count; i++) {
        WeightTensor t = weights_tensor(config, i);
        CHECK(safetensors_append(&w, i, whole.data + t.offset, 4 * t.count) == STATUS_OK);
    }
    TRY(safetensors_commit(&w));
    ModelConfig shape;
    Status status = weights_file_shape(files_path("wrapped"), &shape);
    if (status == STATUS_OK) status = weights_file_load(&read, config, files_path("wrapped"));
    if (status == STATUS_OK) {
        CHECK(memcmp(read.data, whole.data, 4 * whole.count) == 0);
        weights_free(&read);
    }
    weights_free(&whole);
    return status;
}

static void prefixes_of_wrappers_are_removed(void) {
    const ModelConfig config = {.inputs = 32,
                                .width = 32,
                                .heads = 8,
                                .hidden = 32,
                                .layers = 1,
                                .policy_hidden = 32,
                                .actions = 52,
                                .value_hidden = 32,
                                .values = 8,
                                .value_head = VALUE_SIGMOID};
    files_listen();
    CHECK(load_wrapped(&config, "", 64, "") == STATUS_OK);
    CHECK(files_listen_end() == 0);
    CHECK_SAYS(load_wrapped(&config, "_orig_mod.", 64, ""), STATUS_OK,
               "wrapped: names are read without _orig_mod., which");
    CHECK_SAYS(load_wrapped(&config, "module.", 64, ""), STATUS_OK, "without module., which");
    CHECK_SAYS(load_wrapped(&config, "module._orig_mod.", 64, ""), STATUS_OK,
               "without _orig_mod. module., which");
    CHECK_SAYS(load_wrapped(&config, "_orig_mod.", 3, ""), STATUS_OK, "without _orig_mod., which");
    CHECK_SAYS(load_wrapped(&config, "net.", 64, ""), STATUS_INPUT,
               "has no tensor input_embedding.weight, but net.input_embedding.weight: that prefix");
    CHECK_SAYS(load_wrapped(&config, "submodule.", 64, ""), STATUS_INPUT, "submodule.input_emb");
    Change twin = {-1, "module.input_norm.bias", SAFE_F32, 0, 0};
    float x;
    CHECK_SAYS(load_changed(&config, &twin, &x), STATUS_INPUT,
               "tensor input_norm.bias is there with and without prefix");
}

int main(void) {
    files_begin();
    tensors_are_read_back_as_written();
    foreign_headers_are_read_or_refused();
    every_cut_and_every_flipped_bit_is_refused();
    a_failed_write_leaves_the_old_file();
    weights_must_match_the_shape_exactly();
    prefixes_of_wrappers_are_removed();
    files_clear(folder);
    return check_report();
}
