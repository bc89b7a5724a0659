/* bench/bench_gemm.c - the ceiling of the network on a CPU: plain oneDNN GEMM at its shapes. */
#include "bench_gemm.h"

#include <dnnl.h>
#include <omp.h>
#include <stdlib.h>

#include "bench.h"

/* (in, out) of the three GEMMs of a layer; activations (rows, in) and (rows, out). */
static const int shape[3][2] = {{256, 256}, {256, 1024}, {1024, 256}};

enum { LAYERS = 6, WIDEST = 1024 };

/* Operands of 4 bytes or of 1, results of 4; for int8 the same memory is read as bytes. */
typedef enum { GEMM_FLOAT32, GEMM_INT8, GEMM_COUNT } Gemm;

typedef struct {
    float *a, *c; /* (rows, WIDEST) of one thread */
    const float
        *b[3]; /* weights of each shape, for LAYERS layers, shared: (in, out), int8 (out, in) */
} Buffers;

static void fill(float *x, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(splitmix64(seed + i) >> 40) * (1.0f / 16777216) - 0.5f;
}

/* One pass of a block through the layers; returns the multiply-adds twice. */
static double pass(const Buffers *buffers, Gemm gemm, int rows) {
    const int32_t no_offset = 0;
    double flops = 0;
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < 3; i++) {
            int in = shape[i][0], out = shape[i][1];
            size_t at = (size_t)layer * (size_t)in * (size_t)out;
            if (gemm == GEMM_FLOAT32)
                dnnl_sgemm('N', 'N', rows, out, in, 1.0f, buffers->a, in, buffers->b[i] + at, out,
                           0.0f, buffers->c, out);
            else
                dnnl_gemm_u8s8s32('N', 'T', 'F', rows, out, in, 1.0f, (const uint8_t *)buffers->a,
                                  in, 0, (const int8_t *)buffers->b[i] + at, in, 0, 0.0f,
                                  (int32_t *)buffers->c, out, &no_offset);
            flops += 2.0 * rows * in * out;
        }
    return flops;
}

static double rate(Gemm gemm, int rows, double seconds) {
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
        pass(&buffers, gemm, rows);
#pragma omp barrier
#pragma omp master
        start = bench_clock();
#pragma omp barrier
        while (bench_clock() - start < seconds) flops += pass(&buffers, gemm, rows);
#pragma omp barrier
#pragma omp master
        end = bench_clock();
    }
    free(memory);
    for (int i = 0; i < 3; i++) free(weights[i]);
    return flops / (end - start);
}

double bench_gemm_flops(int rows, double seconds) { return rate(GEMM_FLOAT32, rows, seconds); }

double bench_gemm_ops(int rows, double seconds) { return rate(GEMM_INT8, rows, seconds); }

static const int heights[] = {64, 128, 256, 512, 2048};
enum { HEIGHTS = sizeof heights / sizeof heights[0] };

static double ceiling(Gemm gemm, double seconds) {
    double best = 0;
    for (int i = 0; i < HEIGHTS; i++) {
        double flops = rate(gemm, heights[i], seconds / HEIGHTS);
        if (flops > best) best = flops;
    }
    return best;
}

double bench_gemm_ceiling(double seconds) { return ceiling(GEMM_FLOAT32, seconds); }

double bench_gemm_int8_ceiling(double seconds) { return ceiling(GEMM_INT8, seconds); }

Status bench_gemm(const BenchOptions *o) {
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        for (int i = 0; i < HEIGHTS; i++) {
            double flops[16];
            char name[64];
            for (int k = 0; k < o->repeats; k++)
                flops[k] = rate((Gemm)gemm, heights[i], o->seconds / 4);
            snprintf(name, sizeof name, "gemm %s, blocks of %d rows",
                     gemm == GEMM_INT8 ? "int8" : "float32", heights[i]);
            bench_report(o, name, bench_median(flops, o->repeats) / 1e9,
                         gemm == GEMM_INT8 ? "GOP/s" : "GFLOP/s", 0, NULL);
        }
    return STATUS_OK;
}
