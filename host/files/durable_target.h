/* host/files/durable_target.h - where an output's bytes go: to a file that a rename replaces, or
 * plainly to what must not be replaced. */
#ifndef HOST_FILES_DURABLE_TARGET_H
#define HOST_FILES_DURABLE_TARGET_H

#include "durable.h"

/* Fills target, plain and stream of a file whose path is set. Reports what it returns.
 * STATUS_INPUT: a folder, a block device or a socket. STATUS_FILE: too many links, or a pipe, a
 * device or a descriptor that is not open for writing. */
Status durable_target_find(DurableFile *f);

/* The descriptor of this process to which the path leads: one that /dev/stdout, /dev/fd/N or the
 * like names, or standard output or error if they go to this file; -1: none. */
int durable_target_stream(const char *path);

#endif
