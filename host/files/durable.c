/* host/files/durable.c - files that are complete or absent: written aside, flushed, renamed. */
#include "durable_target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flush.h"

Status durable_refuse(const char *path, const char *format, ...) {
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", path, reason);
    return STATUS_INPUT;
}

Status durable_fail(const char *path, const char *what) {
    fprintf(stderr, "%s: %s: %s\n", path, what, strerror(errno));
    return STATUS_FILE;
}

/* A file of f->target's folder. */
static Status open_aside(DurableFile *f) {
    static atomic_int serial; /* files aside of one name never collide, even after an abort */
    for (int attempt = 0; attempt < 100 && f->fd < 0; attempt++) {
        snprintf(f->aside, sizeof f->aside, "%s.aside-%ld-%d", f->target, (long)getpid(), serial++);
        f->fd = open(f->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd < 0 && errno != EEXIST) break;
    }
    return f->fd < 0 ? durable_fail(f->path, "cannot be written") : STATUS_OK;
}

/* A file without a name, as a pipe takes bytes only in their order, and gives none back. */
static Status open_unnamed(DurableFile *f) {
    const char *folder = getenv("TMPDIR");
    int length = snprintf(f->aside, sizeof f->aside, "%s/blob-XXXXXX",
                          folder && *folder ? folder : "/tmp");
    if (length >= (int)sizeof f->aside)
        return durable_refuse(folder, "the path is longer than %d bytes", DURABLE_PATH - 1);
    f->fd = mkstemp(f->aside);
    if (f->fd < 0) return durable_fail(f->aside, "cannot be written");
    unlink(f->aside);
    return STATUS_OK;
}

Status durable_open(DurableFile *f, const char *path) {
    f->fd = -1;
    int length = snprintf(f->path, sizeof f->path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof f->path)
        return durable_refuse(path, "the path is longer than %d bytes", DURABLE_PATH - 1);
    TRY(durable_target_find(f));
    return f->plain ? open_unnamed(f) : open_aside(f);
}

Status durable_put(int fd, const char *path, int64_t at, const void *bytes, size_t count) {
    const char *from = (const char *)bytes;
    while (count > 0) {
        ssize_t n = pwrite(fd, from, count, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return durable_fail(path, "cannot be written");
        from += n;
        at += n;
        count -= (size_t)n;
    }
    return STATUS_OK;
}

Status durable_get(int fd, const char *path, int64_t at, void *bytes, size_t count) {
    char *to = (char *)bytes;
    while (count > 0) {
        ssize_t n = pread(fd, to, count, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EIO; /* shorter than it was a moment ago */
        if (n <= 0) return durable_fail(path, "cannot be read");
        to += n;
        at += n;
        count -= (size_t)n;
    }
    return STATUS_OK;
}

Status durable_write(DurableFile *f, int64_t at, const void *bytes, size_t count) {
    return durable_put(f->fd, f->path, at, bytes, count);
}

Status durable_flush_folder(const char *path) {
    char folder[DURABLE_PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == folder)
        slash[1] = 0;
    else if (slash)
        *slash = 0;
    else
        snprintf(folder, sizeof folder, ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return durable_fail(folder, "cannot be opened");
    Status status = flush_folder(fd, folder);
    close(fd);
    return status;
}

/* Writes to a pipe, a device or a descriptor. */
static bool write_stream(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (n < 0 && errno == EAGAIN) n = poll(&ready, 1, -1) < 0 ? -1 : 0;
        if (n < 0 && errno != EINTR) return false;
        bytes += n > 0 ? n : 0;
        count -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static Status copy_to_stream(const DurableFile *f) {
    char buffer[1 << 16];
    ssize_t n = 0;
    int own = f->stream < 0 ? open(f->path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC) : -1;
    int fd = f->stream < 0 ? own : f->stream;
    bool written = fd >= 0;
    if (fd == STDOUT_FILENO) (void)fflush(stdout); /* what was printed before comes first */
    for (off_t at = 0; written && (n = pread(f->fd, buffer, sizeof buffer, at)) > 0; at += n)
        written = write_stream(fd, buffer, (size_t)n);
    written = written && n == 0;
    Status status = written ? STATUS_OK : durable_fail(f->path, "cannot be written");
    if (own >= 0 && close(own) != 0 && written) status = durable_fail(f->path, "cannot be closed");
    return status;
}

static Status replace_target(DurableFile *f) {
    Status status = flush_file(f->fd, f->path);
    if (close(f->fd) != 0 && status == STATUS_OK)
        status = durable_fail(f->path, "cannot be closed");
    f->fd = -1;
    if (status == STATUS_OK && rename(f->aside, f->target) != 0)
        status = durable_fail(f->path, "cannot be renamed into place");
    if (status != STATUS_OK) {
        unlink(f->aside);
        return status;
    }
    return durable_flush_folder(f->target);
}

Status durable_commit(DurableFile *f) {
    if (!f->plain) return replace_target(f);
    Status status = copy_to_stream(f);
    durable_abort(f);
    return status;
}

void durable_abort(DurableFile *f) {
    if (f->fd < 0) return;
    close(f->fd);
    if (!f->plain) unlink(f->aside);
    f->fd = -1;
}

Status durable_save(const char *path, const void *bytes, size_t count) {
    DurableFile f;
    TRY(durable_open(&f, path));
    Status status = durable_write(&f, 0, bytes, count);
    if (status == STATUS_OK) return durable_commit(&f);
    durable_abort(&f);
    return status;
}

/* Large blocks get large pages: a read from the page cache into fresh 4 KiB pages, with the
 * checksum, runs at 2.2 GB/s, into large pages at 7.9 GB/s. */
static unsigned char *read_block(size_t bytes) {
    enum { LARGE_PAGE = 2 << 20 };
    void *block = NULL;
    if (bytes < 4 * LARGE_PAGE) return (unsigned char *)malloc(bytes);
    if (posix_memalign(&block, LARGE_PAGE, bytes) != 0) return NULL;
    (void)madvise(block, bytes,
                  MADV_HUGEPAGE); /* only a hint: a refusal costs time, nothing else */
    return (unsigned char *)block;
}

static Status read_open(int fd, const char *path, unsigned char **bytes, size_t *size) {
    struct stat file;
    if (fstat(fd, &file) != 0) return durable_fail(path, "cannot be read");
    if (!S_ISREG(file.st_mode)) return durable_refuse(path, "is not a plain file");
    *size = (size_t)file.st_size;
    *bytes = read_block(*size + 1);
    if (!*bytes) return STATUS_MEMORY;
    (*bytes)[*size] = 0;
    Status status = durable_get(fd, path, 0, *bytes, *size);
    if (status == STATUS_OK) return STATUS_OK;
    free(*bytes);
    *bytes = NULL;
    return status;
}

Status durable_read(const char *path, unsigned char **bytes, size_t *size) {
    *bytes = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (fd < 0) return durable_refuse(path, "cannot be read: %s", strerror(errno));
    Status status = read_open(fd, path, bytes, size);
    close(fd);
    return status;
}
