/* host/process/progress.h - how far a long run has come: a bar on a terminal, elsewhere a line now
 * and then. */
#ifndef HOST_PROCESS_PROGRESS_H
#define HOST_PROCESS_PROGRESS_H

#include <stdint.h>

typedef struct {
    int quiet, terminal;
    int64_t done_before, total; /* games: finished when the run began; in all */
    double start, last;         /* seconds of the monotonic clock; last: of the last output */
    const char *unit;           /* "games" */
} Progress;

/* Seconds of the monotonic clock. */
double progress_clock(void);

/* Output goes to stderr, unless quiet. done_before: finished by an earlier run. */
Progress progress_begin(int quiet, int64_t done_before, int64_t total);

/* `done` of the total are finished; prints only now and then. */
void progress_show(Progress *p, int64_t done);
void progress_end(Progress *p, int64_t done);

/* Erases the bar, so that another line can be printed. */
void progress_clear(const Progress *p);

#endif
