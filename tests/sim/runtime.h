/* tests/sim/runtime.h - the simulator's own view of streams, events, graphs and memory.
 *
 *   host ─ enqueue ─► stream: [ op | op | op ]  ─ somebody waits ─► run, one by one
 *                       └ while captured ─► graph: nodes that hold an op each ─► run as one op
 */
#ifndef TESTS_SIM_RUNTIME_H
#define TESTS_SIM_RUNTIME_H

#include <deque>
#include <memory>
#include <vector>

#include "tests/sim/include/cuda_runtime_api.h"
#include "tests/sim/include/sim_kernel.h"
#include "engine.h"
#include "calls.h"

/* An event outlives its handle while an enqueued operation refers to it. */
struct EventState {
    cudaStream_t stream = nullptr;  /* on which it was last recorded */
    long enqueued = 0, reached = 0; /* recordings */
    double seconds = 0;             /* when it was reached */
    bool timed = true;
    bool captured = false; /* recorded within a capture: the host may not query it */
    char tag = 0;
};

struct CUevent_st {
    std::shared_ptr<EventState> state;
};

/* An operation enqueued on a stream, or a node of a graph. */
struct SimOp {
    SimKind kind = SIM_KERNEL;
    std::shared_ptr<SimKernel> kernel;
    void *dst = nullptr;
    const void *src = nullptr;
    size_t bytes = 0;
    int value = 0;
    cudaMemcpyKind direction = cudaMemcpyDefault;
    std::shared_ptr<EventState> event;
    long recording = 0; /* the recording of the event that it makes or waits for; in an instantiated
                           graph: the number of the event node within the graph */
    std::shared_ptr<CUgraph_st> run; /* a launched graph */
    std::vector<long> recordings;    /* of the graph's events, in the order of its nodes */
};

/* The capture of a stream. */
struct Capture {
    cudaGraph_t graph; /* owned, unless it is a body of a conditional node */
    bool body;
    std::vector<cudaGraphNode_t> after; /* that the next node will follow */
    std::vector<cudaGraphEdgeData> edges;
    bool broken; /* by a forbidden call: there will be no graph */
    unsigned long long id;
};

/* A stream runs on a stack of its own, and is a thread to ThreadSanitizer. */
struct CUstream_st {
    std::deque<std::unique_ptr<SimOp>> queue;
    std::unique_ptr<Capture> capture;
    Fiber fiber = {};
    Fiber caller = {}; /* which waits for the step */
    std::unique_ptr<SimOp> running;
    ThreadPool pool = {};
    char tag = 0; /* for ThreadSanitizer: all that has run on it */
};

struct CUgraphNode_st {
    cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
    SimOp op;
    cudaGraph_t graph = nullptr;
    size_t index = 0;          /* in the graph */
    std::vector<size_t> after; /* nodes of the same graph, all with a lower index */
    cudaGraphConditionalHandle handle = 0;
    cudaGraphConditionalNodeType condition = cudaGraphCondTypeIf;
    std::vector<std::shared_ptr<CUgraph_st>> bodies;
    std::vector<cudaGraph_t> body_handles; /* the same, as handed out */
};

struct CUgraph_st {
    std::vector<std::unique_ptr<CUgraphNode_st>> nodes;
    std::shared_ptr<int> running; /* number of instances of the graph */
};

struct CUgraphExec_st {
    std::shared_ptr<CUgraph_st> graph; /* a copy of its own */
    std::shared_ptr<int> running;
};

/* device.cpp: notes an error for cudaGetLastError and returns it. */
cudaError_t error_set(cudaError_t error);
/* The error injected for this call, or success. Every call begins with it. */
cudaError_t error_injected(void);
/* As error_set, with a line on stderr that says what is wrong. */
cudaError_t error_say(cudaError_t error, const char *message);

/* memory.cpp: whether the bytes lie within one block of the device, or of pinned memory. */
bool memory_is_device(const void *p, size_t bytes);
bool memory_is_pinned(const void *p, size_t bytes);
void memory_copy(void *dst, const void *src, size_t bytes);
void memory_set(void *dst, int value, size_t bytes);
/* Under AddressSanitizer device memory is poisoned except while an operation runs, between
 * these. */
void memory_enter(void);
void memory_leave(void);

/* stream.cpp: NULL if there is no such stream. */
CUstream_st *stream_find(cudaStream_t stream);
cudaError_t stream_enqueue(cudaStream_t stream, std::unique_ptr<SimOp> op);
/* For calls that CUDA forbids during a capture: if there is one, breaks it and returns the
 * error. */
cudaError_t capture_forbids(const char *call);
/* Runs the operation on the running stream. */
void op_run(const SimOp &op);

/* capture.cpp: the operation becomes a node that follows those of the stream so far. */
cudaError_t capture_add(CUstream_st *stream, const SimOp &op);

/* graph.cpp */
cudaGraphNode_t graph_add(cudaGraph_t graph, cudaGraphNodeType type, const SimOp &op,
                          const std::vector<cudaGraphNode_t> &after);
void graph_run(const CUgraph_st &graph, const std::vector<long> &recordings);
/* conditional.cpp: */
cudaError_t conditional_check(cudaGraph_t graph, const cudaConditionalNodeParams &params);
void conditional_launch(const CUgraph_st &graph);
void conditional_run(const CUgraphNode_st &node);

/* engine.cpp: one of 0..count - 1, as the order says. */
unsigned engine_choose(unsigned count);

/* calls.cpp: adds to the calls that the host made, and to what the device ran. */
void call_add(const SimCall &call);
void call_add_kind(SimKind kind, cudaStream_t stream);
void call_add_op(const SimOp &op, cudaStream_t stream, bool captured);
void call_ran(const SimOp &op);

#endif
