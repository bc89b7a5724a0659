/* tests/sim/test_sim_runtime.cu - the model of CUDA itself: what runs when, what is refused.
 *
 * The test's own kernels, launched with the project's LAUNCH and captured with its graph.cuh:
 * conditional nodes, events, errors, the lists of calls. */
#include "device/core/graph.cuh"
#include "tests/support/check.h"
#include "calls.h"
#include "sanitizer.h"
#include "sim.h"

static __global__ void add_kernel(int *at, int x) {
    if (team_item<1>() == 0) *at += x;
}

static __global__ void sum_kernel(const int *in, int *out, int n) {
    SHARED(int, part, [64]);
    int sum = 0;
    for (int i = (int)threadIdx.x; i < n; i += 64) sum += in[i];
    part[threadIdx.x] = sum;
    __syncthreads();
    for (int d = 32; d > 0; d /= 2) {
        if ((int)threadIdx.x < d) part[threadIdx.x] += part[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd(out, part[0]);
}

static __global__ void set_kernel(cudaGraphConditionalHandle handle, const int *value) {
    if (team_item<1>() == 0) cudaGraphSetConditional(handle, (unsigned)*value);
}

/* Counts *at down and repeats while it is not 0. */
static __global__ void down_kernel(cudaGraphConditionalHandle handle, int *at) {
    if (team_item<1>() == 0) cudaGraphSetConditional(handle, (unsigned)--*at);
}

static Status add(int *at, int x, Stream stream) {
    LAUNCH(add_kernel, 1, 32, stream, at, x);
    return STATUS_OK;
}

static int read_int(const int *at, Stream stream) {
    int x = -1;
    CHECK(cudaMemcpyAsync(&x, at, sizeof x, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    return x;
}

static Status write_int(int *at, int x, Stream stream) {
    CUDA_TRY(cudaMemcpyAsync(at, &x, sizeof x, cudaMemcpyHostToDevice, stream));
    CUDA_TRY(cudaStreamSynchronize(stream));
    return STATUS_OK;
}

/* Nothing runs before somebody waits; events tell how far a stream has come. */
static Status test_streams(int *device, Stream a, Stream b) {
    cudaEvent_t event, later;
    int *pinned = NULL;
    CUDA_TRY(cudaMallocHost(&pinned, sizeof *pinned));
    CUDA_TRY(cudaEventCreate(&event));
    CUDA_TRY(cudaEventCreate(&later));
    *pinned = 0;
    TRY(write_int(device, 5, a));
    TRY(add(device, 2, a));
    CUDA_TRY(cudaMemcpyAsync(pinned, device, sizeof *pinned, cudaMemcpyDeviceToHost, a));
    CUDA_TRY(cudaEventRecord(event, a));
    if (!SIM_TSAN) CHECK(*pinned == 0); /* a race, which ThreadSanitizer would report */
    CUDA_TRY(cudaStreamWaitEvent(b, event, 0));
    TRY(add(device, 10, b));
    CUDA_TRY(cudaEventRecord(later, b));
    CHECK(read_int(device, b) == 17 && *pinned == 7);
    float ms = -1;
    CUDA_TRY(cudaEventElapsedTime(&ms, event, later));
    CHECK(ms >= 0);
    TRY(add(device, 1, a));
    CUDA_TRY(cudaEventRecord(event, a));
    CHECK(cudaEventElapsedTime(&ms, event, later) == cudaErrorNotReady);
    int questions = 0;
    while (cudaEventQuery(event) == cudaErrorNotReady) questions++;
    CHECK(questions > 0 && read_int(device, a) == 18);
    CUDA_TRY(cudaEventDestroy(event));
    CUDA_TRY(cudaEventDestroy(later));
    CUDA_TRY(cudaFreeHost(pinned));
    return STATUS_OK;
}

static Status test_shared(int *device, Stream stream) {
    enum { N = 1000 };
    int *in, numbers[N], sum = 0;
    CUDA_TRY(cudaMalloc(&in, sizeof numbers));
    for (int i = 0; i < N; i++) sum += numbers[i] = i * i % 17;
    CUDA_TRY(cudaMemcpyAsync(in, numbers, sizeof numbers, cudaMemcpyHostToDevice, stream));
    TRY(write_int(device, 0, stream));
    LAUNCH(sum_kernel, dim3(2, 3), 64, stream, in, device, (int)N);
    CHECK(read_int(device, stream) == 6 * sum);
    CUDA_TRY(cudaFree(in));
    return STATUS_OK;
}

/* device[0] += 1; then a case adds 10, 100 or nothing, as device[1] says; then += 1000. */
static Status test_switch(int *device, Stream stream, Stream side) {
    GraphSwitch choice;
    cudaGraphExec_t run;
    TRY(graph_capture_begin(stream));
    TRY(add(device, 1, stream));
    TRY(graph_switch_open(&choice, stream, 2));
    LAUNCH(set_kernel, 1, 32, stream, choice.handle, device + 1);
    TRY(graph_switch_add(&choice, stream));
    for (int i = 0; i < 2; i++) {
        TRY(graph_case_begin(&choice, i, side));
        TRY(add(device, i ? 100 : 10, side));
        TRY(graph_case_end(side));
    }
    TRY(add(device, 1000, stream));
    TRY(graph_capture_end(stream, &run));
    TRY(write_int(device, 0, stream));
    for (int value = 0; value < 3; value++) {
        TRY(write_int(device + 1, value, stream));
        CUDA_TRY(cudaGraphLaunch(run, stream));
    }
    CHECK(read_int(device, stream) == 3 * 1001 + 10 + 100);
    CUDA_TRY(cudaGraphExecDestroy(run));
    return STATUS_OK;
}

/* A graph made by hand: a node repeats its body until device[1] has counted down to 0. */
static Status test_while(int *device, Stream stream) {
    cudaGraph_t graph, out;
    cudaGraphExec_t run, second;
    cudaGraphNode_t node;
    cudaGraphConditionalHandle handle;
    cudaGraphNodeParams params;
    CUDA_TRY(cudaGraphCreate(&graph, 0));
    CUDA_TRY(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
    memset(&params, 0, sizeof params);
    params.type = cudaGraphNodeTypeConditional;
    params.conditional.handle = handle;
    params.conditional.type = cudaGraphCondTypeWhile;
    params.conditional.size = 1;
    CUDA_TRY(cudaGraphAddNode(&node, graph, NULL, NULL, 0, &params));
    CUDA_TRY(cudaStreamBeginCaptureToGraph(stream, params.conditional.phGraph_out[0], NULL, NULL, 0,
                                           cudaStreamCaptureModeThreadLocal));
    TRY(add(device, 7, stream));
    LAUNCH(down_kernel, 1, 32, stream, handle, device + 1);
    CUDA_TRY(cudaStreamEndCapture(stream, &out));
    CUDA_TRY(cudaGraphInstantiate(&run, graph, 0));
    sim_quiet(true);
    CHECK(cudaGraphInstantiate(&second, graph, 0) == cudaErrorNotSupported && !second);
    sim_quiet(false);
    CUDA_TRY(cudaGraphDestroy(graph));
    TRY(write_int(device, 0, stream));
    TRY(write_int(device + 1, 4, stream));
    CUDA_TRY(cudaGraphLaunch(run, stream));
    CHECK(read_int(device, stream) == 28 && read_int(device + 1, stream) == 0);
    CUDA_TRY(cudaGraphExecDestroy(run));
    (void)cudaGetLastError();
    return STATUS_OK;
}

static int kernel_error(int blocks, int threads, int *device, Stream stream) {
    sim_launch_call("add", add_kernel, blocks, threads, stream, device, 1);
    return cudaGetLastError();
}

/* What CUDA refuses outside a capture, and within one, which then is lost. */
static Status test_refusals(int *device, Stream stream) {
    cudaGraph_t graph;
    cudaEvent_t event;
    int x = 0, *more;
    CHECK(kernel_error(0, 32, device, stream) == cudaErrorInvalidConfiguration);
    CHECK(kernel_error(1, 1025, device, stream) == cudaErrorInvalidConfiguration);
    CHECK(kernel_error(1, 0, device, stream) == cudaErrorInvalidConfiguration);
    CHECK(kernel_error(1, 32, device, stream) == cudaSuccess);
    CHECK(cudaMemsetAsync(device, 0, 5 * sizeof x, stream) == cudaErrorInvalidValue);
    CHECK(cudaMemcpyAsync(device, &x, 5 * sizeof x, cudaMemcpyHostToDevice, stream) != cudaSuccess);
    CHECK(cudaMemcpyAsync(device, &x, 4, cudaMemcpyDeviceToHost, stream) != cudaSuccess);
    CHECK(cudaFree(device + 1) == cudaErrorInvalidValue);
    sim_memory(64);
    CHECK(cudaMalloc(&more, 100) == cudaErrorMemoryAllocation);
    sim_memory((size_t)1 << 30);
    (void)cudaGetLastError();
    sim_inject(1, cudaErrorLaunchFailure);
    CHECK(kernel_error(1, 32, device, stream) == cudaSuccess);
    CHECK(kernel_error(1, 32, device, stream) == cudaErrorLaunchFailure);
    CUDA_TRY(cudaEventCreate(&event));
    for (int i = 0; i < 7; i++) {
        CUDA_TRY(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        CUDA_TRY(cudaEventRecord(event, stream));
        cudaError_t error = i == 0   ? cudaMalloc(&more, 4)
                            : i == 1 ? cudaFree(device)
                            : i == 2 ? cudaStreamSynchronize(stream)
                            : i == 3 ? cudaDeviceSynchronize()
                            : i == 4 ? cudaEventQuery(event)
                            : i == 5
                                ? cudaMemset(device, 0, 4)
                                : cudaMemcpyAsync(device, &x, 4, cudaMemcpyHostToDevice, stream);
        CHECK(error == cudaErrorStreamCaptureUnsupported);
        CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated || i == 6);
    }
    CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
    CUDA_TRY(cudaEventDestroy(event));
    (void)cudaGetLastError();
    CUDA_TRY(cudaStreamSynchronize(stream));
    return STATUS_OK;
}

/* The lists tell the calls that were made from the operations that ran. */
static Status test_calls(int *device, Stream stream) {
    cudaGraphExec_t run;
    int made = 0, ran = 0;
    sim_calls_begin();
    TRY(graph_capture_begin(stream));
    TRY(add(device, 3, stream));
    CUDA_TRY(cudaMemsetAsync(device, 0, sizeof *device, stream));
    TRY(graph_capture_end(stream, &run));
    CUDA_TRY(cudaGraphLaunch(run, stream));
    CUDA_TRY(cudaStreamSynchronize(stream));
    sim_calls_end();
    static const SimKind kinds[] = {SIM_CAPTURE_BEGIN, SIM_KERNEL,      SIM_SET,
                                    SIM_CAPTURE_END,   SIM_INSTANTIATE, SIM_GRAPH_LAUNCH,
                                    SIM_STREAM_SYNC};
    const SimCall *a = sim_calls_made(&made), *r = sim_calls_ran(&ran);
    CHECK(made == 7 && ran == 3);
    for (int i = 0; i < made && i < 7; i++) CHECK(a[i].kind == kinds[i]);
    if (checks_failed) return STATUS_OK;
    CHECK(a[1].captured && strcmp(a[1].name, "add_kernel") == 0 && a[1].block[0] == 32);
    CHECK(a[1].argument_bytes == sizeof(int *) + sizeof(int) && r[1].function == a[1].function);
    CHECK(memcmp(a[1].arguments, &device, sizeof device) == 0);
    CHECK(r[0].kind == SIM_GRAPH_LAUNCH && r[2].kind == SIM_SET && r[2].bytes == sizeof *device);
    CUDA_TRY(cudaGraphExecDestroy(run));
    return STATUS_OK;
}

int main(void) {
    Stream a, b;
    int *device;
    CHECK(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking) == cudaSuccess);
    CHECK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking) == cudaSuccess);
    CHECK(cudaMalloc(&device, 4 * sizeof *device) == cudaSuccess);
    for (int order = 0; order < SIM_ORDER_COUNT; order++) {
        sim_order((SimOrder)order, 5);
        CHECK(test_streams(device, a, b) == STATUS_OK);
        CHECK(test_shared(device, a) == STATUS_OK);
        CHECK(test_switch(device, a, b) == STATUS_OK);
        CHECK(test_while(device, a) == STATUS_OK);
        sim_quiet(true);
        CHECK(test_refusals(device, a) == STATUS_OK);
        sim_quiet(false);
        CHECK(test_calls(device, a) == STATUS_OK);
    }
    CHECK(cudaFree(device) == cudaSuccess);
    CHECK(cudaStreamDestroy(a) == cudaSuccess && cudaStreamDestroy(b) == cudaSuccess);
    return check_report();
}
