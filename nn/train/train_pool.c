/* nn/train/train_pool.c - worker threads that share one lock. */
#include "train_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "device/core/thread.h"

/* A worker looks at `changes` this many times before it sleeps: waking up takes longer than most
 * waits. */
enum { LOOKS = 200 };

typedef struct {
    TrainPool *pool;
    pthread_t thread;
    int number;
    PoolTimes times;
    double since; /* when its current state began */
} Worker;

struct TrainPool {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a task is done, a job has begun, or the pool closes */
    pthread_cond_t idle;    /* the last worker has left the job */
    atomic_uint changes;    /* tasks done, ever */
    const PoolJob *job;     /* NULL: none */
    unsigned jobs;          /* begun, ever */
    Status status;
    int threads, started;
    int inside;   /* workers in the job, without the caller */
    int sleeping; /* workers waiting for `changed` */
    bool closing;
    Worker *worker; /* (threads) */
};

static double clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Charges the time since the last call to *to. */
static void charge(Worker *w, double *to) {
    double now = clock_now();
    *to += now - w->since;
    w->since = now;
}

static void sleep_until_changed(TrainPool *pool) {
    pool->sleeping++;
    pthread_cond_wait(&pool->changed, &pool->lock);
    pool->sleeping--;
}

/* Called with the lock held and returns with it; something may have changed meanwhile, or not. */
static void wait_for_change(TrainPool *pool) {
    unsigned seen = atomic_load(&pool->changes);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < LOOKS && atomic_load(&pool->changes) == seen; i++) sched_yield();
    pthread_mutex_lock(&pool->lock);
    if (atomic_load(&pool->changes) == seen) sleep_until_changed(pool);
}

static void tell_change(TrainPool *pool) {
    atomic_fetch_add(&pool->changes, 1);
    if (pool->sleeping > 0) pthread_cond_broadcast(&pool->changed);
}

/* One worker's part of a job, until its end. Called with the lock held and returns with it. */
static void work_until_end(TrainPool *pool, Worker *w) {
    const PoolJob *job = pool->job;
    PoolTask task;
    w->since = clock_now();
    while (pool->status == STATUS_OK) {
        PoolTurn turn = job->next(job->context, &task);
        if (turn == POOL_END) break;
        if (turn == POOL_WAIT) {
            wait_for_change(pool);
            charge(w, &w->times.waiting);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        Status status = job->work(job->context, &task, w->number);
        pthread_mutex_lock(&pool->lock);
        charge(w, task.filling ? &w->times.filling : &w->times.busy);
        if (status == STATUS_OK)
            job->done(job->context, &task);
        else if (pool->status == STATUS_OK)
            pool->status = status;
        tell_change(pool);
    }
}

static void *worker_main(void *argument) {
    Worker *w = (Worker *)argument;
    TrainPool *pool = w->pool;
    unsigned seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->closing && pool->jobs == seen) sleep_until_changed(pool);
        if (pool->closing) break;
        seen = pool->jobs;
        work_until_end(pool, w);
        if (--pool->inside == 0) pthread_cond_signal(&pool->idle);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

Status pool_create(TrainPool **out, int threads) {
    *out = NULL;
    TrainPool *pool = (TrainPool *)calloc(1, sizeof *pool);
    if (!pool) return STATUS_MEMORY;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pthread_cond_init(&pool->idle, NULL);
    pool->threads = threads;
    pool->started = 1;
    pool->worker = (Worker *)calloc((size_t)threads, sizeof *pool->worker);
    Status status = STATUS_MEMORY;
    if (!pool->worker) goto fail;
    for (int i = 0; i < threads; i++) {
        Worker *w = &pool->worker[i];
        w->pool = pool;
        w->number = i;
        if (i == 0) continue;
        TRY_GOTO(status, thread_start(&w->thread, worker_main, w));
        pool->started++;
    }
    *out = pool;
    return STATUS_OK;
fail:
    pool_destroy(pool);
    return status;
}

void pool_destroy(TrainPool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i < pool->started; i++) pthread_join(pool->worker[i].thread, NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->worker);
    free(pool);
}

Status pool_run(TrainPool *pool, const PoolJob *job) {
    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    pool->status = STATUS_OK;
    pool->inside = pool->threads - 1;
    pool->jobs++;
    pthread_cond_broadcast(&pool->changed);
    work_until_end(pool, &pool->worker[0]);
    while (pool->inside > 0) pthread_cond_wait(&pool->idle, &pool->lock);
    charge(&pool->worker[0], &pool->worker[0].times.waiting);
    Status status = pool->status;
    pool->job = NULL;
    pthread_mutex_unlock(&pool->lock);
    return status;
}

void pool_times(const TrainPool *pool, PoolTimes *out) {
    memset(out, 0, sizeof *out);
    for (int i = 0; i < pool->threads; i++) {
        out->busy += pool->worker[i].times.busy;
        out->waiting += pool->worker[i].times.waiting;
        out->filling += pool->worker[i].times.filling;
    }
}
