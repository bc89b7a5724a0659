/* tests/cli/poor_files.c - for LD_PRELOAD: a file system that lacks calls, as some FUSE and NFS do.
 *
 * POOR_FLOCK, POOR_FOLDERS, POOR_FILES: the errno of flock, and of flushing folders and files, in
 * decimal. */
#define _GNU_SOURCE /* for syscall */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int flock(int fd, int operation); /* not from <sys/file.h>, whose attributes differ */

static int fails(const char *name) {
    const char *text = getenv(name);
    if (text) errno = atoi(text);
    return text != NULL;
}

int flock(int fd, int operation) {
    return fails("POOR_FLOCK") ? -1 : (int)syscall(SYS_flock, fd, operation);
}

static int flush(int fd, long call) {
    struct stat found;
    int folder = fstat(fd, &found) == 0 && S_ISDIR(found.st_mode);
    return fails(folder ? "POOR_FOLDERS" : "POOR_FILES") ? -1 : (int)syscall(call, fd);
}

int fsync(int fd) { return flush(fd, SYS_fsync); }
int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }
