/* tests/sim/calls.h - the calls that the host made, and the operations that the device then ran.
 *
 * Two lists, kept between sim_calls_begin() and sim_calls_end() only: every call of the host, those
 * on a stream that is being captured marked as such; and every operation in the order in which it
 * ran, those of a graph one by one. */
#ifndef TESTS_SIM_CALLS_H
#define TESTS_SIM_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    SIM_KERNEL,
    SIM_COPY,
    SIM_SET,
    SIM_EVENT_RECORD,
    SIM_EVENT_WAIT, /* by a stream */
    SIM_GRAPH_LAUNCH,
    SIM_CONDITIONAL, /* ran: `value` is what its handle held */
    SIM_ALLOC,
    SIM_FREE,
    SIM_ALLOC_HOST,
    SIM_FREE_HOST,
    SIM_STREAM_SYNC,
    SIM_EVENT_SYNC,
    SIM_DEVICE_SYNC,
    SIM_QUERY,
    SIM_CAPTURE_BEGIN,
    SIM_CAPTURE_END,
    SIM_INSTANTIATE,
    SIM_RANGE_PUSH,
    SIM_RANGE_POP,
    SIM_KIND_COUNT
} SimKind;

/* Fields that a kind does not use are 0. Pointers into the simulator stay valid until the next
 * sim_calls_begin(). */
typedef struct {
    SimKind kind;
    bool captured;                  /* made on a stream that was being captured: not run */
    const char *name;               /* kernels: as the launch spells it; ranges: their name */
    const void *function;           /* kernels */
    unsigned grid[3], block[3];     /* kernels */
    const void *stream;             /* NULL: the default one */
    const unsigned char *arguments; /* (argument_bytes) kernels: each argument's bytes in turn */
    size_t argument_bytes;
    const void *dst, *src;
    size_t bytes;  /* of copies, memsets, allocations */
    int value;     /* of memsets: the byte */
    int direction; /* of copies: a cudaMemcpyKind */
} SimCall;

/* Clears both lists and starts keeping them. */
void sim_calls_begin(void);
void sim_calls_end(void);

/* (count) the calls of the host, in order. */
const SimCall *sim_calls_made(int *count);
/* (count) what ran on the device, in order. */
const SimCall *sim_calls_ran(int *count);

/* "kernel", "copy", ..: for messages. */
const char *sim_kind_name(SimKind kind);

#ifdef __cplusplus
}
#endif

#endif
