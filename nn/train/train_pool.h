/* nn/train/train_pool.h - threads that take tasks from a job until it ends.
 *
 *   worker:  [ lock  done(last task)  next(task)  unlock  work(task) ]*
 *
 * The job's `next` decides what may run, under the pool's lock. There is no barrier: a worker waits
 * only if there is no task at all. The caller of pool_run is worker 0. Uses POSIX threads and C11
 * atomics. */
#ifndef NN_TRAIN_TRAIN_POOL_H
#define NN_TRAIN_TRAIN_POOL_H

#include "device/core/portable.h"
#include "device/core/status.h"

typedef struct {
    int kind;        /* the job's own */
    int index, item; /* the job's own */
    bool filling;    /* its time is charged to `filling` */
} PoolTask;

typedef enum {
    POOL_WORK, /* do *task */
    POOL_WAIT, /* nothing now: ask again after the next `done` */
    POOL_END,  /* nothing more in this job */
    POOL_TURN_COUNT
} PoolTurn;

/* next and done are called under the pool's lock, work without it. The first work that fails ends
 * the job: next is not called again. */
typedef struct {
    void *context;
    PoolTurn (*next)(void *context, PoolTask *task);
    void (*done)(void *context, const PoolTask *task);
    Status (*work)(void *context, const PoolTask *task, int worker);
} PoolJob;

typedef struct {
    double busy, waiting, filling; /* seconds within pool_run since create, over all workers */
} PoolTimes;

typedef struct TrainPool TrainPool;

EXTERN_C_BEGIN

/* Starts threads - 1 threads, which sleep; the caller of pool_run is the remaining worker.
 * threads >= 1. STATUS_MEMORY: no more threads or memory. */
Status pool_create(TrainPool **out, int threads);
void pool_destroy(TrainPool *pool);

/* Returns when every worker has left the job: the status of the first work that failed, else
 * STATUS_OK. */
Status pool_run(TrainPool *pool, const PoolJob *job);

void pool_times(const TrainPool *pool, PoolTimes *out);

EXTERN_C_END

#endif
