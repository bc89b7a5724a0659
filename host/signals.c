/* host/signals.c - counts the requests to stop; the second one ends the process. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static const char *text; /* what the first request is answered with */

static void on_signal(int number) {
    asked = asked + 1;
    if (asked >= 2) _exit(128 + number); /* the next run drops a torn record and plays what lacks */
    int error = errno;
    (void)!write(STDERR_FILENO, text, strlen(text));
    errno = error;
}

void signals_install(int quiet) {
    static const char said[] = "\nstopping after the waves under way; once more stops at once\n";
    struct sigaction action;
    text = quiet ? "" : said + !isatty(STDERR_FILENO); /* the bar of a terminal has no line end yet */
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int signals_asked(void) { return asked; }
