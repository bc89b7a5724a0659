/* device/core/backend_cuda.cu - one NVIDIA GPU as a backend; twin of backend_cpu.c. */
#include <cub/device/device_scan.cuh>

#include "backend.h"
#include "launch.cuh"

/* Laps are events in a ring: recorded by lap, taken out by laps_read once the stream has passed
 * them. When the ring is full the oldest are dropped: a clock must never stall the stream. */
enum { LAP_RING = 8192 };
static cudaEvent_t lap_events[LAP_RING];
static Lap lap_kinds[LAP_RING];
static long lap_head, lap_tail; /* events recorded, events taken out */
static double lap_seconds[LAP_COUNT];

static Status open_cuda(char *what, size_t what_bytes) {
    int count = 0, driver = 0, runtime = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0) {
        /* without a driver the runtime says 35 or 34 instead of "no device" */
        snprintf(what, what_bytes, "no usable GPU: %s",
                 error == cudaSuccess ? "none found" : cudaGetErrorString(error));
        (void)cudaGetLastError();
        return STATUS_DEVICE;
    }
    cudaDeviceProp gpu;
    CUDA_TRY(cudaSetDevice(0));
    CUDA_TRY(cudaGetDeviceProperties(&gpu, 0));
    CUDA_TRY(cudaDriverGetVersion(&driver));
    CUDA_TRY(cudaRuntimeGetVersion(&runtime));
    snprintf(what, what_bytes, "cuda, %s, sm_%d%d, %d multiprocessors, driver %d.%d, runtime %d.%d",
             gpu.name, gpu.major, gpu.minor, gpu.multiProcessorCount, driver / 1000,
             driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    for (int i = 0; i < LAP_RING; i++) CUDA_TRY(cudaEventCreate(&lap_events[i]));
    for (int i = 0; i < LAP_COUNT; i++) lap_seconds[i] = 0;
    lap_head = lap_tail = 0;
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
    CUDA_TRY(cudaMemset(*out, 0, bytes));
    CUDA_TRY(cudaDeviceSynchronize()); /* our streams do not wait for the default one */
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

static Status scan_cuda(const int32_t *in, int32_t *out, int n, void *temp, size_t temp_bytes,
                        Stream stream) {
    CUDA_TRY(cub::DeviceScan::ExclusiveSum(temp, temp_bytes, in, out, n + 1, stream));
    return STATUS_OK;
}

static size_t scan_bytes_cuda(int n) {
    size_t bytes = 0;
    const int32_t *in = NULL;
    int32_t *out = NULL;
    if (cub::DeviceScan::ExclusiveSum(NULL, bytes, in, out, n + 1) != cudaSuccess) return 0;
    return bytes;
}

static Status lap_cuda(Lap lap, Stream stream) {
    if (lap_head - lap_tail == LAP_RING) lap_tail++;
    lap_kinds[lap_head % LAP_RING] = lap;
    CUDA_TRY(cudaEventRecord(lap_events[lap_head % LAP_RING], stream));
    lap_head++;
    return STATUS_OK;
}

static Status laps_read_cuda(double seconds[LAP_COUNT]) {
    while (lap_tail + 1 < lap_head) {
        cudaEvent_t from = lap_events[lap_tail % LAP_RING],
                    to = lap_events[(lap_tail + 1) % LAP_RING];
        cudaError_t passed = cudaEventQuery(to);
        if (passed == cudaErrorNotReady) break;
        CUDA_TRY(passed);
        float ms = 0;
        CUDA_TRY(cudaEventElapsedTime(&ms, from, to));
        lap_seconds[lap_kinds[(lap_tail + 1) % LAP_RING]] += 1e-3 * ms;
        lap_tail++;
    }
    for (int i = 0; i < LAP_COUNT; i++) seconds[i] = lap_seconds[i];
    return STATUS_OK;
}

extern "C" const Backend backend_cuda = {
    "cuda",          open_cuda,         memory_cuda,       alloc_cuda,        release_cuda,
    alloc_host_cuda, release_host_cuda, stream_open_cuda,  stream_close_cuda, stream_sync_cuda,
    event_open_cuda, event_close_cuda,  event_record_cuda, event_sync_cuda,   to_device_cuda,
    to_host_cuda,    zero_cuda,         scan_cuda,         scan_bytes_cuda,   lap_cuda,
    laps_read_cuda};
