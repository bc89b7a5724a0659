/* host/train/checkpoint.h - a trainer's whole state in one safetensors file: equal states, equal bytes.
 *
 *   weights.NAME  ema.NAME  adam_m.NAME  adam_v.NAME     F32, NAME as in PyTorch's state_dict
 *   metadata: the caller's texts; checkpoint_version, observation_version; model.SIZE, the shape;
 *             counter.NAME, TrainCounters; xxh64, the checksum */
#ifndef HOST_TRAIN_CHECKPOINT_H
#define HOST_TRAIN_CHECKPOINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "nn/train/train.h"

/* The value of checkpoint_version: a file of another one is refused. */
#define CHECKPOINT_VERSION "1"

/* A text of the caller's that files are kept by: the checkpoint whose averaged weights were
 * the best at that time. It is needed to go on from this one. */
#define CHECKPOINT_BEST "best_checkpoint"

/* Writes durably: whole under its name, or nothing new there. `texts`: an object of texts to keep
 * beside the state (counters of the run, history, identity, revision), 900 at most, none by a key
 * of ours; NULL: none. Callable from any thread, while nobody writes to `state`.
 * STATUS_FILE: the disk refused, said; what was there under the name stays. STATUS_MEMORY.
 * STATUS_ARGUMENT: other texts than those. */
Status checkpoint_save(const char *path, const TrainState *state, const cJSON *texts);

/* Reads what checkpoint_save wrote, of the shape `config`, into `state`, which the caller has got
 * from train_state_alloc with the same config; *texts receives the caller's texts, to be deleted
 * by him.
 * STATUS_INPUT: missing, cut, damaged, of another version or shape, or with numbers that are not
 * finite; one line says which. `state` then holds nothing of use, *texts is NULL.
 * STATUS_MEMORY, STATUS_FILE. */
Status checkpoint_load(const char *path, const ModelConfig *config, TrainState *state,
                       cJSON **texts);

/* The number in one of the caller's texts, without reading the tensors or the checksum: for what
 * decides nothing but which files stay. false: there is no such file, or no such number in it. */
bool checkpoint_peek_number(const char *path, const char *key, int64_t *out);

#endif
