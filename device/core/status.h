/* device/core/status.h - what a fallible function returns.
 *
 * A Status reports the world (no memory, no GPU, bad file, bad config).
 * A broken promise between our own functions is a bug: assert() it. */
#ifndef DEVICE_CORE_STATUS_H
#define DEVICE_CORE_STATUS_H

#include <stdio.h>

typedef enum {
    STATUS_OK = 0,
    STATUS_ARGUMENT, /* the caller's numbers make no sense */
    STATUS_INPUT,    /* a person's option or file is wrong: already reported, in one line */
    STATUS_MEMORY,   /* host or device memory ran out */
    STATUS_DEVICE,   /* the device or its runtime refused */
    STATUS_FILE,     /* the disk refused: already reported, in one line */
    STATUS_FAULT,    /* a body raised a Fault: the reader of it reports */
    STATUS_THREAD,   /* no thread could be started: already reported, in one line */
    STATUS_COUNT
} Status;

/* Whether the error was reported where it was found, so that no level above adds a line. */
static inline int status_is_reported(Status s) {
    return s == STATUS_OK || s == STATUS_INPUT || s == STATUS_FILE || s == STATUS_FAULT ||
           s == STATUS_THREAD;
}

/* Pass a failure up; each level adds its own line, so stderr reads as a trace. */
#define TRY(call)                                                                      \
    do {                                                                               \
        Status try_ = (call);                                                          \
        if (try_ != STATUS_OK) {                                                       \
            if (!status_is_reported(try_))                                             \
                fprintf(stderr, "%s:%d: %s -> %d\n", __FILE__, __LINE__, #call, try_); \
            return try_;                                                               \
        }                                                                              \
    } while (0)

/* The same inside a function that cleans up at `fail:`; `status` is its result. */
#define TRY_GOTO(status, call)                                                             \
    do {                                                                                   \
        (status) = (call);                                                                 \
        if ((status) != STATUS_OK) {                                                       \
            if (!status_is_reported(status))                                               \
                fprintf(stderr, "%s:%d: %s -> %d\n", __FILE__, __LINE__, #call, (status)); \
            goto fail;                                                                     \
        }                                                                                  \
    } while (0)

#endif
