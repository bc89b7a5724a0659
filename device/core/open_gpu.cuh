/* device/core/open_gpu.cuh - takes a GPU and tries it, or says in a sentence what to do.
 *
 * Used by backend_cuda.cu alone. Nothing is printed: the caller decides what to report. */
#ifndef DEVICE_CORE_OPEN_GPU_CUH
#define DEVICE_CORE_OPEN_GPU_CUH

#include <stdlib.h>

#include "backend.h"
#include "launch.cuh"

/* The architectures that this program was compiled for, as "sm_80, sm_90". */
static void built_for(char *text, size_t bytes) {
    snprintf(text, bytes, "sm_?");
#ifdef __CUDA_ARCH_LIST__
    static const int list[] = {__CUDA_ARCH_LIST__};
    size_t at = 0;
    for (size_t i = 0; i < sizeof list / sizeof list[0] && at + 16 < bytes; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%ssm_%d", i ? ", " : "", list[i] / 10);
#endif
}

/* By the error's name, since no toolkit knows all of them. What a text is given: PLAIN nothing;
 * DRIVER the CUDA version of the driver, then ours; IMAGE what we were built for, then the GPU's
 * compute capability twice. */
typedef enum { REMEDY_PLAIN, REMEDY_DRIVER, REMEDY_IMAGE, REMEDY_COUNT } RemedyKind;
typedef struct {
    const char *error;
    RemedyKind kind;
    const char *text;
} Remedy;

static const Remedy remedies[] = {
    {"cudaErrorInsufficientDriver", REMEDY_DRIVER,
     "the NVIDIA driver is too old: it knows CUDA %d.%d, this program needs %d.%d; update the "
     "driver, or build with the toolkit that it knows"},
    {"cudaErrorCompatNotSupportedOnDevice", REMEDY_DRIVER,
     "libcuda.so of the package cuda-compat does not serve this GPU (it knows CUDA %d.%d, needed "
     "is %d.%d); take it out of LD_LIBRARY_PATH, and update the driver"},
    {"cudaErrorUnsupportedPtxVersion", REMEDY_IMAGE,
     "the driver is too old for the PTX in this program, built for %s; this GPU is sm_%d%d: update "
     "the driver, or build with -DCMAKE_CUDA_ARCHITECTURES=%d%d"},
    {"cudaErrorJitCompilerNotFound", REMEDY_IMAGE,
     "the driver lacks its PTX compiler, this program was built for %s and this GPU is sm_%d%d; "
     "build it with -DCMAKE_CUDA_ARCHITECTURES=%d%d"},
    {"cudaErrorNoKernelImageForDevice", REMEDY_IMAGE,
     "no kernel image: this program was built for %s, this GPU is sm_%d%d; build it again with "
     "-DCMAKE_CUDA_ARCHITECTURES=%d%d"},
    {"cudaErrorInvalidDeviceFunction", REMEDY_IMAGE,
     "no kernel image: this program was built for %s, this GPU is sm_%d%d; build it again with "
     "-DCMAKE_CUDA_ARCHITECTURES=%d%d"},
    {"cudaErrorSystemDriverMismatch", REMEDY_PLAIN,
     "the driver and its libcuda.so are of different versions; restart the machine, or make them "
     "the same (in a container the machine's driver counts)"},
    {"cudaErrorSystemNotReady", REMEDY_PLAIN,
     "the GPU's system is not ready; start the service nvidia-fabricmanager"},
    {"cudaErrorDevicesUnavailable", REMEDY_PLAIN,
     "another process holds the GPU for itself; nvidia-smi shows which"},
    {"cudaErrorMemoryAllocation", REMEDY_PLAIN,
     "the GPU has no memory left, not even to begin; nvidia-smi shows who has it"},
    {"cudaErrorECCUncorrectable", REMEDY_PLAIN,
     "the GPU's memory has an error that cannot be corrected; reset or replace the GPU"}};

/* The sentence about `error`; `capability` (2) of the GPU, or zeros. */
static Status gpu_refuses(cudaError_t error, const int capability[2], char *device_text,
                          size_t device_text_bytes) {
    int driver = 0;
    char built[96];
    const char *name = cudaGetErrorName(error);
    (void)cudaGetLastError();
    (void)cudaDriverGetVersion(&driver);
    built_for(built, sizeof built);
    snprintf(device_text, device_text_bytes, "the GPU cannot be used: %s (%s)",
             cudaGetErrorString(error), name);
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        const Remedy *r = &remedies[i];
        if (strcmp(r->error, name) != 0) continue;
        if (r->kind == REMEDY_PLAIN) snprintf(device_text, device_text_bytes, "%s", r->text);
        if (r->kind == REMEDY_DRIVER)
            snprintf(device_text, device_text_bytes, r->text, driver / 1000, driver % 1000 / 10,
                     CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
        if (r->kind == REMEDY_IMAGE)
            snprintf(device_text, device_text_bytes, r->text, built, capability[0], capability[1],
                     capability[0], capability[1]);
    }
    return STATUS_INPUT;
}

/* Without a driver the runtime reports one that is too old, or the stub of the toolkit. */
static bool gpu_is_missing(cudaError_t error, int count) {
    int driver = 0;
    const char *name = cudaGetErrorName(error);
    (void)cudaDriverGetVersion(&driver);
    return (error == cudaSuccess && count == 0) || strcmp(name, "cudaErrorNoDevice") == 0 ||
           (driver == 0 && (strcmp(name, "cudaErrorInsufficientDriver") == 0 ||
                            strcmp(name, "cudaErrorStubLibrary") == 0));
}

static const int32_t GPU_ANSWER = 4917301; /* unlikely to be in memory by chance */

static __global__ void gpu_try_kernel(int32_t *answer) { *answer = GPU_ANSWER; }

/* Asked before the launch, so that a program built for other GPUs gets its sentence alone. */
static cudaError_t gpu_has_image(void) {
#ifdef __CUDACC__
    cudaFuncAttributes attributes;
    return cudaFuncGetAttributes(&attributes, gpu_try_kernel);
#else
    return cudaSuccess;
#endif
}

static Status gpu_try_launch(int32_t *there, Stream stream) {
    LAUNCH(gpu_try_kernel, 1, 1, stream, there);
    return STATUS_OK;
}

/* One kernel, its answer read back. *error: what CUDA reported, if it did. */
static Status gpu_try(cudaError_t *error) {
    int32_t here = 0;
    void *there = NULL;
    Stream stream = NULL;
    Status status = STATUS_DEVICE;
    *error = gpu_has_image();
    if (*error == cudaSuccess) *error = cudaMalloc(&there, sizeof here);
    if (*error == cudaSuccess) *error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    if (*error == cudaSuccess) status = gpu_try_launch((int32_t *)there, stream);
    if (status == STATUS_OK)
        *error = cudaMemcpyAsync(&here, there, sizeof here, cudaMemcpyDeviceToHost, stream);
    if (status == STATUS_OK && *error == cudaSuccess) *error = cudaStreamSynchronize(stream);
    if (stream) (void)cudaStreamDestroy(stream);
    if (there) (void)cudaFree(there);
    return status == STATUS_OK && *error == cudaSuccess && here == GPU_ANSWER ? STATUS_OK
                                                                              : STATUS_DEVICE;
}

static int gpu_selected;

static void gpu_select(int index) { gpu_selected = index; }

/* `device_text`: the GPU and all versions, or why there is none, or the remedy.
 * STATUS_DEVICE: there is none. STATUS_INPUT: there is one, but not for this program. */
static Status gpu_open(char *device_text, size_t device_text_bytes) {
    int count = 0, driver = 0, runtime = 0, capability[2] = {0, 0};
    char built[96];
    cudaDeviceProp gpu;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (gpu_is_missing(error, count)) {
        (void)cudaGetLastError();
        (void)cudaDriverGetVersion(&driver);
        snprintf(device_text, device_text_bytes, "no GPU: %s",
                 driver == 0 ? "there is no NVIDIA driver" : "the driver finds none");
        return STATUS_DEVICE;
    }
    int mine = count > 0 ? gpu_selected % count : 0; /* fewer GPUs than processes: refused later */
    if (error == cudaSuccess) error = cudaSetDevice(mine);
    if (error == cudaSuccess) error = cudaGetDeviceProperties(&gpu, mine);
    if (error != cudaSuccess) return gpu_refuses(error, capability, device_text, device_text_bytes);
    capability[0] = gpu.major;
    capability[1] = gpu.minor;
    if (gpu_try(&error) != STATUS_OK) {
        if (error != cudaSuccess)
            return gpu_refuses(error, capability, device_text, device_text_bytes);
        snprintf(device_text, device_text_bytes,
                 "the GPU gave a wrong answer to the simplest of kernels");
        return STATUS_INPUT;
    }
    (void)cudaDriverGetVersion(&driver);
    (void)cudaRuntimeGetVersion(&runtime);
    built_for(built, sizeof built);
    snprintf(device_text, device_text_bytes,
             "cuda, %s, sm_%d%d, %d multiprocessors, driver %d.%d, runtime %d.%d, built with "
             "%d.%d for %s",
             gpu.name, gpu.major, gpu.minor, gpu.multiProcessorCount, driver / 1000,
             driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10, CUDART_VERSION / 1000,
             CUDART_VERSION % 1000 / 10, built);
    return STATUS_OK;
}

#endif
