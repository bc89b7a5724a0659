/* bench/bench_gemm.c - products alone, at the network's shapes: ours and, where it is found,
 * oneDNN's. */
#include "bench_gemm.h"

#ifdef BLOB_DNNL
#include <dnnl.h>
#endif
#include <omp.h>
#include <stdlib.h>

#include "nn/ops/product_float32.h"
#include "bench.h"
#include "peak.h"

/* (in, out) of the three GEMMs of a layer; activations (rows, in) and (rows, out). */
static const int shape[3][2] = {{256, 256}, {256, 1024}, {1024, 256}};

enum { LAYERS = 6, WIDEST = 1024 };

/* Operands of 4 bytes or of 1, results of 4; for int8 the same memory is read as bytes. */
typedef struct {
    float *a, *c; /* (rows, WIDEST) of one thread */
    const float
        *b[3]; /* weights of each shape, for LAYERS layers, shared: (in, out), int8 (out, in) */
} Buffers;

static void fill(float *x, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(splitmix64(seed + i) >> 40) * (1.0f / 16777216) - 0.5f;
}

/* One product of a block. Panels hold as many floats as rows: any numbers serve. */
static void multiply(Gemm gemm, Isa isa, const Buffers *buffers, const float *b, int rows, int in,
                     int out) {
    const ProductFloat32Args ours = {.a = buffers->a,
                                     .b = b,
                                     .c = buffers->c,
                                     .a_row = in,
                                     .a_k = 1,
                                     .c_row = out,
                                     .m = rows,
                                     .n = out,
                                     .k = in,
                                     .count = out};
    if (gemm == GEMM_OURS) {
        product_float32(isa, &ours);
        return;
    }
#ifdef BLOB_DNNL
    const int32_t no_offset = 0;
    if (gemm == GEMM_LIBRARY)
        dnnl_sgemm('N', 'N', rows, out, in, 1.0f, buffers->a, in, b, out, 0.0f, buffers->c, out);
    else
        dnnl_gemm_u8s8s32('N', 'T', 'F', rows, out, in, 1.0f, (const uint8_t *)buffers->a, in, 0,
                          (const int8_t *)b, in, 0, 0.0f, (int32_t *)buffers->c, out, &no_offset);
#endif
}

/* One pass of a block through the layers; returns the multiply-adds twice. */
static double pass(Gemm gemm, Isa isa, const Buffers *buffers, int rows) {
    double flops = 0;
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < 3; i++) {
            int in = shape[i][0], out = shape[i][1];
            size_t at = (size_t)layer * (size_t)in * (size_t)out;
            multiply(gemm, isa, buffers, buffers->b[i] + at, rows, in, out);
            flops += 2.0 * rows * in * out;
        }
    return flops;
}

static bool has(Gemm gemm) {
#ifdef BLOB_DNNL
    return gemm < GEMM_COUNT;
#else
    return gemm == GEMM_OURS;
#endif
}

double bench_gemm_rate(Gemm gemm, int rows, double seconds) {
    Isa isa;
    if (!has(gemm) || isa_choose(&isa) != STATUS_OK) return 0;
    int threads = omp_get_max_threads();
    float *weights[3];
    for (int i = 0; i < 3; i++) {
        size_t n = (size_t)LAYERS * (size_t)shape[i][0] * (size_t)shape[i][1];
        weights[i] = malloc(n * sizeof(float));
        if (!weights[i]) return 0;
        fill(weights[i], n, (uint64_t)i);
    }
    size_t block = (size_t)rows * WIDEST;
    float *memory = malloc((size_t)threads * 2 * block * sizeof *memory);
    if (!memory) return 0;
    fill(memory, (size_t)threads * 2 * block, 7);
    double flops = 0, start = 0, end = 0;
    if (threads == 1) omp_set_num_threads(1);
#pragma omp parallel reduction(+ : flops)
    {
        float *mine = memory + (size_t)omp_get_thread_num() * 2 * block;
        Buffers buffers = {mine, mine + block, {weights[0], weights[1], weights[2]}};
        pass(gemm, isa, &buffers, rows);
#pragma omp barrier
#pragma omp master
        start = bench_clock();
#pragma omp barrier
        while (bench_clock() - start < seconds) flops += pass(gemm, isa, &buffers, rows);
#pragma omp barrier
#pragma omp master
        end = bench_clock();
    }
    free(memory);
    for (int i = 0; i < 3; i++) free(weights[i]);
    return flops / (end - start);
}

Status bench_gemm(const BenchOptions *o) {
    static const char *const name[GEMM_COUNT] = {"our product", "oneDNN", "oneDNN int8"};
    static const int heights[] = {48, 64, 128, 256, 512, 2048};
    double flops[BENCH_REPEATS_MAX], peak[BENCH_REPEATS_MAX];
    char line[64];
    for (int g = 0; g < GEMM_COUNT; g++)
        for (int i = 0; has((Gemm)g) && i < (int)(sizeof heights / sizeof *heights); i++) {
            const double seconds = o->seconds / 4;
            for (int k = 0; k < o->repeats; k++) {
                peak[k] = g == GEMM_INT8 ? peak_int8(seconds) : peak_float32(seconds);
                flops[k] = bench_gemm_rate((Gemm)g, heights[i], seconds);
            }
            snprintf(line, sizeof line, "%s, blocks of %d rows", name[g], heights[i]);
            bench_report(o, line, bench_median(flops, o->repeats) / 1e9,
                         g == GEMM_INT8 ? "GOP/s" : "GFLOP/s", bench_median(peak, o->repeats) / 1e9,
                         g == GEMM_INT8 ? "int8 peak" : "float32 peak");
        }
    return STATUS_OK;
}
