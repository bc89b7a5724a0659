/* device/core/trace.h - the time line of a run, as a file for the viewers of Chrome and Perfetto.
 *
 *   [
 *   {"name":"descend","ph":"X","pid":2,"tid":0,"ts":12.345,"dur":4.500},      microseconds
 *   ..
 *   ]
 *
 * The file is whole JSON after every write to it, so at any end of the process: a write begins
 * where the closing bracket stood, and brings a new one; after one that failed the file is cut
 * back. */
#ifndef DEVICE_CORE_TRACE_H
#define DEVICE_CORE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "portable.h"
#include "status.h"

typedef struct Trace Trace;

/* What the viewers call a process. Row TRACE_STEPS of the device holds the steps of the waves; what
 * a tool of the device reports besides, such as its kernels, has the rows above. */
typedef enum { TRACE_HOST, TRACE_DEVICE, TRACE_PROCESS_COUNT } TraceProcess;
enum { TRACE_STEPS = 0, TRACE_BYTES_MAX = 64 << 20 };

EXTERN_C_BEGIN

/* Makes ready to write the file; an older trace there stays until the first write. STATUS_INPUT: it
 * cannot be written, or is something else than a trace, said. STATUS_MEMORY. Then *out is NULL. */
Status trace_open(Trace **out, const char *path);

/* Writes what is left and frees; NULL is allowed. Without any event nothing has changed.
 * STATUS_FILE: some write failed, said then. */
Status trace_close(Trace *trace);

/* The clock of all events: seconds, monotonic. */
double trace_clock(void);

/* One interval, in seconds of trace_clock; intervals of a row lie apart or within one another. From
 * any thread. Dropped: what began before the trace, and what comes after TRACE_BYTES_MAX. */
void trace_event(Trace *trace, TraceProcess process, int row, const char *name, double start,
                 double end);

/* What the row is called. */
void trace_name(Trace *trace, TraceProcess process, int row, const char *name);

/* The host's activity from `since` until now; returns now. Nothing is kept if trace is NULL. */
double trace_host(Trace *trace, const char *name, double since);

/* Events kept so far, and whether the file is full. */
long trace_events(const Trace *trace, bool *full);

/* What is buffered goes to the file. */
void trace_flush(Trace *trace);

EXTERN_C_END

#endif
