/* tests/sim/enqueue.cpp - launches, copies and memsets: checked as CUDA checks them, then
 * enqueued. */
#include <limits.h>

#include "runtime.h"

enum { BLOCK_THREADS_MAX = 1024, BLOCK_Z_MAX = 64, GRID_YZ_MAX = 65535 };

static bool fits(const SimKernel &k) {
    const dim3 &g = k.grid, &b = k.block;
    bool grid = g.x >= 1 && g.x <= INT_MAX && g.y >= 1 && g.y <= GRID_YZ_MAX && g.z >= 1 &&
                g.z <= GRID_YZ_MAX;
    bool block = b.x >= 1 && b.x <= BLOCK_THREADS_MAX && b.y >= 1 && b.y <= BLOCK_THREADS_MAX &&
                 b.z >= 1 && b.z <= BLOCK_Z_MAX;
    return grid && block && (size_t)b.x * b.y * b.z <= BLOCK_THREADS_MAX;
}

void sim_launch(cudaStream_t stream, std::shared_ptr<SimKernel> kernel) {
    if (error_injected() != cudaSuccess) return;
    if (!fits(*kernel)) {
        (void)error_set(cudaErrorInvalidConfiguration);
        return;
    }
    std::unique_ptr<SimOp> op(new SimOp());
    op->kind = SIM_KERNEL;
    op->kernel = std::move(kernel);
    (void)stream_enqueue(stream, std::move(op));
}

cudaError_t cudaMemsetAsync(void *dst, int value, size_t bytes, cudaStream_t stream) {
    if (cudaError_t error = error_injected()) return error;
    if (!memory_is_device(dst, bytes))
        return error_say(cudaErrorInvalidValue, "cudaMemset beyond a block of device memory");
    std::unique_ptr<SimOp> op(new SimOp());
    op->kind = SIM_SET;
    op->dst = dst;
    op->value = value;
    op->bytes = bytes;
    return stream_enqueue(stream, std::move(op));
}

/* On the default stream; the host does not wait for it. */
cudaError_t cudaMemset(void *dst, int value, size_t bytes) {
    if (cudaError_t error = capture_forbids("cudaMemset")) return error;
    return cudaMemsetAsync(dst, value, bytes, NULL);
}

/* Both ends must be where the direction says, and within one block. */
static cudaError_t copy_check(const void *dst, const void *src, size_t bytes, cudaMemcpyKind kind,
                              bool captured) {
    bool to = memory_is_device(dst, bytes), from = memory_is_device(src, bytes);
    bool want_to = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool want_from = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (kind > cudaMemcpyDeviceToDevice) return error_set(cudaErrorNotSupported);
    if (to != want_to || from != want_from)
        return error_say(cudaErrorInvalidValue,
                         "a copy beyond a block of device memory, or in the wrong direction");
    /* a copy that begins in a block of device memory and would leave it */
    if ((!want_to && memory_is_device(dst, 1)) || (!want_from && memory_is_device(src, 1)))
        return error_say(cudaErrorInvalidValue, "a copy in the wrong direction");
    bool pinned = (want_to || memory_is_pinned(dst, bytes)) &&
                  (want_from || memory_is_pinned(src, bytes));
    if (captured && !pinned)
        return error_say(cudaErrorStreamCaptureUnsupported, "a captured copy of unpinned memory");
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    if (bytes == 0) return cudaSuccess;
    cudaError_t error = copy_check(dst, src, bytes, kind, s->capture != nullptr);
    if (error != cudaSuccess) return error;
    std::unique_ptr<SimOp> op(new SimOp());
    op->kind = SIM_COPY;
    op->dst = dst;
    op->src = src;
    op->bytes = bytes;
    op->direction = kind;
    return stream_enqueue(stream, std::move(op));
}

cudaError_t cudaMemcpy(void *dst, const void *src, size_t bytes, cudaMemcpyKind kind) {
    if (cudaError_t error = capture_forbids("cudaMemcpy")) return error;
    if (cudaError_t error = cudaMemcpyAsync(dst, src, bytes, kind, NULL)) return error;
    return cudaStreamSynchronize(NULL);
}
