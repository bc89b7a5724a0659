/* bench/peak.h - the CPU's ceilings: its fastest multiply-adds, on registers alone.
 *
 * All threads at once, each with 12 independent sums, so that neither latency nor memory counts; by
 * the vectors of isa_choose. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* FLOP/s, a multiply-add twice, measured for about `seconds`: fused multiply-adds of float32. */
double peak_float32(double seconds);

/* Operations/s, a multiply-add twice: sums of products of bytes in 32 bits, by VNNI, or by AVX2's
 * two instructions for pairs of 16 bits; 0: neither. */
double peak_int8(double seconds);

#endif
