/* device/probe/probe_l2.cu - how fast all multiprocessors read the same weights out of L2. */
#include "probe.cuh"

enum { THREADS = 512, BLOCKS_A_PROCESSOR = 2, PASSES = 40, REPEATS = 5 };

/* Every block reads all of the image, as every multiprocessor reads all weights: past L1. */
static __global__ void l2_kernel(const uint4 *image, int count, int passes, uint32_t *sink) {
    uint32_t mixed = 0;
    for (int pass = 0; pass < passes; pass++) {
#pragma unroll 8
        for (int i = (int)threadIdx.x; i < count; i += THREADS) {
            const uint4 x = __ldcg(&image[i]);
            mixed ^= (x.x + (uint32_t)pass) ^ x.y ^ x.z ^ x.w;
        }
    }
    if (mixed == 0x9E3779B9u) *sink = mixed; /* keeps the reads alive */
}

/* The best of a few: what disturbs only slows. */
static Status l2_rate(ProbeRig *rig, int multiprocessors, size_t bytes, double *gb_a_second) {
    const int count = (int)(bytes / sizeof(uint4)), blocks = multiprocessors * BLOCKS_A_PROCESSOR;
    *gb_a_second = 0;
    for (int k = 0; k <= REPEATS; k++) {
        double ms;
        TRY(probe_clock_begin(rig));
        LAUNCH(l2_kernel, blocks, THREADS, rig->stream, (const uint4 *)rig->memory[0], count,
               PASSES, (uint32_t *)rig->memory[1]);
        TRY(probe_clock_end(rig, &ms));
        const double rate = 1e-6 * (double)count * sizeof(uint4) * blocks * PASSES / ms;
        if (k > 0 && rate > *gb_a_second) *gb_a_second = rate; /* the first one warms up */
    }
    return STATUS_OK;
}

static Status measure(ProbeRig *rig, ProbeAnswer *out) {
    const size_t int8_image = 3717120, bf16_image = 2 * int8_image; /* weights of a folded row */
    int capability, multiprocessors, device = 0, l2_bytes = 0;
    double rate;
    TRY(probe_gpu(&capability, &multiprocessors));
    CUDA_TRY(cudaGetDevice(&device));
    CUDA_TRY(cudaDeviceGetAttribute(&l2_bytes, cudaDevAttrL2CacheSize, device));
    TRY(probe_rig_alloc(rig, 0, bf16_image));
    TRY(probe_rig_alloc(rig, 1, sizeof(uint32_t)));
    probe_say(out, "multiprocessors", multiprocessors, "", NULL);
    probe_say(out, "L2", l2_bytes / 1048576.0, "MiB", NULL);
    TRY(l2_rate(rig, multiprocessors, int8_image, &rate));
    probe_say(out, "3.7 MB read by all multiprocessors, past L1", rate, "GB/s", NULL);
    TRY(l2_rate(rig, multiprocessors, bf16_image, &rate));
    probe_say(out, "7.4 MB read by all multiprocessors, past L1", rate, "GB/s", NULL);
    return STATUS_OK;
}

Status probe_l2(ProbeAnswer *out) {
    ProbeRig rig;
    Status status = probe_rig_open(&rig);
    if (status == STATUS_OK) status = measure(&rig, out);
    probe_rig_close(&rig);
    return status;
}
