/* host/train/run_folder.h - the folder of a training run: whose it is, what is in it, what may go.
 *
 *   RUN/run.json                          identity, and facts of the machine
 *   RUN/lock                              held while a process works here
 *   RUN/checkpoints/000012.safetensors    the state after 12 iterations
 *   RUN/replay/000011.safetensors         the games of iteration 11, the twelfth
 *   RUN/weights.safetensors               what plays now, and
 *   RUN/best.safetensors                  what has won: for --weights of other programs
 *   RUN/metrics.jsonl                     a line an iteration; RUN/tensorboard/ the same in curves
 *   RUN/bad_batch.safetensors             what a run was stopped by, to look at
 *   NAME.aside-..                         a file that was being written when its process stopped
 *
 *   open ─► resume ─► [ a checkpoint is written ─► prune ]* ─► close
 *
 * One process at a time; of several that train together, the first. */
#ifndef HOST_TRAIN_RUN_FOLDER_H
#define HOST_TRAIN_RUN_FOLDER_H

#include <cjson/cJSON.h>

#include "host/files/folder.h"

typedef enum { RUN_CONTINUE, RUN_FRESH } RunBegin;

/* Files with a fixed name. */
typedef enum { RUN_WEIGHTS, RUN_BEST, RUN_METRICS, RUN_BAD_BATCH, RUN_FILE_COUNT } RunFile;

/* Folders with a file a number. */
typedef enum { RUN_CHECKPOINTS, RUN_REPLAY, RUN_SERIES_COUNT } RunSeries;

enum { RUN_PATH = FOLDER_PATH, RUN_NONE = -1 };

typedef struct {
    char folder[DURABLE_PATH];
    int lock; /* file descriptor; -1: not held */
} RunFolder;

/* Makes the folder, or takes it up again; locks it, removes what stopped processes left aside, and
 * writes run.json. identity: texts, "program" among them; machine: facts for run.json, may be NULL.
 * RUN_FRESH: removes the files of the run that is there, of which run.json must be this program's,
 * whatever else decides its content; files of other names stay. The options must be known good.
 * STATUS_INPUT: held by another process; run.json is another run's, or damaged; there are other
 * things and no run.json; it cannot be made. STATUS_FILE, STATUS_MEMORY. The caller calls
 * run_folder_close, also after a failure. */
Status run_folder_open(RunFolder *run, const char *folder, const cJSON *identity,
                       const cJSON *machine, RunBegin begin);
void run_folder_close(RunFolder *run);

/* path (RUN_PATH) */
void run_folder_path(const RunFolder *run, RunFile file, char *path);
void run_folder_number_path(const RunFolder *run, RunSeries series, int64_t number, char *path);

/* Loads checkpoint `number` and all it needs (the replay files of its window too).
 * STATUS_INPUT: it cannot be gone on from, said in one line; another failure ends the search. */
typedef Status (*RunLoad)(void *context, int64_t number, const char *path);

/* Calls `load` with the newest checkpoint, and as long as that is refused with the one before.
 * *number: of the one loaded; RUN_NONE: there is no checkpoint at all. STATUS_INPUT: there are, but
 * not one can be gone on from, said in a line of its own; nothing has been changed. */
Status run_folder_resume(const RunFolder *run, RunLoad load, void *context, int64_t *number);

/* Number of the oldest replay file that a checkpoint needs. */
typedef int64_t (*RunWindow)(void *context, int64_t checkpoint);

/* Once checkpoint `newest` is on disk: keeps it and the keep - 1 before it, `best` (RUN_NONE: none)
 * and what each of those kept names as its best (CHECKPOINT_BEST), and removes the checkpoints
 * before; then the replay files below those that one of the keep needs. A best is kept for its
 * weights: it holds no replay file back, which could be as old as the run. What lies past `newest`
 * (a checkpoint that was refused) stays until it is written anew.
 * STATUS_FILE: the disk refused; said. */
Status run_folder_prune(const RunFolder *run, int64_t newest, int keep, int64_t best,
                        RunWindow window, void *context);

#endif
