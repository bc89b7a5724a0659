/* host/run/metrics.h - a run's metrics as JSON lines, for programs that watch or plot it. */
#ifndef HOST_RUN_METRICS_H
#define HOST_RUN_METRICS_H

#include <cjson/cJSON.h>

#include "summary.h"

/* The metrics so far, as an object that the caller deletes. NULL: not enough memory. */
cJSON *metrics_object(const RunRates *rates, const GameTally *tally, int players);

/* Appends the object to folder/metrics.jsonl, as one line. The first failure is reported; none
 * stops the run. */
void metrics_append(const char *folder, const cJSON *object);

#endif
