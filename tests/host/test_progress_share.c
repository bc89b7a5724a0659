/* tests/host/test_progress_share.c - what lines of progress say, worked by hand: the share never
 * falls, and rate and time left follow from it. */
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "host/process/progress.h"
#include "tests/support/check.h"

static int ends[2], saved;

/* What is written to stderr by progress_show, or by progress_end if the share is negative. */
static const char *told(Progress *p, int64_t done, double share) {
    static char text[1024];
    dup2(ends[1], STDERR_FILENO);
    if (share >= 0)
        progress_show(p, done, share);
    else
        progress_end(p, done);
    dup2(saved, STDERR_FILENO);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    return text;
}

/* Text that goes on with the rate and the time left after `seconds` for this share of the games. */
static void check_line(const char *line, const char *begins, double share, double games,
                       double seconds) {
    double rate = 0, left = -1;
    size_t length = strlen(begins);
    bool begins_so = strncmp(line, begins, length) == 0;
    CHECK(begins_so && sscanf(line + length, "%lf games/min, %lf s left\n", &rate, &left) == 2);
    CHECK(fabs(rate * seconds / (60 * share * games) - 1) < 0.02);
    CHECK(fabs(left - seconds * (1 - share) / share) < 0.02 * seconds);
    if (checks_failed) fprintf(stderr, "'%s' is not '%s..'\n", line, begins);
}

int main(void) {
    saved = dup(STDERR_FILENO);
    CHECK(pipe(ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    Progress quiet = progress_begin(1, 0, 100), p = progress_begin(0, 10000, 30000);
    p.start -= 1000; /* a fifth of the other 20,000 games took 1000 s */
    quiet.start -= 1000;
    CHECK(strcmp(told(&p, 10000, 0), "") == 0); /* nothing to tell yet */
    CHECK(strcmp(told(&quiet, 50, 0.5), "") == 0);
    check_line(told(&p, 12000, 0.2), "12000/30000 games, 46.7%, ", 0.2, 20000, 1000);
    CHECK(strcmp(told(&p, 12100, 0.15), "") == 0); /* the next line has time */
    check_line(told(&p, 12100, -1), "12100/30000 games, 46.7%, ", 0.2, 20000, 1000);
    check_line(told(&p, 30000, -1), "30000/30000 games, 100.0%, ", 1, 20000, 1000);
    CHECK(strcmp(told(&quiet, 100, -1), "") == 0);
    /* another stage of a program that has just told something */
    Progress next = progress_begin(0, 0, 10);
    next.start -= 5;
    CHECK(strcmp(told(&next, 1, 0.1), "") == 0);
    return check_report();
}
