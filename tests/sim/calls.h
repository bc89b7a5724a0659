/* tests/sim/calls.h - what the host asked of the simulated device, and what the device then did.
 *
 * Off at first. Two lists are kept while it is on: every call of the host, captured ones marked,
 * and every operation in the order in which it ran, those of graphs one by one. */
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
    SIM_EVENT_WAIT, /* of a stream */
    SIM_GRAPH_LAUNCH,
    SIM_CONDITIONAL, /* ran: `value` is what its handle said */
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

/* Unused fields are 0. Pointers into the simulator stay valid until the next sim_record_begin. */
typedef struct {
    SimKind kind;
    bool captured;                  /* asked of a stream that was being captured: not run */
    const char *name;               /* kernels: as the launch spells it; ranges: their name */
    const void *function;           /* kernels */
    unsigned grid[3], block[3];     /* kernels */
    const void *stream;             /* NULL: the default one */
    const unsigned char *arguments; /* (argument_bytes) kernels: each argument's bytes in turn */
    size_t argument_bytes;
    const void *dst, *src;
    size_t bytes;  /* copies, settings, allocations */
    int value;     /* settings: the byte */
    int direction; /* copies: a cudaMemcpyKind */
} SimRecord;

/* Both lists begin anew. */
void sim_record_begin(void);
void sim_record_end(void);

/* (count) what the host asked, in order. */
const SimRecord *sim_record_asked(int *count);
/* (count) what ran, in order. */
const SimRecord *sim_record_ran(int *count);

/* "kernel", "copy", ..: for messages. */
const char *sim_kind_name(SimKind kind);

#ifdef __cplusplus
}
#endif

#endif
