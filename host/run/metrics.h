/* host/run/metrics.h - a run's figures as JSON lines, for programs that watch or draw it. */
#ifndef HOST_RUN_METRICS_H
#define HOST_RUN_METRICS_H

#include <cjson/cJSON.h>

#include "summary.h"

/* The figures so far, as an object; the caller deletes it. NULL: no memory. */
cJSON *metrics_object(const RunRates *rates, const GameTally *tally, int players);

/* Appends the object as one line to folder/metrics.jsonl. A failure is said once and costs no game.
 */
void metrics_append(const char *folder, const cJSON *object);

#endif
