/* bench/bench_gemm.c - the ceiling of the network on a CPU: plain oneDNN GEMM at its shapes. */
#include <dnnl.h>
#include <omp.h>
#include <stdlib.h>

#include "bench.h"

/* (K, N) of the three GEMMs of a layer; activations (rows, K) and (rows, N), weights (K, N). */
static const int shape[3][2] = {{256, 256}, {256, 1024}, {1024, 256}};

enum { LAYERS = 6, WIDEST = 1024 };

typedef struct {
    float *a, *c;      /* (rows, WIDEST) of one thread */
    const float *b[3]; /* (K, N) weights of each shape, for LAYERS layers, shared */
} Buffers;

static void fill(float *x, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(splitmix64(seed + i) >> 40) * (1.0f / 16777216) - 0.5f;
}

/* One pass of a block through the layers; returns the multiply-adds twice. */
static double pass(const Buffers *buffers, int rows) {
    double flops = 0;
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < 3; i++) {
            int K = shape[i][0], N = shape[i][1];
            dnnl_sgemm('N', 'N', rows, N, K, 1.0f, buffers->a, K,
                       buffers->b[i] + (size_t)layer * (size_t)K * (size_t)N, N, 0.0f, buffers->c,
                       N);
            flops += 2.0 * rows * K * N;
        }
    return flops;
}

double bench_gemm_flops(int rows, double seconds) {
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
        pass(&buffers, rows);
#pragma omp barrier
#pragma omp master
        start = bench_clock();
#pragma omp barrier
        while (bench_clock() - start < seconds) flops += pass(&buffers, rows);
#pragma omp barrier
#pragma omp master
        end = bench_clock();
    }
    free(memory);
    for (int i = 0; i < 3; i++) free(weights[i]);
    return flops / (end - start);
}

static const int heights[] = {64, 128, 256, 512, 2048};
enum { HEIGHTS = sizeof heights / sizeof heights[0] };

double bench_gemm_ceiling(double seconds) {
    double best = 0;
    for (int i = 0; i < HEIGHTS; i++) {
        double flops = bench_gemm_flops(heights[i], seconds / HEIGHTS);
        if (flops > best) best = flops;
    }
    return best;
}

Status bench_gemm(const BenchOptions *o) {
    for (int i = 0; i < HEIGHTS; i++) {
        double flops[16];
        char name[64];
        for (int k = 0; k < o->repeats; k++)
            flops[k] = bench_gemm_flops(heights[i], o->seconds / 4);
        snprintf(name, sizeof name, "gemm float32, blocks of %d rows", heights[i]);
        bench_report(o, name, bench_median(flops, o->repeats) / 1e9, "GFLOP/s", 0, NULL);
    }
    return STATUS_OK;
}
