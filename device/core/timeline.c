/* device/core/timeline.c - buffers events as text, and keeps the file whole. */
#include "timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 16,
    NAME_BYTES = 512, /* of an event's name, escaped; the names of templates are long */
    EVENT_BYTES = NAME_BYTES + 160
};

static const char END[] = "\n]\n";

/* The first event has no comma before it: this one, by which a timeline is known. */
static const char BEGIN[] = "[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":0,"
                            "\"args\":{\"name\":\"host\"}}";

struct Timeline {
    const char *path; /* the caller's */
    int fd;
    pthread_mutex_t lock; /* of all that follows */
    double origin;        /* when the timeline began */
    long long at;         /* offset of the closing bracket's line in the file */
    size_t used;          /* bytes of buffer */
    long events;
    bool created; /* there was no such file before */
    bool full, failed;
    char buffer[BUFFER_BYTES + sizeof END];
};

double timeline_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What was written before stays whole JSON though no more can be written. */
static void cut_back(Timeline *t) {
    bool whole = ftruncate(t->fd, t->at) == 0;
    if (whole && t->at > 0) whole = pwrite(t->fd, END, sizeof END - 1, t->at) == sizeof END - 1;
    fprintf(stderr, "--trace %s: %s; the run goes on without it%s\n", t->path, strerror(errno),
            whole ? "" : ", and what is there is torn");
    t->failed = true;
}

/* Writes the buffer and a new end over the old one. The lock is held. The first write takes the
 * place of an older timeline. */
static void write_buffer(Timeline *t) {
    size_t bytes = t->used + sizeof END - 1, done = 0;
    if (t->at == 0 && ftruncate(t->fd, 0) != 0) cut_back(t);
    memcpy(t->buffer + t->used, END, sizeof END - 1);
    while (done < bytes && !t->failed) {
        ssize_t n = pwrite(t->fd, t->buffer + done, bytes - done, t->at + (long long)done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) cut_back(t);
        done += n > 0 ? (size_t)n : 0;
    }
    t->at += (long long)t->used;
    t->used = 0;
}

static void append(Timeline *t, const char *text, size_t bytes) {
    if (t->failed || t->full) return;
    t->full = t->at + (long long)(t->used + bytes) > TIMELINE_BYTES_MAX;
    if (t->full) return;
    if (t->used + bytes > BUFFER_BYTES) write_buffer(t);
    memcpy(t->buffer + t->used, text, bytes);
    t->used += bytes;
}

/* A name as JSON holds it: quotes and backslashes escaped, nothing but ASCII, cut at NAME_BYTES. */
static const char *escaped(const char *name, char text[NAME_BYTES]) {
    size_t n = 0;
    for (; *name && n + 3 < NAME_BYTES; name++) {
        if (*name == '"' || *name == '\\') text[n++] = '\\';
        text[n++] = *name >= 32 && *name < 127 ? *name : '?';
    }
    text[n] = 0;
    return text;
}

static void append_name(Timeline *t, const char *kind, int process, int row, const char *name) {
    char line[EVENT_BYTES], text[NAME_BYTES];
    int n = snprintf(line, sizeof line,
                     ",\n{\"name\":\"%s\",\"ph\":\"M\",\"pid\":%d,\"tid\":%d,"
                     "\"args\":{\"name\":\"%s\"}}",
                     kind, process + 1, row, escaped(name, text));
    append(t, line, (size_t)n);
}

/* Why a timeline cannot be written to the open file, or NULL. */
static const char *refusal(int fd) {
    struct stat is, other;
    char first[sizeof BEGIN];
    if (fd < 0) return strerror(errno);
    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode)) return "must be a plain file";
    for (int standard = STDOUT_FILENO; standard <= STDERR_FILENO; standard++)
        if (fstat(standard, &other) == 0 && other.st_dev == is.st_dev && other.st_ino == is.st_ino)
            return "must be another file than standard output or error";
    if (is.st_size == 0) return NULL;
    bool same = pread(fd, first, sizeof BEGIN - 1, 0) == sizeof BEGIN - 1 &&
                memcmp(first, BEGIN, sizeof BEGIN - 1) == 0;
    return same ? NULL : "exists and is not a timeline; left as it is";
}

Status timeline_open(Timeline **out, const char *path) {
    *out = NULL;
    Timeline *t = calloc(1, sizeof *t);
    if (!t) return STATUS_MEMORY;
    t->created = access(path, F_OK) != 0;
    t->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    const char *why = refusal(t->fd);
    if (why) {
        fprintf(stderr, "--trace %s: %s\n", path, why);
        if (t->fd >= 0) close(t->fd);
        free(t);
        return STATUS_INPUT;
    }
    pthread_mutex_init(&t->lock, NULL);
    t->path = path;
    t->origin = timeline_clock();
    append(t, BEGIN, sizeof BEGIN - 1);
    append_name(t, "process_name", TIMELINE_DEVICE, 0, "device");
    append_name(t, "thread_name", TIMELINE_HOST, 0, "epochs and files");
    *out = t;
    return STATUS_OK;
}

void timeline_flush(Timeline *t) {
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    if (t->used) write_buffer(t);
    pthread_mutex_unlock(&t->lock);
}

Status timeline_close(Timeline *t) {
    if (!t) return STATUS_OK;
    if (t->events > 0 || t->at > 0)
        timeline_flush(t);
    else if (t->created)
        (void)unlink(t->path);
    bool failed = t->failed;
    if (close(t->fd) != 0 && !failed) {
        fprintf(stderr, "--trace %s: %s\n", t->path, strerror(errno));
        failed = true;
    }
    pthread_mutex_destroy(&t->lock);
    free(t);
    return failed ? STATUS_FILE : STATUS_OK;
}

void timeline_name(Timeline *t, TimelineProcess process, int row, const char *name) {
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    append_name(t, "thread_name", process, row, name);
    pthread_mutex_unlock(&t->lock);
}

void timeline_event(Timeline *t, TimelineProcess process, int row, const char *name, double start,
                    double end) {
    char line[EVENT_BYTES], text[NAME_BYTES];
    if (!t || start < t->origin || end < start) return;
    int n = snprintf(line, sizeof line,
                     ",\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,"
                     "\"dur\":%.3f}",
                     escaped(name, text), process + 1, row, 1e6 * (start - t->origin),
                     1e6 * (end - start));
    pthread_mutex_lock(&t->lock);
    append(t, line, (size_t)n);
    if (!t->full && !t->failed) t->events++;
    pthread_mutex_unlock(&t->lock);
}

double timeline_host(Timeline *t, const char *name, double since) {
    double now = timeline_clock();
    timeline_event(t, TIMELINE_HOST, 0, name, since, now);
    return now;
}

long timeline_events(const Timeline *t, bool *full) {
    *full = t->full;
    return t->events;
}
