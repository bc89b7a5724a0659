/* host/process/progress.h - how far a long run has come: a bar on a terminal, elsewhere a line now
 * and then. The first appears as soon as there is anything to tell. */
#ifndef HOST_PROCESS_PROGRESS_H
#define HOST_PROCESS_PROGRESS_H

#include <stdint.h>

typedef struct {
    int quiet, terminal;
    int64_t done_before, total; /* games: finished when the run began; in all */
    double start;               /* seconds of the monotonic clock */
    double share;               /* of the run's work, the most that was told: it never falls */
    const char *unit;           /* "games" */
} Progress;

/* Seconds of the monotonic clock. */
double progress_clock(void);

/* Output goes to stderr, unless quiet. done_before: finished by an earlier run. */
Progress progress_begin(int quiet, int64_t done_before, int64_t total);

/* `done` of the total are finished, and `share` of this run's work, 0..1, which may count what is
 * unfinished too; prints only now and then. */
void progress_show(Progress *p, int64_t done, double share);
void progress_end(Progress *p, int64_t done);

/* Erases the bar, so that another line can be printed. */
void progress_clear(const Progress *p);

#endif
