/* device/core/thread.h - starts a thread, or says that there is none to be had. */
#ifndef DEVICE_CORE_THREAD_H
#define DEVICE_CORE_THREAD_H

#include <pthread.h>
#include <string.h>

#include "status.h"

#define THREAD_ADVICE "see ulimit -u, or pids.max of the container"

/* STATUS_THREAD: reported; mostly it is a limit on processes that is reached, not memory. */
static inline Status thread_start(pthread_t *out, void *(*run)(void *), void *argument) {
    int error = pthread_create(out, NULL, run, argument);
    if (error == 0) return STATUS_OK;
    fprintf(stderr, "no more threads can be started: %s; " THREAD_ADVICE "\n", strerror(error));
    return STATUS_THREAD;
}

#endif
