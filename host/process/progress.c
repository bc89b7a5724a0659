/* host/process/progress.c - draws the bar and estimates the time left. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30 };
static const double TERMINAL_SECONDS = 0.5, LINE_SECONDS = 10;

double progress_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

Progress progress_begin(int quiet, int64_t done_before, int64_t total) {
    double now = progress_clock();
    return (Progress){.quiet = quiet,
                      .terminal = isatty(STDERR_FILENO),
                      .done_before = done_before,
                      .total = total,
                      .start = now,
                      .last = now,
                      .unit = "games"};
}

static void show(const Progress *p, int64_t done, double now) {
    double seconds = now - p->start,
           rate = seconds > 0 ? (double)(done - p->done_before) / seconds : 0;
    double left = rate > 0 ? (double)(p->total - done) / rate : 0;
    if (p->terminal) {
        int full = p->total > 0 ? (int)(BAR * done / p->total) : BAR;
        fprintf(stderr, "\r[");
        for (int i = 0; i < BAR; i++) fputc(i < full ? '=' : ' ', stderr);
        fprintf(stderr, "] ");
    }
    fprintf(stderr, "%lld/%lld %s", (long long)done, (long long)p->total, p->unit);
    if (rate > 0) fprintf(stderr, ", %.0f %s/min, %.0f s left", 60 * rate, p->unit, left);
    fputs(p->terminal ? "   " : "\n", stderr);
}

void progress_show(Progress *p, int64_t done) {
    double now = progress_clock();
    if (p->quiet || now - p->last < (p->terminal ? TERMINAL_SECONDS : LINE_SECONDS)) return;
    p->last = now;
    show(p, done, now);
}

void progress_end(Progress *p, int64_t done) {
    if (p->quiet) return;
    show(p, done, progress_clock());
    if (p->terminal) fputc('\n', stderr);
}

void progress_clear(const Progress *p) {
    if (!p->quiet && p->terminal) fputs("\r\033[K", stderr);
}
