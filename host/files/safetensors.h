/* host/files/safetensors.h - safetensors: a reader that trusts nothing, a streaming writer.
 *
 *   [header bytes N: uint64] [N bytes of JSON, padded with spaces] [tensors, back to back]
 *   {"__metadata__": {name: text, ..}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ..}
 *
 * Little endian. Files that we write hold their tensors by descending element size, so that each is
 * aligned, and carry the metadata key "xxh64": 16 hexadecimal digits, the XXH64 (seed 0) of the
 * whole file with those digits set to zero. Files of other programs may lack it. */
#ifndef HOST_FILES_SAFETENSORS_H
#define HOST_FILES_SAFETENSORS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "durable.h"

typedef enum {
    SAFE_F32,
    SAFE_F16,
    SAFE_BF16,
    SAFE_U8,
    SAFE_I16,
    SAFE_U16,
    SAFE_I32,
    SAFE_I64,
    SAFE_COUNT
} SafeType;

/* Limits of the reader: dimensions of a tensor, metadata entries, bytes of the header. */
enum { SAFE_RANK = 8, SAFE_TEXTS = 1000, SAFE_HEADER_BYTES = 100000000 };

typedef struct {
    const char *name;
    SafeType type;
    int rank;                /* 0..SAFE_RANK */
    int64_t dims[SAFE_RANK]; /* (rank) >= 0 */
    int64_t count;           /* elements */
    int64_t begin;           /* bytes from the start of the data */
    const unsigned char
        *data; /* view into the file's bytes, of any alignment; unused by the writer */
} SafeTensor;

typedef struct {
    char *path;           /* owned, as is all below */
    unsigned char *bytes; /* (size) the file */
    size_t size;
    cJSON *header;         /* owns the names */
    const cJSON *metadata; /* object of strings, or NULL */
    SafeTensor *tensors;   /* (tensor_count) in file order */
    int tensor_count;
} Safetensors;

typedef enum { SAFE_CHECKSUM_IF_ANY, SAFE_CHECKSUM_REQUIRED } SafeChecksum;

int safetensors_type_bytes(SafeType type);
const char *safetensors_type_name(SafeType type);

/* Reads a whole file into memory and checks everything but what the tensors mean: lengths, JSON,
 * types, shapes, offsets that cover the data exactly once, names, checksum.
 * STATUS_INPUT: refused, one line names the file and the reason. STATUS_MEMORY, STATUS_FILE.
 * The caller calls safetensors_close, also after a failure. */
Status safetensors_open(Safetensors *out, const char *path, SafeChecksum checksum);
void safetensors_close(Safetensors *s);

/* The metadata of a file whose tensors and checksum are not looked at, for what may be asked of a
 * damaged one too; the caller deletes it. An empty object: the file has none. NULL, without a
 * message: it cannot be read. */
cJSON *safetensors_peek(const char *path);

/* NULL: there is no such name. */
const SafeTensor *safetensors_find_tensor(const Safetensors *s, const char *name);
const char *safetensors_find_text(const Safetensors *s, const char *key);

typedef struct SafetensorsStream SafetensorsStream; /* one tensor being written */

typedef struct {
    DurableFile file;
    SafetensorsStream *streams; /* (stream_count) owned */
    int stream_count;
    int64_t data_at, checksum_at, size; /* bytes from the start of the file */
    struct XXH64_state_s *hash;         /* owned; covers the file's first `hashed` bytes */
    int64_t hashed;
} SafetensorsWriter;

/* Starts a file. Of `tensors`, name, type, rank and dims are used; `metadata` is an object of
 * strings, written by ascending key, or NULL. The bytes depend on these and on the data alone, not
 * on the order of appending. After a failure nothing is left behind.
 * STATUS_INPUT, STATUS_FILE, STATUS_MEMORY. */
Status safetensors_create(SafetensorsWriter *w, const char *path, const SafeTensor *tensors,
                          int tensor_count, const cJSON *metadata);

/* Appends the next `bytes` of tensor i; calls for different tensors may interleave.
 * STATUS_FILE: the caller aborts. */
Status safetensors_append(SafetensorsWriter *w, int i, const void *data, size_t bytes);

/* Once every tensor is full: writes the checksum and commits (durable_commit). Frees the writer
 * in any case. */
Status safetensors_commit(SafetensorsWriter *w);

/* Removes what was written; does nothing after a commit. */
void safetensors_abort(SafetensorsWriter *w);

#endif
