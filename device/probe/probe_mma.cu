/* device/probe/probe_mma.cu - mma.m16n8k16 in bf16: are its fragments what fragment.h says? */
#include "device/core/arch.cuh"
#include "device/core/bf16.h"
#include "fragment.h"
#include "probe.cuh"

enum { M = 16, N = 8, K = 16 };

static __device__ uint32_t pack_pair(int low, int high) {
    return bf16_from_float((float)low) | (uint32_t)bf16_from_float((float)high) << 16;
}

/* One warp: d (M, N) = a (M, K) b (K, N), tiles 0 and 1 of tile_number. */
static __global__ void mma_kernel(float *d) {
    const int lane = (int)threadIdx.x;
    float sum[4] = {0, 0, 0, 0};
    uint32_t a[4], b[2];
    for (int r = 0; r < 4; r++) {
        const int i = 2 * r;
        a[r] = pack_pair(tile_number(0, fragment_row(lane, i), fragment_column(lane, i)),
                         tile_number(0, fragment_row(lane, i), fragment_column(lane, i) + 1));
    }
    for (int r = 0; r < 2; r++) {
        const int k = fragment_k(lane, 2 * r);
        b[r] = pack_pair(tile_number(1, lane / 4, k), tile_number(1, lane / 4, k + 1));
    }
#if ARCH_AT_LEAST(800)
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
        "{%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    sum[0] = (float)(a[0] + a[1] + a[2] + a[3] + b[0] + b[1]); /* never run: see probe_needs */
#endif
    for (int i = 0; i < 4; i++) d[fragment_row(lane, i) * N + fragment_column(lane, i)] = sum[i];
}

static Status measure(ProbeRig *rig, ProbeAnswer *out) {
    float d[M * N];
    int right = 0;
    TRY(probe_rig_alloc(rig, 0, sizeof d));
    LAUNCH(mma_kernel, 1, 32, rig->stream, (float *)rig->memory[0]);
    CUDA_TRY(cudaMemcpyAsync(d, rig->memory[0], sizeof d, cudaMemcpyDeviceToHost, rig->stream));
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    for (int r = 0; r < M; r++)
        for (int c = 0; c < N; c++) {
            int sum = 0;
            for (int k = 0; k < K; k++) sum += tile_number(0, r, k) * tile_number(1, c, k);
            right += d[r * N + c] == (float)sum;
        }
    probe_say(out, "elements of the product that are right, of 128", right, "", NULL);
    return STATUS_OK;
}

Status probe_mma(ProbeAnswer *out) {
    if (!probe_needs(out, 80)) return STATUS_OK;
    ProbeRig rig;
    Status status = probe_rig_open(&rig);
    if (status == STATUS_OK) status = measure(&rig, out);
    probe_rig_close(&rig);
    return status;
}
