/* device/core/timeline.h - the time line of a run, as a file for the viewers of Chrome and
 * Perfetto.
 *
 *   [
 *   {"name":"descend","ph":"X","pid":2,"tid":0,"ts":12.345,"dur":4.500},      microseconds
 *   ..
 *   ]
 *
 * The file is whole JSON after every write to it, so at any end of the process: a write begins
 * where the closing bracket stood, and brings a new one; after one that failed the file is cut
 * back. */
#ifndef DEVICE_CORE_TIMELINE_H
#define DEVICE_CORE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "portable.h"
#include "status.h"

typedef struct Timeline Timeline;

/* What the viewers call a process. Row TIMELINE_PHASES of the device holds the phases of the waves;
 * what a tool of the device reports besides, such as its kernels, has the rows above. */
typedef enum { TIMELINE_HOST, TIMELINE_DEVICE, TIMELINE_PROCESS_COUNT } TimelineProcess;
enum { TIMELINE_PHASES = 0, TIMELINE_BYTES_MAX = 64 << 20 };

EXTERN_C_BEGIN

/* Makes ready to write the file; an older timeline there stays until the first write. STATUS_INPUT:
 * it cannot be written, or is something other than a timeline; reported. STATUS_MEMORY. Then *out
 * is NULL. */
Status timeline_open(Timeline **out, const char *path);

/* Writes what is left and frees; NULL is allowed. Without any event nothing has changed.
 * STATUS_FILE: some write failed, reported at the time. */
Status timeline_close(Timeline *timeline);

/* The clock of all events: seconds, monotonic. */
double timeline_clock(void);

/* One interval, in seconds of timeline_clock; intervals of a row lie apart or within one another.
 * From any thread. Dropped: what began before the timeline, and what comes after
 * TIMELINE_BYTES_MAX. */
void timeline_event(Timeline *timeline, TimelineProcess process, int row, const char *name,
                    double start, double end);

/* What the row is called. */
void timeline_name(Timeline *timeline, TimelineProcess process, int row, const char *name);

/* The host's activity from `since` until now; returns now. Nothing is kept if timeline is NULL. */
double timeline_host(Timeline *timeline, const char *name, double since);

/* Events kept so far, and whether the file is full. */
long timeline_events(const Timeline *timeline, bool *full);

/* What is buffered goes to the file. */
void timeline_flush(Timeline *timeline);

EXTERN_C_END

#endif
