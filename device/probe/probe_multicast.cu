/* device/probe/probe_multicast.cu - halves of an image, each loaded once by one block of a pair.
 *
 *   block 0 ── half 0 ─┬─► shared memory of block 0      each block's barrier waits for the bytes
 *   block 1 ── half 1 ─┴─► shared memory of block 1      of both halves
 *
 * Compiled for compute_90a only, where such a copy is at its full speed. Waiting is bounded: a
 * mistaken assumption must end in a number, not in a hanging GPU. */
#include "probe.cuh"

enum {
    PAIR = 2,
    IMAGE = 32 << 10,
    HALF = IMAGE / PAIR,
    PAIRS = 60,
    THREADS = 128,
    WAITS = 1 << 16
};

struct alignas(1024) Image {
    uint8_t bytes[IMAGE];
};

static __device__ uint32_t shared_at(const void *p) {
    return (uint32_t)__cvta_generic_to_shared(p);
}

static __device__ void cluster_sync(void) {
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

static __device__ void barrier_open(uint64_t *barrier, uint32_t bytes) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_at(barrier)) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_at(barrier)),
                 "r"(bytes)
                 : "memory");
}

static __device__ bool barrier_passed(uint64_t *barrier) {
    uint32_t passed = 0;
    for (int i = 0; i < WAITS && !passed; i++)
        asm volatile("{ .reg .pred p; mbarrier.test_wait.parity.shared::cta.b64 p, [%1], 0; "
                     "selp.u32 %0, 1, 0, p; }"
                     : "=r"(passed)
                     : "r"(shared_at(barrier))
                     : "memory");
    return passed != 0;
}

/* `mask`: which blocks of the pair receive. */
static __device__ void copy_half(void *to, const void *from, uint64_t *barrier, uint16_t mask) {
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
        "[%0], [%1], %2, [%3], %4;" ::"r"(shared_at(to)),
        "l"(__cvta_generic_to_global(from)), "r"((uint32_t)HALF), "r"(shared_at(barrier)), "h"(mask)
        : "memory");
}

/* right (blocks): bytes that arrived as they are in `image`; late (1): blocks that waited in vain.
 */
static __global__ void __cluster_dims__(PAIR, 1, 1)
    multicast_kernel(const uint8_t *image, int32_t *right, int32_t *late) {
    SHARED(Image, here, );
    SHARED(uint64_t, barrier, );
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    for (int i = (int)threadIdx.x; i < IMAGE; i += THREADS) here.bytes[i] = 0;
    if (threadIdx.x == 0) barrier_open(&barrier, IMAGE);
    /* What the threads wrote here must not come after what is copied here. */
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    cluster_sync();
    if (threadIdx.x == 0)
        copy_half(here.bytes + rank * HALF, image + rank * HALF, &barrier, (1 << PAIR) - 1);
    const bool passed = barrier_passed(&barrier);
    int good = 0;
    for (int i = (int)threadIdx.x; i < IMAGE && passed; i += THREADS)
        good += here.bytes[i] == image[i];
    atomicAdd(&right[blockIdx.x], good);
    if (!passed && threadIdx.x == 0) atomicAdd(late, 1);
    cluster_sync(); /* the pair's shared memory stays until both are done */
}

static Status measure(ProbeRig *rig, ProbeAnswer *out) {
    enum { BLOCKS = PAIRS * PAIR };
    static uint8_t image[IMAGE];
    int32_t right[BLOCKS + 1];
    double ms;
    int64_t whole = 0, bytes = 0;
    for (int i = 0; i < IMAGE; i++) image[i] = (uint8_t)(splitmix64((uint64_t)i) % 255 + 1);
    TRY(probe_rig_alloc(rig, 0, IMAGE));
    TRY(probe_rig_alloc(rig, 1, sizeof right));
    CUDA_TRY(cudaMemcpyAsync(rig->memory[0], image, IMAGE, cudaMemcpyHostToDevice, rig->stream));
    TRY(probe_clock_begin(rig));
    LAUNCH(multicast_kernel, BLOCKS, THREADS, rig->stream, (const uint8_t *)rig->memory[0],
           (int32_t *)rig->memory[1], (int32_t *)rig->memory[1] + BLOCKS);
    TRY(probe_clock_end(rig, &ms));
    CUDA_TRY(
        cudaMemcpyAsync(right, rig->memory[1], sizeof right, cudaMemcpyDeviceToHost, rig->stream));
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    for (int b = 0; b < BLOCKS; b++) {
        whole += right[b] == IMAGE;
        bytes += right[b];
    }
    probe_say(out, "blocks in which the whole image arrived, of 120", (double)whole, "", NULL);
    probe_say(out, "bytes that arrived as they are", 100.0 * (double)bytes / BLOCKS / IMAGE, "%",
              NULL);
    probe_say(out, "blocks that waited in vain", right[BLOCKS], "", NULL);
    return STATUS_OK;
}

Status probe_multicast(ProbeAnswer *out) {
    int capability = 0, multiprocessors = 0;
    TRY(probe_gpu(&capability, &multiprocessors));
    if (capability != 90) {
        probe_say(out, "not on this GPU: it needs compute capability", 9.0, "", NULL);
        return STATUS_OK;
    }
    ProbeRig rig;
    Status status = probe_rig_open(&rig);
    if (status == STATUS_OK) status = measure(&rig, out);
    probe_rig_close(&rig);
    return status;
}
