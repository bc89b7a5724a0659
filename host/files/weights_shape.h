/* host/files/weights_shape.h - what network a weights file holds. */
#ifndef HOST_FILES_WEIGHTS_SHAPE_H
#define HOST_FILES_WEIGHTS_SHAPE_H

#include "nn/config.h"

/* Takes the sizes from the shapes of the file's tensors, heads and value_head from its metadata or
 * else from the default (tanh where there is a single value). weights_file_load checks the rest.
 * STATUS_INPUT: missing, damaged, or not a blobnet; one line says why. STATUS_MEMORY,
 * STATUS_FILE. */
Status weights_file_shape(const char *path, ModelConfig *out);

/* The same for a network that can play: STATUS_INPUT too where its inputs, actions or values are
 * not those of the game. */
Status weights_file_player(const char *path, ModelConfig *out);

#endif
