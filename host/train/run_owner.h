/* host/train/run_owner.h - whose folder of a training run it is; only for run_folder.c.
 *
 * run.json says so. Where it is missing or damaged, a checkpoint or a replay file does, each of
 * which holds the identity. Where there is none of those, a folder with nothing of others' in it
 * has nothing to lose. */
#ifndef HOST_TRAIN_RUN_OWNER_H
#define HOST_TRAIN_RUN_OWNER_H

#include "host/games/identity.h"
#include "run_folder.h"

typedef struct {
    RunJson state;
    bool changed;           /* the run has other options that may change, and RUN_CHANGE */
    char witness[RUN_PATH]; /* the file that says whose the folder is instead; "": none is needed */
} RunOwner;

/* Checks that the folder belongs to this run, or may become its folder. Writes nothing.
 * STATUS_INPUT: it does not, one line says why. STATUS_MEMORY, STATUS_FILE. */
Status run_owner_check(const RunFolder *run, const cJSON *identity, RunBegin begin, RunOwner *out);

/* Prints that run.json is written again, if it was lost; `begin` as in run_owner_check. */
void run_owner_say(const RunFolder *run, const RunOwner *owner, RunBegin begin);

#endif
