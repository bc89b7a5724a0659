/* host/files/flush.h - bytes and names are on disk on return, as far as a file system goes.
 *
 * Some cannot flush, folders above all (FUSE, Lustre, some NFS): that costs one warning in a
 * process and is no failure. What could then be lost is what was written last before a machine lost
 * power. */
#ifndef HOST_FILES_FLUSH_H
#define HOST_FILES_FLUSH_H

#include <stdbool.h>

#include "device/core/status.h"

/* Whether errno says that a file system lacks a call, rather than that it failed. */
bool flush_is_lacking(int error);

/* Flushes a file's bytes, but no times. STATUS_FILE: reported with `path`. */
Status flush_file(int fd, const char *path);

/* Flushes the names of a folder. STATUS_FILE: reported with `path`. */
Status flush_folder(int fd, const char *path);

#endif
