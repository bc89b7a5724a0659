/* tests/sim/include/sim_kernel.h - a launch: a kernel, its grid, and a copy of its arguments. */
#ifndef TESTS_SIM_KERNEL_H
#define TESTS_SIM_KERNEL_H

#include <memory>
#include <string.h>
#include <tuple>
#include <vector>

#include "cuda_runtime_api.h"

struct SimKernel {
    const char *name = nullptr;     /* as the launch spells it */
    const void *function = nullptr; /* tells apart kernels that are spelled alike */
    dim3 grid, block;
    std::vector<unsigned char>
        arguments;                /* their bytes, one after another, for the lists of calls */
    virtual void run() const = 0; /* one CUDA thread */
    virtual ~SimKernel() = default;
};

template <class... P>
struct SimLaunch : SimKernel {
    void (*kernel)(P...);
    std::tuple<P...> values;

    SimLaunch(void (*k)(P...), std::tuple<P...> v) : kernel(k), values(std::move(v)) {}

    void run() const override { std::apply(kernel, values); }

    void collect_bytes() {
        std::apply([this](const P &...value) { (append(&value, sizeof value), ...); }, values);
    }

    void append(const void *bytes, size_t count) {
        size_t at = arguments.size();
        arguments.resize(at + count);
        memcpy(arguments.data() + at, bytes, count);
    }
};

/* Enqueues the kernel, or adds it to the graph being captured; cudaGetLastError returns the
 * error. */
void sim_launch(cudaStream_t stream, std::shared_ptr<SimKernel> kernel);

template <class... P, class... A>
void sim_launch_call(const char *name, void (*k)(P...), dim3 grid, dim3 block, cudaStream_t stream,
                     A... arguments) {
    static_assert(sizeof...(P) == sizeof...(A),
                  "a launch must have as many arguments as the kernel takes");
    auto call = std::make_shared<SimLaunch<P...>>(k,
                                                  std::tuple<P...>(static_cast<P>(arguments)...));
    call->name = name;
    call->function = reinterpret_cast<const void *>(k);
    call->grid = grid;
    call->block = block;
    call->collect_bytes();
    sim_launch(stream, std::move(call));
}

#endif
