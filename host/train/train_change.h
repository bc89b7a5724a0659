/* host/train/train_change.h - a run that goes on with other options: what may change, and since
 * when it has.
 *
 *   changes   [{"iteration": n, "options": {KEY: {"from": text, "to": text}, ..}}, ..]
 *
 * KEY is a key of the identity; "from" or "to" is left out where the key was or is absent. The new
 * values hold for iteration n and later ones, n ascending. Replay file i is of the identity of
 * iteration i, checkpoint i of that of i - 1. A run that never changed has an empty array, or none.
 */
#ifndef HOST_TRAIN_TRAIN_CHANGE_H
#define HOST_TRAIN_TRAIN_CHANGE_H

#include <cjson/cJSON.h>

#include "run_folder.h"
#include "schedule.h"

/* Keys of the identity that --change may change; NULL at the end. */
extern const char *const train_change_keys[];

/* OK where both identities are equal, with RUN_CHANGE also where they differ in these keys only.
 * STATUS_INPUT: one line names `path`, which holds `found`, the option, both values, and --change
 * if it helps. */
Status train_change_match(const char *path, const cJSON *found, const cJSON *expected,
                          RunBegin begin);

/* Adds what differs from `from` to `to`, if anything does. STATUS_MEMORY. */
Status train_change_add(cJSON *changes, int64_t iteration, const cJSON *from, const cJSON *to);

/* The identity of an iteration, given that of the last; NULL: no memory. */
cJSON *train_change_identity(const cJSON *last, const cJSON *changes, int64_t iteration);

/* The number of games after so many iterations, if the last ones have `games` each. */
int64_t train_change_games(const cJSON *changes, int64_t games, int64_t iterations);

/* The greatest value that a key with whole numbers ever had, `last` being the last. */
int64_t train_change_most(const cJSON *changes, const char *key, int64_t last);

/* schedule_window_first, where iterations may differ in their games; s->games: of the last. */
int64_t train_change_window(const Schedule *s, const cJSON *changes, int64_t iteration);

/* The window's sizes of an identity into *s; the rest of it stays. */
void train_change_schedule(const cJSON *identity, Schedule *s);

#endif
