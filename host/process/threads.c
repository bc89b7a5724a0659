/* host/process/threads.c - sets the waiting policy by restarting the program; counts threads. */
#include "threads.h"

#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "device/core/thread.h"

/* The words of the command as the kernel got it; NULL: not to be had. Never freed. */
static char **command_words(void) {
    enum { MOST = 1 << 22 }; /* twice what a kernel takes of arguments by default */
    char *text = malloc(MOST), **words = NULL;
    FILE *f = text ? fopen("/proc/self/cmdline", "r") : NULL;
    size_t bytes = f ? fread(text, 1, MOST, f) : 0, count = 0;
    if (f) fclose(f);
    if (bytes == 0 || bytes == MOST || text[bytes - 1]) return NULL;
    for (size_t i = 0; i < bytes; i++) count += !text[i];
    words = calloc(count + 1, sizeof *words);
    for (size_t i = 0, n = 0; words && i < bytes; i++)
        if (i == 0 || !text[i - 1]) words[n++] = text + i;
    return words;
}

/* AT_BASE is 0 where the dynamic loader was started with the program as its argument: then
 * /proc/self/exe is the loader, and argv lacks the loader's own words, such as --library-path. */
void threads_begin(char **argv) {
    if (getenv("OMP_WAIT_POLICY") || setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
    bool by_loader = getauxval(AT_BASE) == 0;
    char **words = by_loader ? command_words() : argv;
    /* if all fail the program goes on without it */
    if (words) execv("/proc/self/exe", words);
    if (!by_loader) execv((const char *)getauxval(AT_EXECFN), argv); /* without /proc */
}

static void *wait_at(void *gate) {
    pthread_mutex_lock((pthread_mutex_t *)gate);
    pthread_mutex_unlock((pthread_mutex_t *)gate);
    return NULL;
}

/* Whether so many threads can run beside this one. */
static Status try_threads(int count) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = calloc((size_t)count + 1, sizeof *threads);
    int started = 0, error = 0;
    if (!threads) return STATUS_MEMORY;
    pthread_mutex_lock(&gate);
    while (started < count && error == 0) {
        error = pthread_create(&threads[started], NULL, wait_at, &gate);
        started += error == 0;
    }
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    free(threads);
    if (error == 0) return STATUS_OK;
    fprintf(stderr, "only %d of %d threads can be started: %s; --threads N takes fewer, or %s\n",
            started + 1, count + 1, strerror(error), THREAD_ADVICE);
    return STATUS_THREAD;
}

Status threads_set(int asked, int teams) {
    if (asked > 0) omp_set_num_threads(asked);
    if (omp_get_max_threads() > THREADS_MAX) {
        fprintf(stderr, "OMP_NUM_THREADS is %d: %d threads are used, the most that is allowed\n",
                omp_get_max_threads(), (int)THREADS_MAX);
        omp_set_num_threads(THREADS_MAX);
    }
    return try_threads(teams * (omp_get_max_threads() - 1) + 1);
}
