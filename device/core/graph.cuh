/* device/core/graph.cuh - captures what is enqueued on a stream as a graph; a switch within it.
 *
 *   capture_begin ─ .. launches .. ─ switch_open ─ kernel sets the choice ─ switch_add ─┐
 *        ┌──────────────────────────────────────────────────────────────────────────────┘
 *        └► case_begin(0) .. case_end, case_begin(1) .. case_end, .. ─ .. launches .. ─ capture_end
 *
 * One case of a switch runs, picked on the device by what the kernel wrote: no host in between. */
#ifndef DEVICE_CORE_GRAPH_CUH
#define DEVICE_CORE_GRAPH_CUH

#include "backend.h"
#include "launch.cuh"

enum { GRAPH_CASES_MAX = 8 };

typedef struct {
    cudaGraphConditionalHandle handle; /* goes to the kernel that sets the choice */
    cudaGraph_t body[GRAPH_CASES_MAX]; /* (cases) owned by the captured graph */
    int cases;
} GraphSwitch;

static inline Status graph_capture_begin(Stream stream) {
    CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    return STATUS_OK;
}

/* Always ends the capture; *run is the caller's to destroy. */
static inline Status graph_capture_end(Stream stream, cudaGraphExec_t *run) {
    cudaGraph_t graph = NULL;
    CUDA_TRY(cudaStreamEndCapture(stream, &graph));
    cudaError_t made = cudaGraphInstantiate(run, graph, 0);
    (void)cudaGraphDestroy(graph);
    CUDA_TRY(made);
    return STATUS_OK;
}

static inline bool graph_is_captured(Stream stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    return cudaStreamIsCapturing(stream, &status) == cudaSuccess &&
           status == cudaStreamCaptureStatusActive;
}

/* Whether toolkit and driver know a SWITCH; without it the caller does what suits every case. */
static inline bool graph_has_switch(void) {
#if CUDART_VERSION >= 13000
    int driver = 0;
    return cudaDriverGetVersion(&driver) == cudaSuccess && driver >= 13000;
#else
    return false;
#endif
}

#if CUDART_VERSION >= 13000

static inline Status graph_switch_open(GraphSwitch *choice, Stream stream, int cases) {
    cudaStreamCaptureStatus status;
    cudaGraph_t graph = NULL;
    choice->cases = cases;
    CUDA_TRY(cudaStreamGetCaptureInfo(stream, &status, NULL, &graph, NULL, NULL, NULL));
    CUDA_TRY(cudaGraphConditionalHandleCreate(&choice->handle, graph, 0, 0));
    return STATUS_OK;
}

/* The switch comes after what the stream holds so far, and before what follows on it. */
static inline Status graph_switch_add(GraphSwitch *choice, Stream stream) {
    cudaStreamCaptureStatus status;
    cudaGraph_t graph = NULL;
    const cudaGraphNode_t *after = NULL;
    const cudaGraphEdgeData *edges = NULL;
    size_t count = 0;
    cudaGraphNode_t node;
    cudaGraphNodeParams params = {cudaGraphNodeTypeConditional};
    params.conditional.handle = choice->handle;
    params.conditional.type = cudaGraphCondTypeSwitch;
    params.conditional.size = (unsigned)choice->cases;
    CUDA_TRY(cudaStreamGetCaptureInfo(stream, &status, NULL, &graph, &after, &edges, &count));
    CUDA_TRY(cudaGraphAddNode(&node, graph, after, edges, count, &params));
    for (int i = 0; i < choice->cases; i++) choice->body[i] = params.conditional.phGraph_out[i];
    CUDA_TRY(cudaStreamUpdateCaptureDependencies(stream, &node, NULL, 1,
                                                 cudaStreamSetCaptureDependencies));
    return STATUS_OK;
}

/* What `side` is asked for until the end becomes the case; no other work may wait on `side`. */
static inline Status graph_case_begin(const GraphSwitch *choice, int i, Stream side) {
    CUDA_TRY(cudaStreamBeginCaptureToGraph(side, choice->body[i], NULL, NULL, 0,
                                           cudaStreamCaptureModeThreadLocal));
    return STATUS_OK;
}

static inline Status graph_case_end(Stream side) {
    cudaGraph_t body = NULL;
    CUDA_TRY(cudaStreamEndCapture(side, &body));
    return STATUS_OK;
}

#else /* an older toolkit: graph_has_switch() is false, and nobody comes here */

static inline Status graph_switch_open(GraphSwitch *, Stream, int) { return STATUS_DEVICE; }
static inline Status graph_switch_add(GraphSwitch *, Stream) { return STATUS_DEVICE; }
static inline Status graph_case_begin(const GraphSwitch *, int, Stream) { return STATUS_DEVICE; }
static inline Status graph_case_end(Stream) { return STATUS_DEVICE; }

#endif

#endif
