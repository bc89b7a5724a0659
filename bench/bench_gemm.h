/* bench/bench_gemm.h - the ceiling of the int8 network on a CPU; bench.h has that of float32. */
#ifndef BENCH_BENCH_GEMM_H
#define BENCH_BENCH_GEMM_H

/* Operations/s (multiply-adds twice) of plain int8 GEMM on all threads: oneDNN's unsigned by signed
 * product over the whole depth, its fastest, without any scale. Shapes, proportions and blocks are
 * those of bench_gemm_flops. */
double bench_gemm_ops(int rows, double seconds);

/* The best of a few block heights. */
double bench_gemm_int8_ceiling(double seconds);

#endif
