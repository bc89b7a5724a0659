/* host/files/durable.h - files that are complete or absent: written aside, flushed, renamed.
 *
 *   durable_open -> [ durable_write ]* -> durable_commit     or durable_abort at any point
 *
 * Until the commit none of the new bytes is visible under the final name, and an older file of that
 * name stays as it was; the commit returns once the file and its folder are on disk. Every failure
 * is reported in one line on stderr, where it is found. */
#ifndef HOST_FILES_DURABLE_H
#define HOST_FILES_DURABLE_H

#include <stddef.h>
#include <stdint.h>

#include "device/core/status.h"

enum { DURABLE_PATH = 4096 }; /* bytes of a path, NUL included */

typedef struct {
    int fd;                                            /* of the file aside; -1: none is open */
    char path[DURABLE_PATH], aside[DURABLE_PATH + 64]; /* aside = path.aside-PID-N, same folder */
} DurableFile;

/* Prints "path: message" on stderr; returns STATUS_INPUT. */
Status durable_refuse(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "path: what: reason of errno" on stderr; returns STATUS_FILE. */
Status durable_fail(const char *path, const char *what);

/* Starts a file aside. STATUS_INPUT: the name belongs to something other than a plain file; a
 * rename would replace a device by a file. STATUS_FILE: the folder is not writable. */
Status durable_open(DurableFile *f, const char *path);

/* Writes bytes at an offset, in any order. STATUS_FILE: the caller aborts. */
Status durable_write(DurableFile *f, int64_t at, const void *bytes, size_t count);

/* Flushes, closes, renames, flushes the folder. STATUS_FILE: the file aside is gone. */
Status durable_commit(DurableFile *f);

/* Removes the file aside, if one is open. */
void durable_abort(DurableFile *f);

/* Writes a small file at once, durably. */
Status durable_save(const char *path, const void *bytes, size_t count);

/* Writes all of `bytes` at an offset of an open file; `path` is for the message. */
Status durable_put(int fd, const char *path, int64_t at, const void *bytes, size_t count);

/* Reads exactly `count` bytes at an offset of an open file. STATUS_FILE, also at an early end. */
Status durable_get(int fd, const char *path, int64_t at, void *bytes, size_t count);

/* Flushes the folder that holds `path`, so that a name that was added, changed or
 * removed is on disk. */
Status durable_flush_folder(const char *path);

/* Reads a plain file and appends a NUL; the caller frees *bytes.
 * STATUS_INPUT: missing, not readable, not a plain file. STATUS_MEMORY. STATUS_FILE: read error. */
Status durable_read(const char *path, unsigned char **bytes, size_t *size);

#endif
