/* host/process/progress.c - draws the bar and estimates the time left. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 16 }; /* leaves room for the numbers in 80 columns */
static const double FIRST_SECONDS = 0.25, TERMINAL_SECONDS = 0.5, LINE_SECONDS = 10;

/* When this process last showed anything, which may be another Progress; 0: never. */
static double last;

double progress_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

Progress progress_begin(int quiet, int64_t done_before, int64_t total) {
    return (Progress){.quiet = quiet,
                      .terminal = isatty(STDERR_FILENO),
                      .done_before = done_before,
                      .total = total,
                      .start = progress_clock(),
                      .unit = "games"};
}

static void show(const Progress *p, int64_t done, double now) {
    double before = (double)p->done_before, total = (double)p->total, share = p->share;
    double whole = total > 0 ? (before + share * (total - before)) / total : 1;
    if (p->terminal) {
        fprintf(stderr, "\r[");
        for (int i = 0; i < BAR; i++) fputc(i < (int)(BAR * whole) ? '=' : ' ', stderr);
        fprintf(stderr, "] ");
    }
    fprintf(stderr, "%lld/%lld %s", (long long)done, (long long)p->total, p->unit);
    if (share > 0 && now > p->start) {
        double seconds = now - p->start;
        fprintf(stderr, ", %.1f%%, %.0f %s/min, %.0f s left", 100 * whole,
                60 * share * (total - before) / seconds, p->unit, seconds * (1 - share) / share);
    }
    fputs(p->terminal ? "\033[K" : "\n", stderr);
    last = now;
}

static void raise_share(Progress *p, double share) {
    if (share > p->share) p->share = share;
}

void progress_show(Progress *p, int64_t done, double share) {
    double now = progress_clock();
    raise_share(p, share);
    if (p->quiet || p->share == 0 || now - p->start < FIRST_SECONDS) return;
    if (last > 0 && now - last < (p->terminal ? TERMINAL_SECONDS : LINE_SECONDS)) return;
    show(p, done, now);
}

void progress_end(Progress *p, int64_t done) {
    if (done == p->total) raise_share(p, 1);
    if (p->quiet) return;
    show(p, done, progress_clock());
    if (p->terminal) fputc('\n', stderr);
}

void progress_clear(const Progress *p) {
    if (!p->quiet && p->terminal) fputs("\r\033[K", stderr);
}
