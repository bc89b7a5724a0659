/* host/train/run_names.h - names in a run's folder, and its numbered files; only for run_*.c. */
#ifndef HOST_TRAIN_RUN_NAMES_H
#define HOST_TRAIN_RUN_NAMES_H

#include "run_folder.h"

typedef struct {
    int64_t *numbers; /* (count) ascending; the caller frees them */
    int count, space;
} RunNumbers;

/* The numbered files of a series; none where its folder is missing. The caller frees numbers, also
 * after a failure. */
Status run_names_list(const RunFolder *run, RunSeries series, RunNumbers *out);

const char *run_names_series(RunSeries series);

/* Whether a name in the run's folder is that of a file or folder of ours, "lock" apart. */
bool run_names_is_file(const char *name);
bool run_names_is_folder(const char *name);

/* Whether a name in the folder of a series, or in tensorboard/, is ours. */
bool run_names_is_number(const char *name);
bool run_names_is_event(const char *name);

#endif
