/* bench/ceiling.h - the ceilings of the device, measured: plain GEMM and plain copies.
 *
 *   GEMM   cpu: multiply-adds on registers alone, in float32 or int8 (peak.h)
 *          cuda: one large cuBLASLt product in bf16, or in float32 without TF32 (ceiling_cuda.cu);
 *          int8, which exists for its bits and not for speed, is compared with bf16
 *   copy   memory to memory on the device, bytes read and bytes written added up */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include "bench.h"

/* FLOP/s, multiply-adds twice, measured for about `seconds`. 0: no such ceiling here. */
Status ceiling_gemm(const BenchOptions *o, Precision precision, double seconds, double *flops);

/* What was measured: "float32 GEMM", .. */
const char *ceiling_gemm_name(const BenchOptions *o, Precision precision);

/* Bytes/s, measured for about `seconds`. */
Status ceiling_copy(const BenchOptions *o, double seconds, double *bytes);

EXTERN_C_BEGIN
Status ceiling_gemm_cuda(Precision precision, double seconds, double *flops);
Status ceiling_copy_cuda(double seconds, double *bytes);
EXTERN_C_END

#endif
