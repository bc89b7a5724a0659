/* host/files/safetensors.h - safetensors files: a reader that trusts nothing, and a streaming writer.
 *
 *   [header bytes N: uint64] [N bytes of JSON, padded with spaces] [tensors, one after another]
 *   {"__metadata__": {name: text, ..}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ..}
 *
 * Little endian. What we write has its tensors in order of falling element size, so that each lies
 * aligned, and the metadata "xxh64": 16 hexadecimal digits, the XXH64 (seed 0) of the whole file
 * with those digits as zeros. Files of others need not have it. */
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

/* The most that is read: sizes of a shape, texts of metadata, bytes of a header. */
enum { SAFE_RANK = 8, SAFE_TEXTS = 1000, SAFE_HEADER_BYTES = 100000000 };

typedef struct {
    const char *name;
    SafeType type;
    int rank;                  /* 0..SAFE_RANK */
    int64_t dims[SAFE_RANK];   /* (rank) >= 0 */
    int64_t count;             /* elements */
    int64_t begin;             /* bytes from the first tensor's first byte */
    const unsigned char *data; /* into the file's bytes, of any alignment; the writer ignores it */
} SafeTensor;

typedef struct {
    char *path;           /* owned, as all below */
    unsigned char *bytes; /* (size) the file */
    size_t size;
    cJSON *header;         /* owns the names */
    const cJSON *metadata; /* object of texts, or NULL */
    SafeTensor *tensors;   /* (tensor_count) in file order */
    int tensor_count;
} Safetensors;

typedef enum { SAFE_CHECKSUM_IF_ANY, SAFE_CHECKSUM_REQUIRED } SafeChecksum;

int safetensors_type_bytes(SafeType type);
const char *safetensors_type_name(SafeType type);

/* Reads a whole file into memory and checks all but the meaning of the tensors: lengths, JSON,
 * types, shapes, offsets that cover the data once and exactly, names, checksum.
 * STATUS_INPUT: refused, in one line that names the file. STATUS_MEMORY, STATUS_FILE.
 * The caller calls safetensors_close, also after a failure. */
Status safetensors_open(Safetensors *out, const char *path, SafeChecksum checksum);
void safetensors_close(Safetensors *s);

/* NULL if there is none of that name. */
const SafeTensor *safetensors_find_tensor(const Safetensors *s, const char *name);
const char *safetensors_find_text(const Safetensors *s, const char *key);

typedef struct SafetensorsStream SafetensorsStream; /* one tensor being written */

typedef struct {
    DurableFile file;
    SafetensorsStream *streams; /* (stream_count) owned */
    int stream_count;
    int64_t data_at, checksum_at, size; /* bytes from the start of the file */
    struct XXH64_state_s *hash;         /* owned; of the file's first `hashed` bytes */
    int64_t hashed;
} SafetensorsWriter;

/* Starts a file: tensors by name, type, rank and dims (the rest is ignored), metadata an object of
 * texts (may be NULL; written with ascending keys). The bytes depend on these and on what is
 * appended alone. After a failure nothing is left behind.
 * STATUS_INPUT, STATUS_FILE, STATUS_MEMORY. */
Status safetensors_create(SafetensorsWriter *w, const char *path, const SafeTensor *tensors,
                          int tensor_count, const cJSON *metadata);

/* The next `bytes` of tensor i; tensors fill in any interleaving.
 * STATUS_FILE: the caller aborts. */
Status safetensors_append(SafetensorsWriter *w, int i, const void *data, size_t bytes);

/* Every tensor is full: checksum, then durable_commit. Frees the writer whatever comes back. */
Status safetensors_commit(SafetensorsWriter *w);

/* Removes what was written; nothing after a commit. */
void safetensors_abort(SafetensorsWriter *w);

#endif
