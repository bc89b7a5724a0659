/* host/files/durable.h - files that are whole or not there: written aside, flushed to disk, renamed.
 *
 *   durable_open -> [ durable_write ]* -> durable_commit     or durable_abort at any point
 *
 * Until the commit nothing of the new bytes is visible under the final name, and an older file of
 * that name stays as it was; the commit returns when the file and its folder are on disk. */
#ifndef HOST_FILES_DURABLE_H
#define HOST_FILES_DURABLE_H

#include <stddef.h>
#include <stdint.h>

#include "device/core/status.h"

enum { DURABLE_PATH = 4096 }; /* bytes of a path, its NUL included */

typedef struct {
    int fd;                                            /* of the file aside; -1 when none is open */
    char path[DURABLE_PATH], aside[DURABLE_PATH + 64]; /* aside = path.aside-PID-N, same folder */
} DurableFile;

/* One line on stderr, "path: what"; returns STATUS_INPUT. */
Status durable_refuse(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line on stderr, "path: doing: errno's reason"; returns STATUS_FILE. */
Status durable_fail(const char *path, const char *doing);

/* Starts a file aside. What is there under the name and is no plain file is refused (STATUS_INPUT):
 * a rename would put a file in the place of a device. STATUS_FILE: the folder refused. */
Status durable_open(DurableFile *f, const char *path);

/* Bytes at an offset, in any order. STATUS_FILE, said: the caller aborts. */
Status durable_write(DurableFile *f, int64_t at, const void *bytes, size_t count);

/* Flush, rename, flush the folder, close. STATUS_FILE, said: the file aside is gone. */
Status durable_commit(DurableFile *f);

/* Removes the file aside; nothing where none is open. */
void durable_abort(DurableFile *f);

/* The whole of a small file at once. */
Status durable_save(const char *path, const void *bytes, size_t count);

/* Writes all of `bytes` at an offset of an open file; `path` for the line on stderr. */
Status durable_put(int fd, const char *path, int64_t at, const void *bytes, size_t count);

/* Reads exactly `count` bytes at an offset of an open file; an early end is STATUS_FILE, said. */
Status durable_get(int fd, const char *path, int64_t at, void *bytes, size_t count);

/* Flushes the folder that holds `path`, so that a new, renamed or removed name is on disk. */
Status durable_flush_folder(const char *path);

/* Reads a plain file, with a NUL behind its last byte; the caller frees *bytes.
 * STATUS_INPUT: missing, not readable, not a plain file. STATUS_MEMORY. STATUS_FILE: read error. */
Status durable_read(const char *path, unsigned char **bytes, size_t *size);

#endif
