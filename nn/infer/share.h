/* nn/infer/share.h - how the threads of one block of rows share its steps.
 *
 * Every thread goes through all steps in order. Of each it computes what items it gets, and goes on
 * when all are done. */
#ifndef NN_INFER_SHARE_H
#define NN_INFER_SHARE_H

#include <sched.h>
#include <stdatomic.h>

enum { SHARE_LOOKS = 2000 }; /* before a waiting thread gives its core away */

/* A step of a block that several threads share: items taken, items done. */
typedef struct {
    atomic_int taken, done;
    char rest[56]; /* a cache line each: the next step is begun while this one is looked at */
} ShareStep;

/* SHARE(i, n, p) runs its body for the items 0..n - 1 of a step, each in one of the threads, and
 * goes on when all are done. p->step is the thread's next step, NULL where it is alone. */
#define SHARE(i, n, p) for (int i = 0; (i = share_next(&(p)->step, i, n)) >= 0; i++)

/* The item to compute after i - 1, which is done; -1: the step is complete. A thread that comes
 * late, as one that was not running does, finds old steps complete and passes: no step waits for it
 * unless it has begun an item; only the end of the call does. With a barrier after each step, one
 * row took 150 ms on a busy machine. */
static inline int share_next(ShareStep **step, int i, int n) {
    if (!*step) return i < n ? i : -1;
    if (i > 0) atomic_fetch_add_explicit(&(*step)->done, 1, memory_order_release);
    i = atomic_fetch_add_explicit(&(*step)->taken, 1, memory_order_relaxed);
    if (i < n) return i;
    for (int looks = 0; atomic_load_explicit(&(*step)->done, memory_order_acquire) < n; looks++)
        if (looks > SHARE_LOOKS) sched_yield();
    ++*step;
    return -1;
}

#endif
