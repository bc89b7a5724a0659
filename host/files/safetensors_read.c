/* host/files/safetensors_read.c - reads safetensors files and checks all of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "safetensors.h"

static const struct {
    const char *name;
    int bytes;
} types[SAFE_COUNT] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"U8", 1},
                       {"I16", 2}, {"U16", 2}, {"I32", 4},  {"I64", 8}};

int safetensors_type_bytes(SafeType type) { return types[type].bytes; }
const char *safetensors_type_name(SafeType type) { return types[type].name; }

/* An integer in 0..2^53, which a double holds exactly. */
static bool read_size(const cJSON *item, int64_t *out) {
    const double most = 9007199254740992.0;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= most))
        return false;
    *out = (int64_t)item->valuedouble;
    return (double)*out == item->valuedouble;
}

static Status read_type(const char *path, const cJSON *entry, SafeTensor *t) {
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    if (!cJSON_IsString(dtype)) return durable_refuse(path, "tensor %.99s has no dtype", t->name);
    for (int i = 0; i < SAFE_COUNT; i++)
        if (strcmp(dtype->valuestring, types[i].name) == 0) {
            t->type = (SafeType)i;
            return STATUS_OK;
        }
    return durable_refuse(
        path, "tensor %.99s has dtype %.20s, allowed are F32 F16 BF16 U8 I16 U16 I32 I64", t->name,
        dtype->valuestring);
}

/* Reads shape and offsets, and checks without overflow that they agree. */
static Status read_tensor(const char *path, const cJSON *entry, int64_t data_bytes, SafeTensor *t) {
    memset(t, 0, sizeof *t);
    t->name = entry->string;
    if (!cJSON_IsObject(entry) || cJSON_GetArraySize(entry) != 3)
        return durable_refuse(path, "tensor %.99s must have dtype, shape, data_offsets", t->name);
    TRY(read_type(path, entry, t));
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape"), *dim;
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    int64_t end, bytes = types[t->type].bytes;
    if (!cJSON_IsArray(shape) || cJSON_GetArraySize(shape) > SAFE_RANK)
        return durable_refuse(path, "tensor %.99s: shape must be a list of at most %d sizes",
                              t->name, SAFE_RANK);
    t->count = 1;
    cJSON_ArrayForEach(dim, shape) {
        int64_t size;
        if (!read_size(dim, &size) || (size > 0 && t->count > (INT64_MAX >> 4) / size))
            return durable_refuse(
                path, "tensor %.99s: shape contains a size that is not a whole number in range",
                t->name);
        t->dims[t->rank++] = size;
        t->count *= size;
    }
    bytes *= t->count;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !read_size(cJSON_GetArrayItem(offsets, 0), &t->begin) ||
        !read_size(cJSON_GetArrayItem(offsets, 1), &end))
        return durable_refuse(path, "tensor %.99s: data_offsets must be two sizes", t->name);
    if (t->begin > end || end > data_bytes)
        return durable_refuse(path,
                              "tensor %.99s lies at %" PRId64 "..%" PRId64 " of %" PRId64
                              " data bytes: the file is truncated or damaged",
                              t->name, t->begin, end, data_bytes);
    if (end - t->begin != bytes)
        return durable_refuse(path,
                              "tensor %.99s takes %" PRId64 " bytes, its shape needs %" PRId64,
                              t->name, end - t->begin, bytes);
    return STATUS_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const SafeTensor *)a)->name, ((const SafeTensor *)b)->name);
}

static int by_offset(const void *a, const void *b) {
    const SafeTensor *x = (const SafeTensor *)a, *y = (const SafeTensor *)b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->count != y->count ? (x->count < y->count ? -1 : 1) : by_name(a, b);
}

/* Checks that names differ and that the tensors cover the data exactly once. */
static Status check_cover(Safetensors *s, int64_t data_bytes) {
    qsort(s->tensors, (size_t)s->tensor_count, sizeof *s->tensors, by_name);
    for (int i = 1; i < s->tensor_count; i++)
        if (by_name(&s->tensors[i - 1], &s->tensors[i]) == 0)
            return durable_refuse(s->path, "tensor %.99s appears twice", s->tensors[i].name);
    qsort(s->tensors, (size_t)s->tensor_count, sizeof *s->tensors, by_offset);
    int64_t at = 0;
    for (int i = 0; i < s->tensor_count; i++) {
        const SafeTensor *t = &s->tensors[i];
        if (t->begin != at)
            return durable_refuse(s->path,
                                  "tensor %.99s begins at byte %" PRId64 ", expected %" PRId64,
                                  t->name, t->begin, at);
        at += t->count * types[t->type].bytes;
    }
    if (at != data_bytes)
        return durable_refuse(s->path, "%" PRId64 " data bytes, the tensors cover %" PRId64,
                              data_bytes, at);
    return STATUS_OK;
}

static Status read_metadata(Safetensors *s, const cJSON *metadata) {
    const cJSON *item, *other;
    if (s->metadata) return durable_refuse(s->path, "__metadata__ appears twice");
    if (!cJSON_IsObject(metadata)) return durable_refuse(s->path, "__metadata__ is not an object");
    if (cJSON_GetArraySize(metadata) > SAFE_TEXTS)
        return durable_refuse(s->path, "__metadata__ has more than %d entries", SAFE_TEXTS);
    cJSON_ArrayForEach(item, metadata) {
        if (!cJSON_IsString(item))
            return durable_refuse(s->path, "__metadata__ %.99s is not a string", item->string);
        for (other = metadata->child; other != item; other = other->next)
            if (strcmp(other->string, item->string) == 0)
                return durable_refuse(s->path, "__metadata__ %.99s appears twice", item->string);
    }
    s->metadata = metadata;
    return STATUS_OK;
}

/* The header must be exactly one JSON object, then spaces. */
static Status read_header(Safetensors *s, int64_t header_bytes) {
    const char *text = (const char *)s->bytes + 8, *end = NULL;
    const unsigned char *data = s->bytes + 8 + header_bytes;
    int64_t data_bytes = (int64_t)s->size - 8 - header_bytes;
    s->header = cJSON_ParseWithLengthOpts(text, (size_t)header_bytes, &end, 0);
    bool whole = s->header && cJSON_IsObject(s->header);
    for (; whole && end < text + header_bytes; end++) whole = *end == ' ';
    if (!whole) return durable_refuse(s->path, "its header is not a JSON object");
    const cJSON *entry;
    int count = cJSON_GetArraySize(s->header);
    s->tensors = (SafeTensor *)calloc((size_t)count + 1, sizeof *s->tensors);
    if (!s->tensors) return STATUS_MEMORY;
    cJSON_ArrayForEach(entry, s->header) {
        if (strcmp(entry->string, "__metadata__") == 0) {
            TRY(read_metadata(s, entry));
            continue;
        }
        SafeTensor *t = &s->tensors[s->tensor_count];
        TRY(read_tensor(s->path, entry, data_bytes, t));
        t->data = data + t->begin;
        s->tensor_count++;
    }
    return check_cover(s, data_bytes);
}

static Status check_checksum(const Safetensors *s, int64_t header_bytes) {
    const char *claimed = safetensors_find_text(s, "xxh64");
    char field[40];
    if (!claimed || strlen(claimed) != 16)
        return durable_refuse(s->path, "checksum xxh64 is %.40s, expected 16 digits",
                              claimed ? claimed : "missing");
    int length = snprintf(field, sizeof field, "\"xxh64\":\"%.16s\"", claimed);
    /* Quotes within strings are escaped, so the field occurs only once. */
    const unsigned char *at = s->bytes + 8, *last = s->bytes + 8 + header_bytes - length;
    while (at <= last && memcmp(at, field, (size_t)length) != 0) at++;
    if (at > last) return durable_refuse(s->path, "its checksum xxh64 is not in the expected form");
    at += length - 17;
    XXH64_state_t *state = XXH64_createState();
    if (!state || XXH64_reset(state, 0) != XXH_OK) {
        XXH64_freeState(state);
        return STATUS_MEMORY;
    }
    XXH64_update(state, s->bytes, (size_t)(at - s->bytes));
    XXH64_update(state, "0000000000000000", 16);
    XXH64_update(state, at + 16, s->size - (size_t)(at + 16 - s->bytes));
    char digits[17];
    snprintf(digits, sizeof digits, "%016" PRIx64, (uint64_t)XXH64_digest(state));
    XXH64_freeState(state);
    if (strcmp(digits, claimed) == 0) return STATUS_OK;
    return durable_refuse(s->path, "checksum is %s, expected %s: the file is damaged", digits,
                          claimed);
}

Status safetensors_open(Safetensors *out, const char *path, SafeChecksum checksum) {
    memset(out, 0, sizeof *out);
    size_t length = strlen(path) + 1;
    out->path = (char *)malloc(length);
    if (!out->path) return STATUS_MEMORY;
    memcpy(out->path, path, length);
    TRY(durable_read(path, &out->bytes, &out->size));
    if (out->size < 8)
        return durable_refuse(path, "%zu bytes: a safetensors file has at least 8", out->size);
    uint64_t header_bytes;
    memcpy(&header_bytes, out->bytes, 8);
    if (header_bytes > SAFE_HEADER_BYTES || header_bytes > out->size - 8)
        return durable_refuse(path,
                              "a header of %" PRIu64 " bytes in a file of %zu: truncated, or not a "
                              "safetensors file",
                              header_bytes, out->size);
    TRY(read_header(out, (int64_t)header_bytes));
    if (safetensors_find_text(out, "xxh64")) return check_checksum(out, (int64_t)header_bytes);
    if (checksum == SAFE_CHECKSUM_IF_ANY) return STATUS_OK;
    return durable_refuse(path, "has no checksum xxh64 in its __metadata__: not written by Blob");
}

void safetensors_close(Safetensors *s) {
    cJSON_Delete(s->header);
    free(s->tensors);
    free(s->bytes);
    free(s->path);
    memset(s, 0, sizeof *s);
}

const SafeTensor *safetensors_find_tensor(const Safetensors *s, const char *name) {
    for (int i = 0; i < s->tensor_count; i++)
        if (strcmp(s->tensors[i].name, name) == 0) return &s->tensors[i];
    return NULL;
}

const char *safetensors_find_text(const Safetensors *s, const char *key) {
    const cJSON *item = s->metadata ? cJSON_GetObjectItemCaseSensitive(s->metadata, key) : NULL;
    return item ? item->valuestring : NULL;
}

static cJSON *peek_header(FILE *f) {
    uint64_t bytes = 0;
    char *text = NULL;
    cJSON *header = NULL;
    if (fread(&bytes, sizeof bytes, 1, f) == 1 && bytes <= SAFE_HEADER_BYTES)
        text = (char *)malloc((size_t)bytes);
    if (text && fread(text, 1, (size_t)bytes, f) == bytes)
        header = cJSON_ParseWithLength(text, (size_t)bytes);
    free(text);
    return header;
}

cJSON *safetensors_peek(const char *path) {
    struct stat found;
    if (stat(path, &found) != 0 || !S_ISREG(found.st_mode)) return NULL; /* a pipe would block */
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    cJSON *header = peek_header(f);
    cJSON *texts = cJSON_DetachItemFromObjectCaseSensitive(header, "__metadata__");
    if (!texts && cJSON_IsObject(header)) texts = cJSON_CreateObject();
    cJSON_Delete(header);
    fclose(f);
    return texts;
}
