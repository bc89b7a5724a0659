/* host/files/durable_target.c - follows links, and recognizes descriptors of this process. */
#include "durable_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as in the kernel */

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* N if the path is /dev/fd/N, /proc/self/fd/N or another name of that; else -1. */
static int descriptor_named(const char *path) {
    char folder[DURABLE_PATH], named[PATH_MAX], own[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash) return -1;
    size_t digits = strspn(slash + 1, "0123456789");
    if (digits < 1 || digits > 9 || slash[1 + digits]) return -1;
    snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path);
    if (!realpath(folder, named) || !realpath("/proc/self/fd", own)) return -1;
    return strcmp(named, own) == 0 ? atoi(slash + 1) : -1;
}

/* Puts the next link's target in place of `path` (DURABLE_PATH). False: the path is no link; or
 * its target is too long, and errno is ENAMETOOLONG. */
static bool follow_link(char *path) {
    char link[DURABLE_PATH];
    ssize_t n = readlink(path, link, sizeof link);
    if (n <= 0) return false;
    char *slash = strrchr(path, '/');
    size_t folder = link[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - path);
    if (folder + (size_t)n >= DURABLE_PATH) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path + folder, link, (size_t)n);
    path[folder + (size_t)n] = 0;
    return true;
}

/* Fills `target` (DURABLE_PATH) with what the path leads to. A link to nothing leads to where the
 * file is to be made. *stream: the descriptor that is found on the way; or -1. */
static Status follow_links(const char *path, char *target, int *stream) {
    snprintf(target, DURABLE_PATH, "%s", path);
    for (int links = 0; links < LINKS_MAX; links++) {
        *stream = descriptor_named(target);
        if (*stream >= 0) return STATUS_OK;
        errno = 0;
        if (follow_link(target)) continue;
        return errno == ENAMETOOLONG ? STATUS_FILE : STATUS_OK;
    }
    errno = ELOOP;
    return STATUS_FILE;
}

/* Standard output or error if it goes to this plain file: what is printed would be lost with the
 * file that a rename replaces. */
static int stream_of(const struct stat *file) {
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat open;
        if (S_ISREG(file->st_mode) && fstat(fd, &open) == 0 && is_same(&open, file)) return fd;
    }
    return -1;
}

int durable_target_stream(const char *path) {
    char target[DURABLE_PATH];
    struct stat found;
    int stream;
    if (strlen(path) >= sizeof target || follow_links(path, target, &stream) != STATUS_OK)
        return -1;
    return stream >= 0 || stat(path, &found) != 0 ? stream : stream_of(&found);
}

static bool is_writable(const DurableFile *f) {
    if (f->stream < 0) return access(f->path, W_OK) == 0;
    int flags = fcntl(f->stream, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) errno = EBADF;
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

Status durable_target_find(DurableFile *f) {
    struct stat found, behind;
    if (follow_links(f->path, f->target, &f->stream) != STATUS_OK)
        return durable_fail(f->path, "cannot be written");
    bool exists = stat(f->path, &found) == 0;
    bool special = exists && !S_ISREG(found.st_mode);
    if (special && !S_ISFIFO(found.st_mode) && !S_ISCHR(found.st_mode) && f->stream < 0)
        return durable_refuse(f->path, "is not a plain file, and is left alone");
    if (exists && f->stream < 0) f->stream = stream_of(&found);
    /* a descriptor of another process may be of a file that has no name any more */
    bool named = !exists || (stat(f->target, &behind) == 0 && is_same(&found, &behind));
    f->plain = f->stream >= 0 || special || !named;
    return !f->plain || is_writable(f) ? STATUS_OK : durable_fail(f->path, "cannot be written");
}
