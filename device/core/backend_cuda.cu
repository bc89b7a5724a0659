/* device/core/backend_cuda.cu - one NVIDIA GPU as a backend; twin of backend_cpu.c. */
#include <nvtx3/nvToolsExt.h>
#include <stdlib.h>

#include "graph.cuh"
#include "open_gpu.cuh"
#include "scan.h"
#include "timeline_cupti.h"

/* Phases are events in a ring: recorded by phase, taken out by phases_read once the stream has
 * passed them. When the ring is full the oldest are dropped: a clock must never stall the
 * stream. */
enum { PHASE_RING = 8192 };
static cudaEvent_t ring_events[PHASE_RING];
static Phase ring_phases[PHASE_RING]; /* which phase begins at the event */
static long ring_head, ring_tail;     /* events recorded, events taken out */
static double phase_seconds[PHASE_COUNT];

/* While a timeline is drawn: an event, and what the host's clock showed when it passed. */
static Timeline *phase_timeline;
static cudaEvent_t timeline_base;
static double timeline_base_seconds;

static Status open_cuda(char *device_text, size_t device_text_bytes) {
    Status status = gpu_open(device_text, device_text_bytes);
    if (status != STATUS_OK) return status; /* the caller reports it */
    for (int i = 0; i < PHASE_RING; i++)
        if (!ring_events[i]) CUDA_TRY(cudaEventCreate(&ring_events[i]));
    for (int i = 0; i < PHASE_COUNT; i++) phase_seconds[i] = 0;
    ring_head = ring_tail = 0;
    return STATUS_OK;
}

static Status enter_cuda(void) {
    int count;
    CUDA_TRY(cudaGetDeviceCount(&count));
    CUDA_TRY(cudaSetDevice(gpu_selected % count));
    return STATUS_OK;
}

static Status memory_cuda(size_t *free_bytes, size_t *total_bytes) {
    CUDA_TRY(cudaMemGetInfo(free_bytes, total_bytes));
    return STATUS_OK;
}

static Status alloc_cuda(void **out, size_t bytes) {
    *out = NULL;
    cudaError_t error = cudaMalloc(out, bytes ? bytes : 256);
    if (error == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError();
        *out = NULL;
        return STATUS_MEMORY;
    }
    CUDA_TRY(error);
    /* Our streams do not wait for the default one; the whole device cannot be waited for while
     * another thread captures. */
    CUDA_TRY(cudaMemset(*out, 0, bytes));
    CUDA_TRY(cudaStreamSynchronize(NULL));
    return STATUS_OK;
}

static void release_cuda(void *p) { (void)cudaFree(p); }

static Status alloc_host_cuda(void **out, size_t bytes) {
    *out = NULL;
    CUDA_TRY(cudaMallocHost(out, bytes ? bytes : 256));
    memset(*out, 0, bytes);
    return STATUS_OK;
}

static void release_host_cuda(void *p) { (void)cudaFreeHost(p); }

static Status stream_open_cuda(Stream *out) {
    CUDA_TRY(cudaStreamCreateWithFlags(out, cudaStreamNonBlocking));
    return STATUS_OK;
}

static void stream_close_cuda(Stream stream) { (void)cudaStreamDestroy(stream); }

static Status stream_sync_cuda(Stream stream) {
    CUDA_TRY(cudaStreamSynchronize(stream));
    return STATUS_OK;
}

static Status event_open_cuda(Event *out) {
    CUDA_TRY(cudaEventCreateWithFlags(out, cudaEventDisableTiming));
    return STATUS_OK;
}

static void event_close_cuda(Event event) { (void)cudaEventDestroy(event); }

static Status event_record_cuda(Event event, Stream stream) {
    CUDA_TRY(cudaEventRecord(event, stream));
    return STATUS_OK;
}

static Status event_sync_cuda(Event event) {
    CUDA_TRY(cudaEventSynchronize(event));
    return STATUS_OK;
}

static Status to_device_cuda(void *dst, const void *src, size_t bytes, Stream stream) {
    CUDA_TRY(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyHostToDevice, stream));
    return STATUS_OK;
}

static Status to_host_cuda(void *dst, const void *src, size_t bytes, Stream stream) {
    CUDA_TRY(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToHost, stream));
    return STATUS_OK;
}

static Status zero_cuda(void *dst, size_t bytes, Stream stream) {
    CUDA_TRY(cudaMemsetAsync(dst, 0, bytes, stream));
    return STATUS_OK;
}

/* A graph and the events within it, if it is timed. */
struct GraphRun {
    cudaGraphExec_t run;
    cudaEvent_t *events; /* (count) owned */
    Phase *phases;       /* (count) which phase begins at the event; owned */
    int count, capacity;
    bool unread; /* launched, and its events not yet added up */
};

/* What phase adds to; NULL while this thread captures nothing: training and self-play side by side
 * each capture their own. */
static thread_local Graph capturing;
static Graph timed; /* the open timed graph whose events are to be read, or NULL */

static void graph_close_cuda(Graph graph) {
    if (!graph) return;
    if (timed == graph) timed = NULL;
    if (graph->run) (void)cudaGraphExecDestroy(graph->run);
    for (int i = 0; i < graph->capacity; i++) (void)cudaEventDestroy(graph->events[i]);
    free(graph->events);
    free(graph->phases);
    free(graph);
}

/* Events for a timed graph, made before the capture. An epoch with more phases is timed so far. */
static Status graph_events(Graph graph) {
    enum { EVENTS_MAX = 4096 };
    graph->events = (cudaEvent_t *)calloc(EVENTS_MAX, sizeof *graph->events);
    graph->phases = (Phase *)calloc(EVENTS_MAX, sizeof *graph->phases);
    if (!graph->events || !graph->phases) return STATUS_MEMORY;
    for (; graph->capacity < EVENTS_MAX; graph->capacity++)
        CUDA_TRY(cudaEventCreate(&graph->events[graph->capacity]));
    return STATUS_OK;
}

static Status capture_begin_cuda(Stream stream, GraphKind kind) {
    Status status = STATUS_OK;
    Graph graph = (Graph)calloc(1, sizeof *graph);
    if (!graph) return STATUS_MEMORY;
    if (kind == GRAPH_TIMED) status = graph_events(graph);
    if (status == STATUS_OK) status = graph_capture_begin(stream);
    if (status == STATUS_OK)
        capturing = graph;
    else
        graph_close_cuda(graph);
    return status;
}

static Status capture_end_cuda(Stream stream, Graph *out) {
    Graph graph = capturing;
    capturing = NULL;
    *out = NULL;
    Status status = graph_capture_end(stream, &graph->run);
    if (status == STATUS_OK)
        *out = graph;
    else
        graph_close_cuda(graph);
    return status;
}

/* A phase that began at `from` and took `seconds` goes into the timeline. *at is where the phase
 * before ended: phases are placed end to end, as differences of late times would round; negative:
 * by the base. */
static Status timeline_phase(Phase phase, cudaEvent_t from, double seconds, double *at) {
    float ms = 0;
    if (!phase_timeline) return STATUS_OK;
    if (*at < 0) {
        CUDA_TRY(cudaEventElapsedTime(&ms, timeline_base, from));
        *at = timeline_base_seconds + 1e-3 * ms;
    }
    if (phase != PHASE_OTHER)
        timeline_event(phase_timeline, TIMELINE_DEVICE, TIMELINE_PHASES, phase_name(phase), *at,
                       *at + seconds);
    *at += seconds;
    return STATUS_OK;
}

/* Adds up the timed graph's events if the stream has passed the last. */
static Status timed_read(void) {
    if (!timed || !timed->unread) return STATUS_OK;
    cudaError_t passed = cudaEventQuery(timed->events[timed->count - 1]);
    if (passed == cudaErrorNotReady) return STATUS_OK;
    CUDA_TRY(passed);
    double at = -1;
    for (int i = 0; i + 1 < timed->count; i++) {
        float ms = 0;
        CUDA_TRY(cudaEventElapsedTime(&ms, timed->events[i], timed->events[i + 1]));
        phase_seconds[timed->phases[i]] += 1e-3 * ms;
        TRY(timeline_phase(timed->phases[i], timed->events[i], 1e-3 * ms, &at));
    }
    timed->unread = false;
    return STATUS_OK;
}

static Status graph_launch_cuda(Graph graph, Stream stream) {
    if (graph->count > 1) {
        TRY(timed_read());
        if (!timed) { /* the epoch before it ran plain and loaded every kernel: it does not count */
            for (int i = 0; i < PHASE_COUNT; i++) phase_seconds[i] = 0;
            ring_tail = ring_head;
        }
        timed = graph;
        graph->unread = true;
    }
    CUDA_TRY(cudaGraphLaunch(graph->run, stream));
    return STATUS_OK;
}

/* The range of a profiler's time line that is open now: on the host, where work is enqueued. */
static void phase_range(Phase phase) {
    static bool open;
    if (open) (void)nvtxRangePop();
    open = phase != PHASE_OTHER;
    if (open) (void)nvtxRangePushA(phase_name(phase));
}

static Status phase_cuda(Phase phase, Stream stream) {
    phase_range(phase);
    if (capturing) {
        Graph graph = capturing;
        if (graph->count == graph->capacity) return STATUS_OK;
        graph->phases[graph->count] = phase;
        CUDA_TRY(
            cudaEventRecordWithFlags(graph->events[graph->count], stream, cudaEventRecordExternal));
        graph->count++;
        return STATUS_OK;
    }
    if (ring_head - ring_tail == PHASE_RING) ring_tail++;
    ring_phases[ring_head % PHASE_RING] = phase;
    CUDA_TRY(cudaEventRecord(ring_events[ring_head % PHASE_RING], stream));
    ring_head++;
    return STATUS_OK;
}

static Status phases_read_cuda(double seconds[PHASE_COUNT]) {
    double at = -1;
    while (ring_tail + 1 < ring_head) {
        cudaEvent_t from = ring_events[ring_tail % PHASE_RING];
        cudaEvent_t to = ring_events[(ring_tail + 1) % PHASE_RING];
        cudaError_t passed = cudaEventQuery(to);
        if (passed == cudaErrorNotReady) break;
        CUDA_TRY(passed);
        float ms = 0;
        CUDA_TRY(cudaEventElapsedTime(&ms, from, to));
        phase_seconds[ring_phases[ring_tail % PHASE_RING]] += 1e-3 * ms;
        TRY(timeline_phase(ring_phases[ring_tail % PHASE_RING], from, 1e-3 * ms, &at));
        ring_tail++;
    }
    TRY(timed_read());
    for (int i = 0; i < PHASE_COUNT; i++) seconds[i] = phase_seconds[i];
    return STATUS_OK;
}

/* Kernels by CUPTI where it is available; phases, by their events, always. */
static Status timeline_cuda(Timeline *timeline, char *how, size_t how_bytes) {
    char missing[160];
    CUDA_TRY(cudaDeviceSynchronize()); /* some versions of CUPTI do not end while kernels run */
    timeline_cupti_end();
    phase_timeline = NULL;
    if (!timeline) return STATUS_OK;
    if (!timeline_base) CUDA_TRY(cudaEventCreate(&timeline_base));
    CUDA_TRY(cudaEventRecord(timeline_base, NULL));
    CUDA_TRY(cudaEventSynchronize(timeline_base));
    timeline_base_seconds = timeline_clock();
    ring_tail = ring_head; /* what came before is not drawn */
    phase_timeline = timeline;
    timeline_name(timeline, TIMELINE_DEVICE, TIMELINE_PHASES, "timed phases");
    if (timeline_cupti_begin(timeline, missing, sizeof missing) == STATUS_OK)
        snprintf(how, how_bytes, "kernels and copies, by CUPTI; phases, by events");
    else
        snprintf(how, how_bytes, "phases, by events, one epoch in some; no kernels: %s", missing);
    return STATUS_OK;
}

extern "C" const Backend backend_cuda = {
    .name = "cuda",
    .graphs = true,
    .async = true,
    .open = open_cuda,
    .select = gpu_select,
    .enter = enter_cuda,
    .memory = memory_cuda,
    .alloc = alloc_cuda,
    .release = release_cuda,
    .alloc_host = alloc_host_cuda,
    .release_host = release_host_cuda,
    .stream_open = stream_open_cuda,
    .stream_close = stream_close_cuda,
    .stream_sync = stream_sync_cuda,
    .event_open = event_open_cuda,
    .event_close = event_close_cuda,
    .event_record = event_record_cuda,
    .event_sync = event_sync_cuda,
    .to_device = to_device_cuda,
    .to_host = to_host_cuda,
    .zero = zero_cuda,
    .scan = scan_cuda,
    .scan_bytes = scan_bytes_cuda,
    .capture_begin = capture_begin_cuda,
    .capture_end = capture_end_cuda,
    .graph_launch = graph_launch_cuda,
    .graph_close = graph_close_cuda,
    .phase = phase_cuda,
    .phases_read = phases_read_cuda,
    .timeline = timeline_cuda,
};
