/* host/files/weights_shape.h - which network a weights file holds. */
#ifndef HOST_FILES_WEIGHTS_SHAPE_H
#define HOST_FILES_WEIGHTS_SHAPE_H

#include "nn/config.h"

/* The sizes as the shapes of the file's tensors tell them; heads and value_head as its metadata
 * does, else as the default has them (tanh where there is one value). What the file holds besides
 * is weights_file_load's to check.
 * STATUS_INPUT: missing, damaged, or no blobnet: one line says why. STATUS_MEMORY, STATUS_FILE. */
Status weights_file_shape(const char *path, ModelConfig *out);

/* The same of a network that can play: its inputs, actions and values are the game's here.
 * STATUS_INPUT also where they are not. */
Status weights_file_player(const char *path, ModelConfig *out);

#endif
