/* device/probe/probe_wgmma.cu - wgmma m64n64k16 in bf16, for sm_90a alone: fragments and tiles.
 *
 * Compiled for compute_90a only: the instruction exists nowhere else. */
#include "device/core/bf16.h"
#include "fragment.h"
#include "probe.cuh"

enum { M = 64, N = 64, K = 64, STEPS = K / 16, THREADS = 128 };

typedef enum { FROM_PLAIN, FROM_SWIZZLED, FROM_REGISTERS, FROM_COUNT } OperandFrom;

struct alignas(1024) Tile {
    char bytes[64 * 64 * 2];
};

/* Start, and distances in bytes between blocks along k (lead) and along the rows (stride); mode 0
 * plain, 1 swizzled by 128 bytes. */
static __device__ uint64_t descriptor(const void *start, int lead, int stride, uint64_t mode) {
    const uint64_t at = (uint64_t)__cvta_generic_to_shared(start);
    return (at & 0x3FFFF) >> 4 | (uint64_t)(lead >> 4) << 16 | (uint64_t)(stride >> 4) << 32 |
           mode << 62;
}

/* Fence, product and wait in one piece: in between, no register may be touched. */
#define WGMMA_WAIT "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;"

/* d += a b, a and b (64, 16) by rows of k in shared memory. */
static __device__ void multiply_shared(float d[32], uint64_t a, uint64_t b) {
    asm volatile(
        "wgmma.fence.sync.aligned; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {%0, %1, "
        "%2, %3, %4, %5, "
        "%6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, "
        "%23, %24, %25, %26, %27, %28, %29, %30, %31}, %32, %33, 1, 1, 1, 0, 0; " WGMMA_WAIT
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]),
          "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]),
          "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]),
          "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]),
          "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
        : "l"(a), "l"(b)
        : "memory");
}

static __device__ void multiply_registers(float d[32], const uint32_t a[4], uint64_t b) {
    asm volatile(
        "wgmma.fence.sync.aligned; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {%0, %1, "
        "%2, %3, %4, %5, %6, %7, %8, "
        "%9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, "
        "%27, %28, %29, %30, %31}, {%32, %33, %34, %35}, %36, 1, 1, 1, 0; " WGMMA_WAIT
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]),
          "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]),
          "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]),
          "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]),
          "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b)
        : "memory");
}

static __device__ void put(Tile *tile, int number, OperandFrom from) {
    for (int i = (int)threadIdx.x; i < 64 * K; i += THREADS) {
        const int row = i / K, k = i % K;
        const int at = from == FROM_SWIZZLED ? tile_swizzled(row, k) : tile_plain(row, k, K);
        *(uint16_t *)(tile->bytes + at) = bf16_from_float((float)tile_number(number, row, k));
    }
}

/* One warpgroup: d (M, N) = tile 0 times tile 1 transposed. */
static __global__ void wgmma_kernel(OperandFrom from, float *out) {
    SHARED(Tile, a, );
    SHARED(Tile, b, );
    const int lane = (int)threadIdx.x % 32, first = (int)threadIdx.x / 32 * 16;
    float d[32];
    for (int i = 0; i < 32; i++) d[i] = 0;
    put(&a, 0, from);
    put(&b, 1, from);
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); /* wgmma reads by another path */
    __syncthreads();
    for (int step = 0; step < STEPS; step++) {
        const bool swizzled = from == FROM_SWIZZLED;
        const int start = step * (swizzled ? 32 : 256); /* 16 columns: two pieces or two blocks */
        const int stride = swizzled ? 1024 : K / 8 * 128;
        const uint64_t at_b = descriptor(b.bytes + start, 128, stride, swizzled);
        uint32_t x[4];
        for (int r = 0; r < 4; r++) {
            const int row = first + fragment_row(lane, 2 * r);
            const int k = 16 * step + fragment_column(lane, 2 * r);
            x[r] = bf16_from_float((float)tile_number(0, row, k)) |
                   (uint32_t)bf16_from_float((float)tile_number(0, row, k + 1)) << 16;
        }
        if (from == FROM_REGISTERS)
            multiply_registers(d, x, at_b);
        else
            multiply_shared(d, descriptor(a.bytes + start, 128, stride, swizzled), at_b);
    }
    for (int i = 0; i < 32; i++)
        out[(first + fragment_row(lane, i)) * N + fragment_column(lane, i)] = d[i];
}

static int count_right(const float *d) {
    int right = 0;
    for (int r = 0; r < M; r++)
        for (int c = 0; c < N; c++) {
            int sum = 0;
            for (int k = 0; k < K; k++) sum += tile_number(0, r, k) * tile_number(1, c, k);
            right += d[r * N + c] == (float)sum;
        }
    return right;
}

static Status measure(ProbeRig *rig, ProbeAnswer *out) {
    static const char *const names[FROM_COUNT] = {
        "plain tiles: elements that are right, of 4096",
        "tiles swizzled by 128 bytes: right, of 4096",
        "first operand in registers, plain tile: right, of 4096"};
    static float d[M * N];
    TRY(probe_rig_alloc(rig, 0, sizeof d));
    for (int from = 0; from < FROM_COUNT; from++) {
        LAUNCH(wgmma_kernel, 1, THREADS, rig->stream, (OperandFrom)from, (float *)rig->memory[0]);
        CUDA_TRY(cudaMemcpyAsync(d, rig->memory[0], sizeof d, cudaMemcpyDeviceToHost, rig->stream));
        CUDA_TRY(cudaStreamSynchronize(rig->stream));
        probe_say(out, names[from], count_right(d), "", NULL);
    }
    return STATUS_OK;
}

/* sm_90a's code runs on compute capability 9.0 and on nothing else. */
static bool is_hopper(ProbeAnswer *out) {
    int capability = 0, multiprocessors = 0;
    if (probe_gpu(&capability, &multiprocessors) == STATUS_OK && capability == 90) return true;
    probe_say(out, "not on this GPU: it needs compute capability", 9.0, "", NULL);
    return false;
}

Status probe_wgmma(ProbeAnswer *out) {
    if (!is_hopper(out)) return STATUS_OK;
    ProbeRig rig;
    Status status = probe_rig_open(&rig);
    if (status == STATUS_OK) status = measure(&rig, out);
    probe_rig_close(&rig);
    return status;
}
