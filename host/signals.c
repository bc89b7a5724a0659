/* host/signals.c - counts the requests to stop; the second one ends the process. */
#include "signals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void on_signal(int number) {
    asked = asked + 1;
    if (asked >= 2) _exit(128 + number); /* finished records are on disk, a torn one is dropped */
}

void signals_install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a full disk is an error to report, not a reason to die */
    signal(SIGPIPE, SIG_IGN);
}

int signals_asked(void) { return asked; }
