/* host/files/durable.h - files that are complete or absent: written aside, flushed, renamed.
 *
 *   durable_open -> [ durable_write ]* -> durable_commit     or durable_abort at any point
 *
 * Until the commit none of the new bytes is visible under the final name, and an older file of that
 * name stays as it was; the commit returns once the file and its folder are on disk. Every failure
 * is reported in one line on stderr, where it is found.
 *
 * A link stays: the file to which it leads is replaced. Pipes, devices and descriptors of this
 * process (/dev/stdout, /dev/fd/N) receive all bytes at the commit, and are never renamed over. */
#ifndef HOST_FILES_DURABLE_H
#define HOST_FILES_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/core/status.h"

enum { DURABLE_PATH = 4096 }; /* bytes of a path, NUL included */

typedef struct {
    int fd;                    /* of the file aside; -1: none is open */
    bool plain;                /* the commit copies the bytes instead of renaming the file */
    int stream;                /* plain: the descriptor that receives them; -1: `path` is opened */
    char path[DURABLE_PATH];   /* as given, for messages */
    char target[DURABLE_PATH]; /* behind all links: what a rename replaces */
    char aside[DURABLE_PATH + 64]; /* target.aside-PID-N, in the same folder; plain: in $TMPDIR */
} DurableFile;

/* Prints "path: message" on stderr; returns STATUS_INPUT. */
Status durable_refuse(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "path: what: reason of errno" on stderr; returns STATUS_FILE. */
Status durable_fail(const char *path, const char *what);

/* Starts a file aside. STATUS_INPUT: the path is of a folder, a block device or a socket.
 * STATUS_FILE: the folder, or what would be written plainly, is not writable. */
Status durable_open(DurableFile *f, const char *path);

/* Writes bytes at an offset, in any order. STATUS_FILE: the caller aborts. */
Status durable_write(DurableFile *f, int64_t at, const void *bytes, size_t count);

/* Flushes, closes, renames, flushes the folder; or copies to a stream, which may wait for the
 * reader of a pipe. STATUS_FILE: the file aside is gone. */
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
