/* device/core/backend.h - a device as the host sees it: memory, streams, graphs, one scan, a clock.
 *
 * Each module (search, nn, play) owns its table of launches; this is what they share. On `cpu`
 * every call is complete on return; on `cuda` calls that take a stream are asynchronous on it. */
#ifndef DEVICE_CORE_BACKEND_H
#define DEVICE_CORE_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "portable.h"
#include "status.h"

typedef struct CUstream_st *Stream; /* cudaStream_t, spelled so that C needs no CUDA header */
typedef struct CUevent_st *Event;   /* cudaEvent_t */
typedef struct GraphRun *Graph;     /* work that was captured once and is launched as a whole */
typedef struct Timeline Timeline;   /* timeline.h */

/* The phases of a wave, in their order: what a run's time is charged to. */
typedef enum {
    PHASE_OTHER, /* copies, what lies between epochs */
    PHASE_DESCEND,
    PHASE_SCAN, /* scans: the offsets of rows, records and new games */
    PHASE_OBSERVE,
    PHASE_NETWORK,
    PHASE_BACKUP,
    PHASE_MOVE,
    PHASE_EMIT,
    PHASE_REFILL,
    PHASE_COUNT
} Phase;

/* A graph with GRAPH_TIMED has an event at every phase, and is slower for it. */
typedef enum { GRAPH_PLAIN, GRAPH_TIMED, GRAPH_COUNT } GraphKind;

typedef struct {
    const char *name; /* "cpu", "cuda" */
    bool graphs;      /* work can be captured; false: the four functions below refuse */
    bool async;       /* calls that take a stream return before they are complete */

    /* Makes the device ready and writes one line about it into `device_text`.
     * STATUS_DEVICE: there is none; STATUS_INPUT: there is one, but this program cannot use it.
     * `device_text` says why, and what to do. */
    Status (*open)(char *device_text, size_t device_text_bytes);

    /* Which of several devices open takes, from 0; before it. The calls below are for the thread
     * that has opened it; every other one calls enter before its first. */
    void (*select)(int index);
    Status (*enter)(void);

    /* Bytes that may be taken now. */
    Status (*memory)(size_t *free_bytes, size_t *total_bytes);

    /* Memory of the device, all zero. STATUS_MEMORY: it does not fit; *out is NULL. */
    Status (*alloc)(void **out, size_t bytes);
    void (*release)(void *p);
    /* Pinned host memory: copies between it and the device overlap with kernels. */
    Status (*alloc_host)(void **out, size_t bytes);
    void (*release_host)(void *p);

    Status (*stream_open)(Stream *out);
    void (*stream_close)(Stream stream);
    Status (*stream_sync)(Stream stream);
    Status (*event_open)(Event *out);
    void (*event_close)(Event event);
    Status (*event_record)(Event event, Stream stream);
    Status (*event_sync)(Event event); /* waits; an event never recorded is complete */

    Status (*to_device)(void *dst, const void *src, size_t bytes, Stream stream);
    Status (*to_host)(void *dst, const void *src, size_t bytes, Stream stream);
    Status (*zero)(void *dst, size_t bytes, Stream stream);

    /* out[i] = in[0] + .. + in[i - 1] for i in 0..n: exclusive sums, out[n] the total.
     * in (n + 1), in[n] is 0; `temp` is scan_bytes(n) bytes of the device. */
    Status (*scan)(const int32_t *in, int32_t *out, int n, void *temp, size_t temp_bytes,
                   Stream stream);
    size_t (*scan_bytes)(int n);

    /* What is enqueued on `stream` between begin and end is captured as a graph and not run:
     * launches, copies within the device, zero, scan, phase. Nothing else may be asked of the
     * stream. */
    Status (*capture_begin)(Stream stream, GraphKind kind);
    Status (*capture_end)(Stream stream, Graph *out);
    Status (*graph_launch)(Graph graph, Stream stream);
    void (*graph_close)(Graph graph);

    /* From here on the stream's time is charged to `phase`; a profiler sees its name. phases_read
     * adds up what the stream has passed so far, in seconds since open; it never waits. Where
     * graphs are launched, only those with GRAPH_TIMED count: shares, no totals. */
    Status (*phase)(Phase phase, Stream stream);
    Status (*phases_read)(double seconds[PHASE_COUNT]);

    /* From now on what the device does goes into `timeline` too, until it is called with NULL;
     * `how` says by which clock. Phases arrive there when phases_read passes them; where graphs are
     * launched, those with GRAPH_TIMED alone. To be begun while the stream is idle. */
    Status (*timeline)(Timeline *timeline, char *how, size_t how_bytes);
} Backend;

/* "descend", ..: one word a phase. */
static inline const char *phase_name(Phase phase) {
    static const char *const names[PHASE_COUNT] = {
        "other", "descend", "place", "observe", "network", "backup", "move", "emit", "refill"};
    return names[phase];
}

EXTERN_C_BEGIN
extern const Backend backend_cpu, backend_cuda;
EXTERN_C_END

#endif
