/* host/files/safetensors_write.c - writes safetensors files, every tensor at its own pace. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "safetensors.h"

enum { STREAM_BYTES = 1 << 16 };

struct SafetensorsStream {
    int64_t at, end; /* bytes from the start of the data: next to be written; the tensor's end */
    size_t held;     /* bytes in `buffer`, not yet in the file */
    unsigned char buffer[STREAM_BYTES];
};

static int by_key(const void *a, const void *b) {
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* A copy by ascending key, with zeros as the checksum. NULL: no memory. */
static cJSON *sorted_metadata(const cJSON *metadata) {
    int count = metadata ? cJSON_GetArraySize(metadata) : 0, n = 0;
    const cJSON **items = (const cJSON **)malloc(sizeof *items * (size_t)(count + 1));
    cJSON *out = cJSON_CreateObject();
    const cJSON *item;
    if (!items || !out) goto fail;
    cJSON_ArrayForEach(item, metadata) items[n++] = item;
    qsort(items, (size_t)n, sizeof *items, by_key);
    for (int i = 0; i < n; i++) {
        assert(cJSON_IsString(items[i]) && strcmp(items[i]->string, "xxh64") != 0);
        if (!cJSON_AddStringToObject(out, items[i]->string, items[i]->valuestring)) goto fail;
    }
    if (!cJSON_AddStringToObject(out, "xxh64", "0000000000000000")) goto fail;
    free(items);
    return out;
fail:
    free(items);
    cJSON_Delete(out);
    return NULL;
}

static bool add_tensor(cJSON *header, const SafeTensor *t, int64_t begin, int64_t end) {
    cJSON *entry = cJSON_AddObjectToObject(header, t->name);
    if (!entry || !cJSON_AddStringToObject(entry, "dtype", safetensors_type_name(t->type)))
        return false;
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
    bool added = shape && offsets;
    for (int d = 0; added && d < t->rank; d++)
        added = cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->dims[d]));
    return added && cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)begin)) &&
           cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)end));
}

/* Assigns offsets to the tensors and returns the header's text, which the caller frees; NULL: no
 * memory. */
static char *layout(SafetensorsWriter *w, const SafeTensor *tensors, const cJSON *metadata) {
    cJSON *header = cJSON_CreateObject(), *texts = sorted_metadata(metadata);
    bool built = header && texts && cJSON_AddItemToObject(header, "__metadata__", texts);
    if (!built) cJSON_Delete(texts);
    int64_t at = 0;
    for (int size = 8; size > 0; size--)
        for (int i = 0; i < w->stream_count; i++) {
            const SafeTensor *t = &tensors[i];
            if (safetensors_type_bytes(t->type) != size) continue;
            int64_t bytes = size;
            for (int d = 0; d < t->rank; d++) {
                assert(t->dims[d] >= 0 && (!t->dims[d] || bytes <= INT64_MAX / 4 / t->dims[d]));
                bytes *= t->dims[d];
            }
            w->streams[i].at = at;
            w->streams[i].end = at + bytes;
            built = built && add_tensor(header, t, at, at + bytes);
            at += bytes;
        }
    char *text = built ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    w->size = at;
    return text;
}

/* Bytes of the file. What comes in the file's order goes into the checksum while it is in cache. */
static Status write_bytes(SafetensorsWriter *w, int64_t at, const void *bytes, size_t count) {
    enum { PIECE = 1 << 18 };
    const unsigned char *from = (const unsigned char *)bytes;
    for (size_t n; count > 0; at += (int64_t)n, from += n, count -= n) {
        n = count < PIECE ? count : PIECE;
        TRY(durable_write(&w->file, at, from, n));
        if (at != w->hashed) continue;
        XXH64_update(w->hash, from, n);
        w->hashed += (int64_t)n;
    }
    return STATUS_OK;
}

static Status write_header(SafetensorsWriter *w, const char *text) {
    static const char spaces[8] = "        ";
    static const char key[] = "\"xxh64\":\"";
    size_t length = strlen(text), padding = (8 - length % 8) % 8;
    uint64_t header_bytes = length + padding;
    w->checksum_at = 8 + (strstr(text, key) - text) + (int64_t)sizeof key - 1;
    w->data_at = 8 + (int64_t)header_bytes;
    w->size += w->data_at;
    TRY(write_bytes(w, 0, &header_bytes, sizeof header_bytes));
    TRY(write_bytes(w, 8, text, length));
    return write_bytes(w, 8 + (int64_t)length, spaces, padding);
}

Status safetensors_create(SafetensorsWriter *w, const char *path, const SafeTensor *tensors,
                          int tensor_count, const cJSON *metadata) {
    memset(w, 0, sizeof *w);
    w->file.fd = -1;
    char *text = NULL;
    Status status = STATUS_MEMORY;
    w->streams = (SafetensorsStream *)calloc((size_t)tensor_count + 1, sizeof *w->streams);
    w->stream_count = tensor_count;
    w->hash = XXH64_createState();
    bool ready = w->streams && w->hash && XXH64_reset(w->hash, 0) == XXH_OK;
    if (ready) text = layout(w, tensors, metadata);
    if (!text) goto fail;
    TRY_GOTO(status, durable_open(&w->file, path));
    TRY_GOTO(status, write_header(w, text));
    cJSON_free(text);
    return STATUS_OK;
fail:
    cJSON_free(text);
    safetensors_abort(w);
    return status;
}

static Status flush_stream(SafetensorsWriter *w, SafetensorsStream *stream) {
    size_t held = stream->held;
    stream->held = 0;
    int64_t at = w->data_at + stream->at;
    stream->at += (int64_t)held;
    return write_bytes(w, at, stream->buffer, held);
}

Status safetensors_append(SafetensorsWriter *w, int i, const void *data, size_t bytes) {
    SafetensorsStream *stream = &w->streams[i];
    assert(stream->at + (int64_t)(stream->held + bytes) <= stream->end);
    if (stream->held + bytes > STREAM_BYTES) TRY(flush_stream(w, stream));
    if (bytes > STREAM_BYTES) {
        int64_t at = w->data_at + stream->at;
        stream->at += (int64_t)bytes;
        return write_bytes(w, at, data, bytes);
    }
    if (bytes > 0) memcpy(stream->buffer + stream->held, data, bytes);
    stream->held += bytes;
    return STATUS_OK;
}

/* Reads back what was written out of order; the digits in the file are still the zeros that the
 * checksum is taken over. */
static Status write_checksum(SafetensorsWriter *w) {
    unsigned char *buffer = w->streams[0].buffer;
    char digits[17];
    while (w->hashed < w->size) {
        int64_t left = w->size - w->hashed;
        size_t count = (size_t)(left < STREAM_BYTES ? left : STREAM_BYTES);
        TRY(durable_get(w->file.fd, w->file.path, w->hashed, buffer, count));
        XXH64_update(w->hash, buffer, count);
        w->hashed += (int64_t)count;
    }
    snprintf(digits, sizeof digits, "%016" PRIx64, (uint64_t)XXH64_digest(w->hash));
    return durable_write(&w->file, w->checksum_at, digits, 16);
}

Status safetensors_commit(SafetensorsWriter *w) {
    Status status = STATUS_OK;
    for (int i = 0; i < w->stream_count; i++) {
        TRY_GOTO(status, flush_stream(w, &w->streams[i]));
        assert(w->streams[i].at == w->streams[i].end);
    }
    TRY_GOTO(status, write_checksum(w));
    TRY_GOTO(status, durable_commit(&w->file));
fail:
    safetensors_abort(w);
    return status;
}

void safetensors_abort(SafetensorsWriter *w) {
    durable_abort(&w->file);
    free(w->streams);
    XXH64_freeState(w->hash);
    w->hash = NULL;
    w->streams = NULL;
    w->stream_count = 0;
}
