/* host/train/checkpoint.h - a trainer's state as safetensors: equal states, equal bytes.
 *
 *   weights.NAME  ema.NAME  adam_m.NAME  adam_v.NAME     F32, NAME as in PyTorch's state_dict
 *   metadata: the caller's strings; checkpoint_version, observation_version; model.SIZE, the
 *             shape; counter.NAME, TrainCounters; xxh64, the checksum (safetensors.h) */
#ifndef HOST_TRAIN_CHECKPOINT_H
#define HOST_TRAIN_CHECKPOINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "nn/train/train.h"

/* The value of checkpoint_version; files of other versions are refused. */
#define CHECKPOINT_VERSION "1"

/* The key of a string of the caller's that decides which files stay: the checkpoint whose averaged
 * weights were the best at that time, which is needed to resume from this one. */
#define CHECKPOINT_BEST "best_checkpoint"

/* Writes durably (durable.h). `texts`: an object of at most 900 strings to store beside the state
 * (counters of the run, history, identity, revision), none under a key of ours; NULL: none. May be
 * called from any thread while nobody writes to `state`.
 * STATUS_FILE: the write failed, reported; an older file of the name stays. STATUS_MEMORY.
 * STATUS_ARGUMENT: `texts` is not as described. */
Status checkpoint_save(const char *path, const TrainState *state, const cJSON *texts);

/* Reads a checkpoint of the shape `config` into `state`, which train_state_alloc made with the same
 * config; *texts receives the caller's strings, which the caller deletes.
 * STATUS_INPUT: missing, cut, damaged, of another version or shape, or with numbers that are not
 * finite; one line says which. `state` is then undefined and *texts NULL.
 * STATUS_MEMORY, STATUS_FILE. */
Status checkpoint_load(const char *path, const ModelConfig *config, TrainState *state,
                       cJSON **texts);

/* Reads a number from one of the caller's strings without checking tensors or checksum: good enough
 * only to decide which files stay. false: there is no such file, or no such number in it. */
bool checkpoint_peek_number(const char *path, const char *key, int64_t *out);

#endif
