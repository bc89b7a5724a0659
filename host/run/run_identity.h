/* host/run/run_identity.h - what decides the bytes of a run's shards, and facts that do not. */
#ifndef HOST_RUN_RUN_IDENTITY_H
#define HOST_RUN_RUN_IDENTITY_H

#include "selfplay_options.h"

/* An object of texts: every deciding option, versions, and for a network the hash of its weights,
 * precision and, but for int8, arithmetic (nn/infer/forward.h). weights: NULL unless the evaluator
 * is net. The caller deletes the object; NULL: not enough memory. */
cJSON *run_identity(const SelfplayOptions *options, const SelfplayConfig *config,
                    const Device *device, const Weights *weights);

/* Facts of program, device and machine. The caller deletes the object; NULL: not enough memory. */
cJSON *run_machine_facts(const char *program, const char *device_text);

/* The same, with file of weights, live games and waves: for run.json. */
cJSON *run_machine(const SelfplayOptions *options, const SelfplayConfig *config,
                   const char *device_text);

#endif
