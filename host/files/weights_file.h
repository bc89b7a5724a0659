/* host/files/weights_file.h - a network's parameters as safetensors, by PyTorch's names. */
#ifndef HOST_FILES_WEIGHTS_FILE_H
#define HOST_FILES_WEIGHTS_FILE_H

#include <cjson/cJSON.h>

#include "nn/weights.h"

enum { WEIGHTS_HASH_TEXT = 17 };

/* Reads exactly the tensors of this shape, without what wrappers of PyTorch add to their names
 * (weights_names.h), of which it tells in a line on stderr; F16 and BF16 become float32. Where the
 * file's metadata has heads, value_head or observation_version, they must match too. The caller
 * calls weights_free. STATUS_INPUT: the file is missing or damaged, or a tensor is missing,
 * unknown, of another shape or type, or not finite; one line says which. STATUS_MEMORY,
 * STATUS_FILE. */
Status weights_file_load(Weights *out, const ModelConfig *config, const char *path);

/* Writes float32, durably, with `metadata` (strings, or NULL) added to our own. */
Status weights_file_save(const Weights *weights, const char *path, const cJSON *metadata);

/* 16 hexadecimal digits: the XXH64 of the float32 parameters in the order of weights_tensor. */
void weights_file_hash(const Weights *weights, char hash[WEIGHTS_HASH_TEXT]);

#endif
