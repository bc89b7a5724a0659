/* bench/ceiling.c - the ceilings of the device at hand, and those of a CPU. */
#include "ceiling.h"

#include <omp.h>
#include <stdlib.h>

#include "peak.h"

const char *ceiling_gemm_name(const BenchOptions *o, Precision precision) {
    if (bench_is_cpu(o)) return precision == PRECISION_INT8 ? "int8 peak" : "float32 peak";
    if (precision == PRECISION_INT8) return "bf16 GEMM";
    static const char *const names[PRECISION_COUNT] = {"float32 GEMM", "bf16 GEMM", "int8 GEMM"};
    return names[precision];
}

/* Every thread its own part of two blocks that no cache holds. */
static Status copy_cpu(double seconds, double *bytes) {
    enum { BLOCK = 1 << 28, FILL = 37 };
    char *from = malloc(BLOCK), *to = malloc(BLOCK);
    Status status = from && to ? STATUS_OK : STATUS_MEMORY;
    double copied = 0, start = 0, end = 0;
    if (status == STATUS_OK) {
        memset(from, FILL, BLOCK);
        memset(to, FILL, BLOCK);
#pragma omp parallel reduction(+ : copied)
        {
            size_t part = BLOCK / (size_t)omp_get_num_threads();
            size_t at = part * (size_t)omp_get_thread_num();
            memcpy(to + at, from + at, part);
#pragma omp barrier
#pragma omp master
            start = bench_clock();
#pragma omp barrier
            for (; bench_clock() - start < seconds; copied += 2.0 * (double)part)
                memcpy(to + at, from + at, part);
#pragma omp barrier
#pragma omp master
            end = bench_clock();
        }
        *bytes = copied / (end - start);
        if (to[BLOCK / 2] != FILL) status = STATUS_DEVICE; /* read, so that it is not left out */
    }
    free(to);
    free(from);
    return status;
}

Status ceiling_gemm(const BenchOptions *o, Precision precision, double seconds, double *flops) {
    *flops = 0;
#ifdef BLOB_CUDA
    if (!bench_is_cpu(o)) return ceiling_gemm_cuda(precision, seconds, flops);
#endif
    (void)o;
    *flops = precision == PRECISION_INT8 ? peak_int8(seconds) : peak_float32(seconds);
    return STATUS_OK;
}

Status ceiling_copy(const BenchOptions *o, double seconds, double *bytes) {
    *bytes = 0;
#ifdef BLOB_CUDA
    if (!bench_is_cpu(o)) return ceiling_copy_cuda(seconds, bytes);
#endif
    (void)o;
    return copy_cpu(seconds, bytes);
}

Status bench_copy(const BenchOptions *o) {
    double rate[BENCH_REPEATS_MAX], flops[BENCH_REPEATS_MAX];
    for (int k = 0; k < o->repeats; k++) TRY(ceiling_copy(o, o->seconds, &rate[k]));
    bench_report(o, "copy, bytes read and written", bench_median(rate, o->repeats) / 1e9, "GB/s", 0,
                 NULL);
    if (bench_is_cpu(o)) return STATUS_OK; /* its GEMM has a bench of its own */
    for (int p = PRECISION_FLOAT32; p <= PRECISION_BF16; p++) {
        for (int k = 0; k < o->repeats; k++)
            TRY(ceiling_gemm(o, (Precision)p, o->seconds, &flops[k]));
        bench_report(o, ceiling_gemm_name(o, (Precision)p), bench_median(flops, o->repeats) / 1e12,
                     "TFLOP/s", 0, NULL);
    }
    return STATUS_OK;
}
