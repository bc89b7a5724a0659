/* bench/bench_gemm.h - products alone, at the shapes of the network's layers in their proportions,
 * on all threads, each with rows of its own. */
#ifndef BENCH_BENCH_GEMM_H
#define BENCH_BENCH_GEMM_H

typedef enum {
    GEMM_OURS,    /* nn/ops/product_float32.h, float32 */
    GEMM_LIBRARY, /* oneDNN's, float32 */
    GEMM_INT8,    /* oneDNN's unsigned by signed bytes over the whole depth, without scales */
    GEMM_COUNT
} Gemm;

/* Operations/s, a multiply-add twice, with blocks of `rows` rows, for about `seconds`. 0: built
 * without oneDNN, or no memory. */
double bench_gemm_rate(Gemm gemm, int rows, double seconds);

#endif
