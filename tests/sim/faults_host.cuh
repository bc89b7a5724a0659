/* tests/sim/faults_host.cuh - the classic faults of host code, one a function, made if `wrong` is
 * 1.
 *
 * The model runs nothing before somebody waits for it, so whatever the host does too early shows.
 * Where a function is right, result[i] is i + 1 for i < 32. */
#ifndef TESTS_SIM_FAULTS_HOST_CUH
#define TESTS_SIM_FAULTS_HOST_CUH

#include "faults_kernels.cuh"

typedef struct {
    cudaStream_t stream, other;
    cudaEvent_t event;
    int *in, *out; /* (FAULT_ITEMS) device: i + 1; zero */
    int *source;   /* (FAULT_ITEMS) pinned: i + 1 */
    int *result;   /* (FAULT_ITEMS) pinned: what came back */
} FaultRun;

enum { FAULT_BYTES = FAULT_ITEMS * (int)sizeof(int) };

static Status fault_open(FaultRun *run) {
    CUDA_TRY(cudaStreamCreateWithFlags(&run->stream, cudaStreamNonBlocking));
    CUDA_TRY(cudaStreamCreateWithFlags(&run->other, cudaStreamNonBlocking));
    CUDA_TRY(cudaEventCreateWithFlags(&run->event, cudaEventDisableTiming));
    CUDA_TRY(cudaMalloc((void **)&run->in, FAULT_BYTES));
    CUDA_TRY(cudaMalloc((void **)&run->out, FAULT_BYTES));
    CUDA_TRY(cudaMallocHost((void **)&run->source, FAULT_BYTES));
    CUDA_TRY(cudaMallocHost((void **)&run->result, FAULT_BYTES));
    memset(run->result, 0, FAULT_BYTES);
    for (int i = 0; i < FAULT_ITEMS; i++) run->source[i] = i + 1;
    CUDA_TRY(cudaMemsetAsync(run->out, 0, FAULT_BYTES, run->stream));
    CUDA_TRY(
        cudaMemcpyAsync(run->in, run->source, FAULT_BYTES, cudaMemcpyHostToDevice, run->stream));
    CUDA_TRY(cudaStreamSynchronize(run->stream));
    return STATUS_OK;
}

static void fault_close(FaultRun *run) {
    (void)cudaFreeHost(run->result);
    (void)cudaFreeHost(run->source);
    (void)cudaFree(run->out);
    (void)cudaFree(run->in);
    (void)cudaEventDestroy(run->event);
    (void)cudaStreamDestroy(run->other);
    (void)cudaStreamDestroy(run->stream);
}

static Status fault_fetch_async(FaultRun *run, cudaStream_t stream) {
    CUDA_TRY(cudaMemcpyAsync(run->result, run->out, FAULT_BYTES, cudaMemcpyDeviceToHost, stream));
    return STATUS_OK;
}

static Status fault_fetch(FaultRun *run) {
    TRY(fault_fetch_async(run, run->stream));
    CUDA_TRY(cudaStreamSynchronize(run->stream));
    return STATUS_OK;
}

/* A kernel adds to memory that nobody has set to zero. */
static Status memory_unwritten(FaultRun *run, int wrong) {
    int *fresh;
    CUDA_TRY(cudaMalloc((void **)&fresh, FAULT_BYTES));
    if (!wrong) CUDA_TRY(cudaMemsetAsync(fresh, 0, FAULT_BYTES, run->stream));
    LAUNCH(add_in, 1, 32, run->stream, run->in, fresh, 0);
    CUDA_TRY(
        cudaMemcpyAsync(run->result, fresh, 32 * sizeof(int), cudaMemcpyDeviceToHost, run->stream));
    CUDA_TRY(cudaStreamSynchronize(run->stream));
    CUDA_TRY(cudaFree(fresh));
    return STATUS_OK;
}

/* The source of a copy is freed before the stream has reached the copy. */
static Status memory_freed_early(FaultRun *run, int wrong) {
    int *source;
    CUDA_TRY(cudaMallocHost((void **)&source, FAULT_BYTES));
    for (int i = 0; i < FAULT_ITEMS; i++) source[i] = i + 1;
    CUDA_TRY(cudaMemcpyAsync(run->out, source, FAULT_BYTES, cudaMemcpyHostToDevice, run->stream));
    if (!wrong) CUDA_TRY(cudaStreamSynchronize(run->stream));
    CUDA_TRY(cudaFreeHost(source));
    return fault_fetch(run);
}

static Status source_changed_early(FaultRun *run, int wrong) {
    CUDA_TRY(
        cudaMemcpyAsync(run->out, run->source, FAULT_BYTES, cudaMemcpyHostToDevice, run->stream));
    if (!wrong) CUDA_TRY(cudaStreamSynchronize(run->stream));
    for (int i = 0; i < FAULT_ITEMS; i++) run->source[i] = 0;
    return fault_fetch(run);
}

static int result_seen[FAULT_ITEMS];

/* Pinned memory is read before anybody has waited for the copy into it. */
static Status result_read_early(FaultRun *run, int wrong) {
    LAUNCH(add_in, 1, 32, run->stream, run->in, run->out, 0);
    TRY(fault_fetch_async(run, run->stream));
    if (!wrong) CUDA_TRY(cudaStreamSynchronize(run->stream));
    memcpy(result_seen, run->result, FAULT_BYTES);
    CUDA_TRY(cudaStreamSynchronize(run->stream));
    memcpy(run->result, result_seen, FAULT_BYTES);
    return STATUS_OK;
}

/* The host waits for an event that was recorded before the copy. */
static Status event_recorded_early(FaultRun *run, int wrong) {
    LAUNCH(add_in, 1, 32, run->stream, run->in, run->out, 0);
    if (wrong) CUDA_TRY(cudaEventRecord(run->event, run->stream));
    TRY(fault_fetch_async(run, run->stream));
    if (!wrong) CUDA_TRY(cudaEventRecord(run->event, run->stream));
    CUDA_TRY(cudaEventSynchronize(run->event));
    memcpy(result_seen, run->result, FAULT_BYTES);
    CUDA_TRY(cudaStreamSynchronize(run->stream));
    memcpy(run->result, result_seen, FAULT_BYTES);
    return STATUS_OK;
}

/* A stream copies what another one writes, and nothing orders the two. */
static Status streams_not_ordered(FaultRun *run, int wrong) {
    LAUNCH(add_in, 1, 32, run->other, run->in, run->out, 0);
    if (!wrong) CUDA_TRY(cudaStreamSynchronize(run->other));
    TRY(fault_fetch(run));
    CUDA_TRY(cudaStreamSynchronize(run->other));
    return STATUS_OK;
}

static Status launch_too_wide(FaultRun *run, int wrong) {
    LAUNCH(add_in, 1, wrong ? 2048 : 32, run->stream, run->in, run->out, 0);
    return fault_fetch(run);
}

static Status launch_without_blocks(FaultRun *run, int wrong) {
    LAUNCH(add_in, 1 - wrong, 32, run->stream, run->in, run->out, 0);
    return fault_fetch(run);
}

/* A launch is captured and run as a graph; if `wrong`, forbidden() is called during the capture. */
static Status fault_capture(FaultRun *run, int wrong, Status (*forbidden)(FaultRun *run)) {
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    CUDA_TRY(cudaStreamBeginCapture(run->stream, cudaStreamCaptureModeThreadLocal));
    LAUNCH(add_in, 1, 32, run->stream, run->in, run->out, 0);
    if (wrong) TRY(forbidden(run));
    CUDA_TRY(cudaStreamEndCapture(run->stream, &graph));
    CUDA_TRY(cudaGraphInstantiate(&exec, graph, 0));
    CUDA_TRY(cudaGraphLaunch(exec, run->stream));
    TRY(fault_fetch(run));
    CUDA_TRY(cudaGraphExecDestroy(exec));
    CUDA_TRY(cudaGraphDestroy(graph));
    return STATUS_OK;
}

static Status fault_allocate(FaultRun *) {
    void *p;
    CUDA_TRY(cudaMalloc(&p, 256));
    CUDA_TRY(cudaFree(p));
    return STATUS_OK;
}

static Status fault_wait(FaultRun *run) {
    CUDA_TRY(cudaStreamSynchronize(run->stream));
    return STATUS_OK;
}

static Status capture_with_allocation(FaultRun *run, int wrong) {
    return fault_capture(run, wrong, fault_allocate);
}

static Status capture_with_wait(FaultRun *run, int wrong) {
    return fault_capture(run, wrong, fault_wait);
}

#endif
