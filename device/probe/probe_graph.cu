/* device/probe/probe_graph.cu - what a launch costs: from the host, in a graph, behind a choice. */
#include <time.h>

#include "device/core/graph.cuh"
#include "probe.cuh"

enum { CHAIN = 1000, SWITCHES = 100, CASES = 4, LAUNCHES = 20 };

static __global__ void empty_kernel(int32_t *nothing) { (void)nothing; }

static Status enqueue_chain(ProbeRig *rig, int count) {
    for (int i = 0; i < count; i++)
        LAUNCH(empty_kernel, 1, 32, rig->stream, (int32_t *)rig->memory[0]);
    return STATUS_OK;
}

static double host_clock(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Milliseconds of one launch of the graph, the mean of several enqueued together. */
static Status graph_ms(ProbeRig *rig, double *ms) {
    CUDA_TRY(cudaGraphLaunch(rig->run, rig->stream)); /* the first one uploads it */
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    TRY(probe_clock_begin(rig));
    for (int i = 0; i < LAUNCHES; i++) CUDA_TRY(cudaGraphLaunch(rig->run, rig->stream));
    TRY(probe_clock_end(rig, ms));
    *ms /= LAUNCHES;
    return STATUS_OK;
}

static void graph_forget(ProbeRig *rig) {
    if (rig->run) (void)cudaGraphExecDestroy(rig->run);
    rig->run = NULL;
}

static Status measure_launches(ProbeRig *rig, ProbeAnswer *out) {
    double ms;
    TRY(probe_rig_alloc(rig, 0, 256));
    TRY(enqueue_chain(rig, CHAIN));
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    double start = host_clock();
    TRY(probe_clock_begin(rig));
    TRY(enqueue_chain(rig, CHAIN));
    double enqueued = host_clock() - start;
    TRY(probe_clock_end(rig, &ms));
    probe_say(out, "launch by launch: the device, a kernel", 1e3 * ms / CHAIN, "us", NULL);
    probe_say(out, "launch by launch: the host, a kernel", 1e6 * enqueued / CHAIN, "us", NULL);
    TRY(graph_capture_begin(rig->stream));
    Status status = enqueue_chain(rig, CHAIN);
    Status ended = graph_capture_end(rig->stream, &rig->run);
    TRY(status);
    TRY(ended);
    TRY(graph_ms(rig, &ms));
    probe_say(out, "a graph of 1,000 empty kernels: a node", 1e3 * ms / CHAIN, "us", NULL);
    start = host_clock();
    CUDA_TRY(cudaGraphLaunch(rig->run, rig->stream));
    probe_say(out, "the same: the host, a launch of the graph", 1e6 * (host_clock() - start), "us",
              NULL);
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    return STATUS_OK;
}

Status probe_launches(ProbeAnswer *out) {
    ProbeRig rig;
    Status status = probe_rig_open(&rig);
    if (status == STATUS_OK) status = measure_launches(&rig, out);
    probe_rig_close(&rig);
    return status;
}

#if CUDART_VERSION >= 13000

static __global__ void choose_kernel(cudaGraphConditionalHandle handle, int32_t *turn) {
    if (threadIdx.x == 0) cudaGraphSetConditional(handle, (unsigned)((*turn)++ % CASES));
}

static __global__ void start_kernel(int32_t *left) {
    if (threadIdx.x == 0) *left = CHAIN;
}

static __global__ void again_kernel(cudaGraphConditionalHandle handle, int32_t *left) {
    if (threadIdx.x == 0) cudaGraphSetConditional(handle, --*left > 0);
}

/* A kernel that chooses, and the choice among cases of one kernel each; so many times. */
static Status enqueue_switches(ProbeRig *rig, Stream side) {
    for (int i = 0; i < SWITCHES; i++) {
        GraphSwitch choice;
        TRY(graph_switch_open(&choice, rig->stream, CASES));
        LAUNCH(choose_kernel, 1, 32, rig->stream, choice.handle, (int32_t *)rig->memory[0]);
        TRY(graph_switch_add(&choice, rig->stream));
        for (int c = 0; c < CASES; c++) {
            TRY(graph_case_begin(&choice, c, side));
            LAUNCH(empty_kernel, 1, 32, side, (int32_t *)rig->memory[0]);
            TRY(graph_case_end(side));
        }
    }
    return STATUS_OK;
}

/* A loop on the device: again while again_kernel says so. */
static Status build_while(ProbeRig *rig, Stream side, cudaGraph_t graph) {
    cudaGraphConditionalHandle handle;
    cudaGraphNode_t node;
    cudaGraphNodeParams params = {cudaGraphNodeTypeConditional};
    CUDA_TRY(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
    params.conditional.handle = handle;
    params.conditional.type = cudaGraphCondTypeWhile;
    params.conditional.size = 1;
    CUDA_TRY(cudaGraphAddNode(&node, graph, NULL, NULL, 0, &params));
    cudaGraph_t body = params.conditional.phGraph_out[0];
    CUDA_TRY(
        cudaStreamBeginCaptureToGraph(side, body, NULL, NULL, 0, cudaStreamCaptureModeThreadLocal));
    LAUNCH(again_kernel, 1, 32, side, handle, (int32_t *)rig->memory[0]);
    CUDA_TRY(cudaStreamEndCapture(side, &body));
    CUDA_TRY(cudaGraphInstantiate(&rig->run, graph, 0));
    return STATUS_OK;
}

static Status measure_while(ProbeRig *rig, Stream side, ProbeAnswer *out) {
    double ms, best = 0;
    cudaGraph_t graph = NULL;
    CUDA_TRY(cudaGraphCreate(&graph, 0));
    Status status = build_while(rig, side, graph);
    (void)cudaGraphDestroy(graph);
    TRY(status);
    for (int k = 0; k < LAUNCHES; k++) { /* the count is set outside the clock */
        LAUNCH(start_kernel, 1, 32, rig->stream, (int32_t *)rig->memory[0]);
        CUDA_TRY(cudaStreamSynchronize(rig->stream));
        TRY(probe_clock_begin(rig));
        CUDA_TRY(cudaGraphLaunch(rig->run, rig->stream));
        TRY(probe_clock_end(rig, &ms));
        if (k > 0 && (best == 0 || ms < best)) best = ms;
    }
    graph_forget(rig);
    probe_say(out, "WHILE around one kernel: a turn", 1e3 * best / CHAIN, "us", NULL);
    return STATUS_OK;
}

static Status measure_switch(ProbeRig *rig, Stream side, ProbeAnswer *out) {
    double ms, plain;
    TRY(graph_capture_begin(rig->stream));
    Status status = enqueue_chain(rig, 2 * SWITCHES);
    Status ended = graph_capture_end(rig->stream, &rig->run);
    TRY(status);
    TRY(ended);
    TRY(graph_ms(rig, &plain));
    graph_forget(rig);
    TRY(graph_capture_begin(rig->stream));
    status = enqueue_switches(rig, side);
    ended = graph_capture_end(rig->stream, &rig->run);
    TRY(status);
    TRY(ended);
    TRY(graph_ms(rig, &ms));
    graph_forget(rig);
    probe_say(out, "SWITCH of 4 cases, chooser and case: all three", 1e3 * ms / SWITCHES, "us",
              NULL);
    probe_say(out, "the same less two plain nodes: the choice alone", 1e3 * (ms - plain) / SWITCHES,
              "us", NULL);
    return STATUS_OK;
}

static Status measure_conditionals(ProbeRig *rig, ProbeAnswer *out) {
    if (!graph_has_switch()) {
        probe_say(out, "the driver does not know SWITCH", 0, "", NULL);
        return STATUS_OK;
    }
    Stream side = NULL;
    TRY(probe_rig_alloc(rig, 0, 256));
    CUDA_TRY(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    Status status = measure_while(rig, side, out);
    if (status == STATUS_OK) status = measure_switch(rig, side, out);
    (void)cudaStreamDestroy(side);
    return status;
}

#else

static Status measure_conditionals(ProbeRig *rig, ProbeAnswer *out) {
    (void)rig;
    probe_say(out, "the toolkit does not know SWITCH as it is used here", 0, "", NULL);
    return STATUS_OK;
}

#endif

Status probe_conditionals(ProbeAnswer *out) {
    ProbeRig rig;
    Status status = probe_rig_open(&rig);
    if (status == STATUS_OK) status = measure_conditionals(&rig, out);
    probe_rig_close(&rig);
    return status;
}
