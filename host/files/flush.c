/* host/files/flush.c - fsync, and what it means where there is none. */
#include "flush.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "durable.h"

bool flush_is_lacking(int error) {
    return error == ENOSYS || error == EOPNOTSUPP || error == ENOTSUP || error == EINVAL ||
           error == ENOLCK;
}

static Status judge(int result, const char *path, const char *what) {
    static atomic_flag warned = ATOMIC_FLAG_INIT;
    if (result == 0) return STATUS_OK;
    if (!flush_is_lacking(errno)) return durable_fail(path, "cannot be flushed to disk");
    if (!atomic_flag_test_and_set(&warned))
        fprintf(stderr,
                "%s: this file system cannot flush %s (%s): if power fails, what was written last "
                "may be lost\n",
                path, what, strerror(errno));
    return STATUS_OK;
}

Status flush_file(int fd, const char *path) { return judge(fdatasync(fd), path, "files"); }

Status flush_folder(int fd, const char *path) { return judge(fsync(fd), path, "folders"); }
