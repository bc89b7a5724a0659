/* host/process/progress.h - how far a long run is: a bar on a terminal, a line now and then elsewhere. */
#ifndef HOST_PROCESS_PROGRESS_H
#define HOST_PROCESS_PROGRESS_H

#include <stdint.h>

typedef struct {
    int quiet, terminal;
    int64_t done_before, total; /* games: there when the run began; at its end */
    double start, last;         /* seconds, of the monotonic clock */
    const char *unit;           /* "games" */
} Progress;

double progress_clock(void);

/* Writes to stderr. done_before: what an earlier run has left. */
Progress progress_begin(int quiet, int64_t done_before, int64_t total);

/* `done` of the total; prints only if the last time is long enough ago. */
void progress_show(Progress *p, int64_t done);
void progress_end(Progress *p, int64_t done);

/* Takes the bar away again, for a line of another kind. */
void progress_clear(const Progress *p);

#endif
