/* host/files/folder_lock.c - a folder's lock: flock, or where there is none a file made by O_EXCL.
 *
 *   lock.held   HOST NAMESPACE PID START   of the process that holds the folder
 *
 * Unlike a flock this file outlives its process. Where host and namespace of process ids are ours
 * we can tell whether that process is still there: one of its id that started at another time is
 * not. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "flush.h"

enum { HELD_TEXT = 512, YOUNG_SECONDS = 10 };

typedef struct {
    char host[256], space[64];
    long pid;
    long long start; /* ticks since the machine started; -1: not known */
} Holder;

/* Of a process, from /proc: it may be hidden. */
static long long start_of(long pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *at = strrchr(text, ')'); /* the name in parentheses may hold spaces */
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : -1;
}

static Holder holder_here(void) {
    Holder h = {.host = "", .space = "-", .pid = (long)getpid(), .start = start_of(getpid())};
    if (gethostname(h.host, sizeof h.host - 1) != 0 || !h.host[0]) strcpy(h.host, "host");
    ssize_t n = readlink("/proc/self/ns/pid", h.space, sizeof h.space - 1);
    h.space[n > 0 ? n : 1] = 0;
    return h;
}

/* *age: seconds since it was written; false: there is no such file. */
static bool read_text(const char *path, char text[HELD_TEXT], double *age) {
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, text, HELD_TEXT - 1) : -1;
    *age = fd >= 0 && fstat(fd, &found) == 0 ? difftime(time(NULL), found.st_mtime) : 0;
    text[n > 0 ? n : 0] = 0;
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static bool parse(const char *text, Holder *h) {
    return sscanf(text, "%255s %63s %ld %lld", h->host, h->space, &h->pid, &h->start) == 4;
}

/* Whether the process that wrote this has ended for certain. */
static bool is_stale(const char *text, double age) {
    Holder there, here = holder_here();
    if (!parse(text, &there)) return age > YOUNG_SECONDS; /* stopped between making and writing */
    if (strcmp(there.host, here.host) != 0 || strcmp(there.space, here.space) != 0) return false;
    if (kill((pid_t)there.pid, 0) != 0 && errno == ESRCH) return true;
    long long start = start_of(there.pid);
    return start >= 0 && there.start >= 0 && start != there.start;
}

static Status refuse_held(const char *folder, const char *text) {
    Holder there, here = holder_here();
    if (!parse(text, &there))
        return durable_refuse(folder, "another process writes to it, as lock.held says");
    bool near = strcmp(there.host, here.host) == 0 && strcmp(there.space, here.space) == 0;
    return durable_refuse(folder, "another process writes to it: %ld on %.99s%s", there.pid,
                          there.host,
                          near ? "" : ", as lock.held says; remove that file if it has ended");
}

/* Removes a stale file; two processes may try, and the second must not remove the first one's. */
static void remove_stale(const char *path, const char *stale) {
    char aside[FOLDER_PATH + 64], text[HELD_TEXT];
    double age;
    snprintf(aside, sizeof aside, "%s.aside-%ld", path, (long)getpid());
    if (rename(path, aside) != 0) return;
    if (read_text(aside, text, &age) && strcmp(text, stale) != 0) (void)!link(aside, path);
    unlink(aside);
}

/* OK: nobody holds the folder by a file. */
static Status check_held(const char *folder, const char *path) {
    char text[HELD_TEXT];
    double age;
    if (!read_text(path, text, &age)) return STATUS_OK;
    if (!is_stale(text, age)) return refuse_held(folder, text);
    remove_stale(path, text);
    return STATUS_OK;
}

static Status hold(const char *folder, const char *path) {
    Holder here = holder_here();
    char text[HELD_TEXT];
    int length = snprintf(text, sizeof text, "%s %s %ld %lld\n", here.host, here.space, here.pid,
                          here.start);
    for (int attempt = 0; attempt < 5; attempt++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            Status status = durable_put(fd, path, 0, text, (size_t)length);
            close(fd);
            if (status != STATUS_OK) unlink(path);
            return status;
        }
        if (errno != EEXIST) return durable_fail(path, "cannot be written");
        TRY(check_held(folder, path));
    }
    return durable_refuse(folder, "another process writes to it");
}

static Status take(const char *folder, FolderLock *lock, const char *held) {
    if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0) return check_held(folder, held);
    if (errno == EWOULDBLOCK) return durable_refuse(folder, "another process writes to it");
    if (!flush_is_lacking(errno)) return durable_fail(folder, "cannot be locked");
    int error = errno;
    TRY(hold(folder, held));
    snprintf(lock->held, sizeof lock->held, "%s", held);
    fprintf(stderr,
            "%s: this file system has no locks (%s): the file lock.held keeps other processes "
            "out\n",
            folder, strerror(error));
    return STATUS_OK;
}

Status folder_lock(const char *folder, FolderLock *lock) {
    char path[FOLDER_PATH], held[FOLDER_PATH];
    snprintf(path, sizeof path, "%s/lock", folder);
    snprintf(held, sizeof held, "%s/lock.held", folder);
    lock->held[0] = 0;
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (lock->fd < 0) return durable_refuse(folder, "cannot be written: %s", strerror(errno));
    Status status = take(folder, lock, held);
    if (status != STATUS_OK) folder_unlock(lock);
    return status;
}

void folder_unlock(FolderLock *lock) {
    if (lock->fd < 0) return;
    if (lock->held[0]) unlink(lock->held);
    close(lock->fd);
    lock->fd = -1;
}

bool folder_is_lock(const char *name) {
    return strcmp(name, "lock") == 0 || strcmp(name, "lock.held") == 0 ||
           strncmp(name, "lock.held.aside-", 16) == 0;
}
