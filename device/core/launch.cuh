/* device/core/launch.cuh - how a kernel finds its team, and how it is launched.
 *
 * No other file writes <<< >>> or __shared__: a model of the GPU need replace these words alone. */
#ifndef DEVICE_CORE_LAUNCH_CUH
#define DEVICE_CORE_LAUNCH_CUH

#include <cuda_runtime.h>
#include <stdio.h>

#include "portable.h"
#include "status.h"

#define CUDA_TRY(call)                                                                 \
    do {                                                                               \
        cudaError_t cuda_ = (call);                                                    \
        if (cuda_ != cudaSuccess) {                                                    \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,              \
                    cudaGetErrorString(cuda_));                                        \
            return cuda_ == cudaErrorMemoryAllocation ? STATUS_MEMORY : STATUS_DEVICE; \
        }                                                                              \
    } while (0)

#ifndef LAUNCH
#define LAUNCH(kernel, blocks, threads, stream, ...)               \
    do {                                                           \
        kernel<<<(blocks), (threads), 0, (stream)>>>(__VA_ARGS__); \
        CUDA_TRY(cudaGetLastError());                              \
    } while (0)
/* An array of the block: SHARED(float, tile, [64][33]); */
#define SHARED(type, name, dims) __shared__ type name dims
#endif

/* Blocks for `items` items of `width` lanes each, `threads` a block. */
static inline int launch_blocks(int64_t items, int width, int threads) {
    return (int)((items * width + threads - 1) / threads);
}

/* Which item this thread's team works on, for teams of WIDTH lanes side by side. */
template <int WIDTH>
static __device__ __forceinline__ int team_item(void) {
    return (int)(((int64_t)blockIdx.x * blockDim.x + threadIdx.x) / WIDTH);
}

template <int WIDTH>
static __device__ __forceinline__ Team team_self(void) {
    Team team;
    team.lane = (int)(threadIdx.x % WIDTH);
    team.width = WIDTH;
    team.mask = (WIDTH == 32 ? ~0u : (1u << (WIDTH % 32)) - 1)
                << (threadIdx.x % 32 / WIDTH * WIDTH);
    return team;
}

#endif
