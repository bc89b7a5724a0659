/* tests/sim/include/cuda_runtime.h - CUDA as files with kernels see it in the simulator.
 *
 * The include path has it before any toolkit's header of that name, and it needs none of them. */
#ifndef TESTS_SIM_CUDA_RUNTIME_H
#define TESTS_SIM_CUDA_RUNTIME_H

#include <algorithm>
#include <math.h>

#include "cuda_runtime_api.h"
#include "sim_device.h"
#include "sim_kernel.h"

#define __global__ __attribute__((unused))
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

using std::max;
using std::min;

/* The project's macro for a launch, defined before launch.cuh would do so with <<< >>>. */
#define LAUNCH(kernel, blocks, threads, stream, ...)                                  \
    do {                                                                              \
        sim_launch_call(#kernel, kernel, (blocks), (threads), (stream), __VA_ARGS__); \
        CUDA_TRY(cudaGetLastError());                                                 \
    } while (0)

#endif
