/* host/train/run_folder.h - the folder of a training run: owner, contents, what may go.
 *
 *   RUN/run.json                          identity, changes of options, facts of the machine
 *   RUN/lock, RUN/lock.held               held while a process works here (folder.h)
 *   RUN/checkpoints/000012.safetensors    the state after 12 iterations
 *   RUN/replay/000011.safetensors         the games of iteration 11, the twelfth
 *   RUN/weights.safetensors               the averaged weights, and
 *   RUN/best.safetensors                  the best so far: for --weights of other programs
 *   RUN/metrics.jsonl                     a line per iteration; RUN/tensorboard/ the same as curves
 *   RUN/bad_batch.safetensors             the batch that stopped a run, for inspection
 *   NAME.aside-..                         a file that its process did not finish
 *
 *   open ─► resume ─► [ a checkpoint is written ─► prune ]* ─► close
 *
 * One process at a time writes here; of several that train together, the first. */
#ifndef HOST_TRAIN_RUN_FOLDER_H
#define HOST_TRAIN_RUN_FOLDER_H

#include <cjson/cJSON.h>

#include "host/files/folder.h"

typedef enum { RUN_CONTINUE, RUN_FRESH, RUN_CHANGE } RunBegin;

/* Files with a fixed name. */
typedef enum { RUN_WEIGHTS, RUN_BEST, RUN_METRICS, RUN_BAD_BATCH, RUN_FILE_COUNT } RunFile;

/* Folders of numbered files. */
typedef enum { RUN_CHECKPOINTS, RUN_REPLAY, RUN_SERIES_COUNT } RunSeries;

enum { RUN_PATH = FOLDER_PATH, RUN_NONE = -1 };

typedef struct {
    char folder[DURABLE_PATH];
    FolderLock lock;
} RunFolder;

/* What run.json says, or where it is lost a checkpoint or a replay file: {"identity": {..},
 * "changes": [..]}, the changes (train_change.h) if there are any; NULL: nothing can be read. The
 * caller deletes it. STATUS_INPUT: run.json cannot be read. STATUS_FILE, STATUS_MEMORY. */
Status run_folder_peek(const char *folder, cJSON **out);

/* Makes the folder or reopens it, locks it, removes what stopped processes left aside, and writes
 * run.json. identity: strings, with "program"; machine: facts for run.json, or NULL.
 * RUN_FRESH: removes the files of the run that is there, which must be one of this program but may
 * have any other settings; files of other names stay. Check all options first.
 * RUN_CHANGE: the run that is there may differ in what may change; if it does, run.json stays.
 * A run.json that is missing or damaged is written again, in one line on stderr, where a checkpoint
 * or a replay file shows that the folder is this run's; RUN_FRESH needs no such file.
 * STATUS_INPUT: another process holds it; it is another run's, or nothing shows whose; it holds
 * other files and neither run.json nor a run; it cannot be made. STATUS_FILE, STATUS_MEMORY. The
 * caller calls run_folder_close, also after a failure. */
Status run_folder_open(RunFolder *run, const char *folder, const cJSON *identity,
                       const cJSON *machine, RunBegin begin);
void run_folder_close(RunFolder *run);

/* path (RUN_PATH) */
void run_folder_path(const RunFolder *run, RunFile file, char *path);
void run_folder_number_path(const RunFolder *run, RunSeries series, int64_t number, char *path);

/* Loads checkpoint `number` and all it needs, including the replay files of its window.
 * STATUS_INPUT: the run cannot resume from it, one line says why; other failures end the search. */
typedef Status (*RunLoad)(void *context, int64_t number, const char *path);

/* Calls `load` with the newest checkpoint and, while that is refused, with the one before.
 * *number: the one loaded; RUN_NONE: there is no checkpoint. STATUS_INPUT: there are some, but the
 * run cannot resume from any, reported in a line of its own; nothing has been changed. */
Status run_folder_resume(const RunFolder *run, RunLoad load, void *context, int64_t *number);

/* The number of the oldest replay file that a checkpoint needs. */
typedef int64_t (*RunWindow)(void *context, int64_t checkpoint);

/* Once checkpoint `newest` is on disk: keeps it, the keep - 1 before it, `best` (RUN_NONE: none),
 * and what each of those `keep` names as its best (CHECKPOINT_BEST); removes the other checkpoints
 * before `newest`, then the replay files older than any of the `keep` needs. A best checkpoint
 * stays for its weights and retains no replay files, which could be as old as the run. Checkpoints
 * past `newest` (refused ones) stay until they are written anew.
 * STATUS_FILE: a file cannot be removed; reported. */
Status run_folder_prune(const RunFolder *run, int64_t newest, int keep, int64_t best,
                        RunWindow window, void *context);

#endif
