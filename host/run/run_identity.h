/* host/run/run_identity.h - what decides the bytes of a run's shards, and the facts that do not. */
#ifndef HOST_RUN_RUN_IDENTITY_H
#define HOST_RUN_RUN_IDENTITY_H

#include "selfplay_options.h"

/* An object of texts: every deciding option, versions, and with a network its weights' hash,
 * precision, backend, instruction set and library. weights: NULL unless the evaluator is net. The
 * caller deletes it; NULL: no memory. */
cJSON *run_identity(const SelfplayOptions *options, const SelfplayConfig *config,
                    const Device *device, const Weights *weights);

/* The git revision that this program was built from, or "unknown". */
const char *run_revision(void);

/* Machine, program version and device alone. */
cJSON *run_machine_facts(const char *program, const char *device_text);

/* Machine, program version, device, threads and batch: what goes to run.json only. */
cJSON *run_machine(const SelfplayOptions *options, const SelfplayConfig *config,
                   const char *device_text);

#endif
