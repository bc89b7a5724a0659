/* tests/sim/faults_kernels.cuh - the classic faults of kernels, one each, made if `wrong` is 1.
 *
 * If `wrong` is 0, the kernel is right, and its result is the one that faults.cu lists with its
 * name. in (FAULT_ITEMS) holds in[i] = i + 1; out (FAULT_ITEMS) is zero at first. */
#ifndef TESTS_SIM_FAULTS_KERNELS_CUH
#define TESTS_SIM_FAULTS_KERNELS_CUH

#include "device/core/launch.cuh"

enum {
    FAULT_ITEMS = 256,
    FAULT_CUT = 40 /* blocks of 64 diverge here, within their second warp */
};

/* Barriers */

static __global__ void barrier_missing(const int *in, int *out, int wrong) {
    SHARED(int, s, [128]);
    int t = (int)threadIdx.x;
    s[t] = in[t];
    if (!wrong) __syncthreads();
    out[t] = s[127 - t];
}

static __global__ void barrier_in_branch(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x;
    if (t < FAULT_CUT) {
        out[t] = in[t];
        if (wrong) __syncthreads();
    } else {
        out[t] = in[t];
        if (wrong) __syncthreads();
    }
    if (!wrong) __syncthreads();
}

static __global__ void barrier_not_reached(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x;
    out[t] = in[t];
    if (t < FAULT_CUT || !wrong) __syncthreads();
    __syncwarp();
}

static __global__ void warp_barrier_missing(const int *in, int *out, int wrong) {
    SHARED(int, s, [32]);
    int t = (int)threadIdx.x;
    s[t] = in[t];
    if (!wrong) __syncwarp();
    out[t] = s[31 - t];
}

/* Without the second barrier, what a lane has yet to read is overwritten. */
static __global__ void warp_barrier_missing_after_read(const int *in, int *out, int wrong) {
    SHARED(int, s, [32]);
    int t = (int)threadIdx.x;
    s[t] = in[t];
    __syncwarp();
    int x = s[31 - t];
    if (!wrong) __syncwarp();
    s[t] = 2 * x;
    __syncwarp();
    out[t] = s[t];
}

/* Masks */

static __global__ void mask_full_in_branch(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x, x = in[t];
    if (t < 16) x = __shfl_sync(wrong ? ~0u : 0xffffu, x, 0);
    __syncwarp();
    out[t] = x;
}

static __global__ void mask_without_caller(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x, x = in[t];
    out[t] = __shfl_xor_sync(wrong ? 0xffffu : ~0u, x, 1);
}

static __global__ void shuffle_outside_mask(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x, x = in[t];
    if (t < 16) x = __shfl_sync(0xffffu, x, wrong ? 20 : 4);
    __syncwarp();
    out[t] = x;
}

static __global__ void shuffle_from_exited(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x;
    if (wrong && t >= 16) return;
    out[t] = __shfl_sync(~0u, in[t], 20);
}

/* Races */

static __global__ void race_between_blocks(const int *, int *out, int wrong) {
    if (threadIdx.x != 0) return;
    if (wrong)
        out[0] = out[0] + 1;
    else
        atomicAdd(&out[0], 1);
}

static __global__ void race_within_warp(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x;
    if (wrong)
        out[0] = out[0] + in[t];
    else
        atomicAdd(&out[0], in[t]);
}

/* Slots are handed out in the order of arrival. */
static __global__ void order_by_atomic(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x;
    int slot = atomicAdd(&out[FAULT_ITEMS - 1], 1);
    out[wrong ? slot : t] = in[t];
}

/* Bounds */

static __global__ void past_global(const int *in, int *out, int wrong) {
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (wrong || i < FAULT_ITEMS) out[i] = i < FAULT_ITEMS ? in[i] : 0;
}

static __global__ void before_global(const int *in, int *out, int wrong) {
    int t = (int)threadIdx.x;
    out[t] = in[t - wrong];
    if (t == 0) out[0] = 1;
}

static __global__ void past_shared(const int *in, int *out, int wrong) {
    SHARED(int, s, [32]);
    int t = (int)threadIdx.x;
    s[t + wrong] = in[t];
    __syncwarp();
    out[t] = s[t + wrong];
}

static __global__ void past_local(const int *in, int *out, int wrong) {
    int a[8], t = (int)threadIdx.x;
    for (int i = 0; i < 8; i++) a[i] = in[i];
    out[t] = a[in[t] % 8 + 8 * wrong];
}

/* Unwritten memory */

static __global__ void unwritten_shared(const int *in, int *out, int wrong) {
    SHARED(int, s, [32]);
    int t = (int)threadIdx.x;
    if (t < 31 || !wrong) s[t] = in[t];
    __syncwarp();
    out[t] = s[t];
}

static __global__ void unwritten_local(const int *in, int *out, int wrong) {
    int a[8], t = (int)threadIdx.x, sum = 0;
    for (int i = wrong; i < 8; i++) a[i] = in[i];
    for (int i = 0; i < 8; i++) sum += a[i] & 1;
    out[t] = sum;
}

/* Used by the faults of host code. */
static __global__ void add_in(const int *in, int *out, int) {
    int t = (int)threadIdx.x;
    out[t] += in[t];
}

#endif
