/* tests/sim/capture.cpp - what is enqueued on a captured stream becomes nodes of a graph.
 *
 * A capture has one stream: events that would join a second one are refused. */
#include "runtime.h"

static unsigned long long capture_ids;

cudaError_t capture_add(CUstream_st *stream, const SimOp &op) {
    static const struct {
        SimKind kind;
        cudaGraphNodeType type;
    } nodes[] = {{SIM_KERNEL, cudaGraphNodeTypeKernel},
                 {SIM_COPY, cudaGraphNodeTypeMemcpy},
                 {SIM_SET, cudaGraphNodeTypeMemset},
                 {SIM_EVENT_RECORD, cudaGraphNodeTypeEventRecord}};
    Capture &c = *stream->capture;
    if (c.broken) return error_set(cudaErrorStreamCaptureInvalidated);
    for (const auto &node : nodes) {
        if (node.kind != op.kind) continue;
        cudaGraphNode_t added = graph_add(c.graph, node.type, op, c.after);
        c.after.assign(1, added);
        return cudaSuccess;
    }
    c.broken = true;
    return error_say(cudaErrorStreamCaptureUnsupported, "an operation that cannot be captured");
}

/* The errors of both ways to begin a capture; the default stream cannot be captured. */
static cudaError_t begin_check(cudaStream_t stream, cudaStreamCaptureMode mode) {
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    if (!stream) return error_set(cudaErrorStreamCaptureUnsupported);
    if (s->capture) return error_set(cudaErrorIllegalState);
    if (mode != cudaStreamCaptureModeThreadLocal)
        return error_say(cudaErrorNotSupported, "a capture in a mode other than thread-local");
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    if (cudaError_t error = begin_check(stream, mode)) return error;
    call_add_kind(SIM_CAPTURE_BEGIN, stream);
    stream->capture.reset(new Capture{.graph = new CUgraph_st(), .id = ++capture_ids});
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t stream, cudaGraph_t graph,
                                          const cudaGraphNode_t *after, const cudaGraphEdgeData *,
                                          size_t count, cudaStreamCaptureMode mode) {
    if (cudaError_t error = begin_check(stream, mode)) return error;
    if (!graph) return error_set(cudaErrorInvalidValue);
    for (size_t i = 0; i < count; i++)
        if (after[i]->graph != graph) return error_set(cudaErrorInvalidValue);
    call_add_kind(SIM_CAPTURE_BEGIN, stream);
    stream->capture.reset(new Capture{
        .graph = graph, .body = true, .after = {after, after + count}, .id = ++capture_ids});
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    if (!s->capture) return error_set(cudaErrorIllegalState);
    call_add_kind(SIM_CAPTURE_END, stream);
    std::unique_ptr<Capture> capture = std::move(s->capture);
    if (capture->broken) {
        if (!capture->body) (void)cudaGraphDestroy(capture->graph);
        return error_set(cudaErrorStreamCaptureInvalidated);
    }
    *out = capture->graph;
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status) {
    return cudaStreamGetCaptureInfo(stream, status, NULL, NULL, NULL, NULL, NULL);
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus *status,
                                     unsigned long long *id, cudaGraph_t *graph,
                                     const cudaGraphNode_t **after, const cudaGraphEdgeData **edges,
                                     size_t *count) {
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    Capture *c = s->capture.get();
    *status = !c          ? cudaStreamCaptureStatusNone
              : c->broken ? cudaStreamCaptureStatusInvalidated
                          : cudaStreamCaptureStatusActive;
    if (!c) return cudaSuccess;
    c->edges.assign(c->after.size(), cudaGraphEdgeData{});
    if (id) *id = c->id;
    if (graph) *graph = c->graph;
    if (after) *after = c->after.data();
    if (edges) *edges = c->edges.data();
    if (count) *count = c->after.size();
    return cudaSuccess;
}

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t stream, cudaGraphNode_t *after,
                                                const cudaGraphEdgeData *, size_t count,
                                                unsigned flags) {
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    if (!s->capture) return error_set(cudaErrorIllegalState);
    for (size_t i = 0; i < count; i++)
        if (after[i]->graph != s->capture->graph) return error_set(cudaErrorInvalidValue);
    if (flags == cudaStreamSetCaptureDependencies) s->capture->after.clear();
    s->capture->after.insert(s->capture->after.end(), after, after + count);
    return cudaSuccess;
}
