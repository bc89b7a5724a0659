/* host/process/signals.c - a thread counts the requests to stop; the second one ends the process.
 *
 * There is no handler, as it would run on the stack of the thread it interrupts, and generated code
 * of a library may point its stack pointer into a heap block, which the signal frame would
 * overwrite (oneDNN's GEMM does). */
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "device/core/thread.h"

static atomic_int asked;
static sigset_t requests;
static const char *answer; /* to the first request */

static void *watch(void *unused) {
    int number;
    while (sigwait(&requests, &number) == 0) {
        asked = asked + 1;
        if (asked >= 2)
            _exit(128 + number); /* the next run drops a torn record and plays what is missing */
        (void)!write(STDERR_FILENO, answer, strlen(answer));
    }
    return unused;
}

void signals_block(void) {
    sigemptyset(&requests);
    sigaddset(&requests, SIGINT);
    sigaddset(&requests, SIGTERM);
    signal(SIGINT, SIG_DFL); /* a shell may start background jobs with these signals ignored */
    signal(SIGTERM, SIG_DFL);
    pthread_sigmask(SIG_BLOCK, &requests, NULL);
}

Status signals_watch(int quiet) {
    static const char notice[] = "\nstopping after the waves under way; once more stops at once\n";
    pthread_t thread;
    answer = quiet ? ""
                   : notice +
                         !isatty(STDERR_FILENO); /* on a terminal, ends the line of the bar first */
    TRY(thread_start(&thread, watch, NULL));
    pthread_detach(thread);
    return STATUS_OK;
}

int signals_asked(void) { return asked; }
