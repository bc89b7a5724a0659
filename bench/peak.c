/* bench/peak.c - loops of nothing but multiply-adds. */
#include "peak.h"

#include <stdint.h>

#include "device/core/isa.h"
#include "bench.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { SUMS = 12, TURNS = 20000 };

/* A call makes TURNS * SUMS multiply-adds of vectors and returns something that depends on all. */
typedef struct {
    float (*run)(void);
    int multiply_adds; /* of one vector */
} Peak;

#define UNROLL _Pragma("GCC unroll 16")

/* sum[i] goes from START(i) through STEP(sum[i]); FIRST: a number of a vector. */
#define LOOP(name, target, Vector, START, STEP, FIRST)                     \
    target static float name(void) {                                       \
        Vector sum[SUMS];                                                  \
        Vector product = START(0);                                         \
        float out = 0;                                                     \
        (void)product;                                                     \
        UNROLL for (int i = 0; i < SUMS; i++) sum[i] = START(i);           \
        for (int t = 0; t < TURNS; t++) {                                  \
            UNROLL for (int i = 0; i < SUMS; i++) STEP(sum[i]);            \
        }                                                                  \
        UNROLL for (int i = 0; i < SUMS; i++) out += (float)FIRST(sum[i]); \
        return out;                                                        \
    }

#if defined(__x86_64__)
#define AVX2       __attribute__((target("avx2,fma")))
#define AVX512     __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define START_2(i) _mm256_set1_ps((float)(i))
#define STEP_2(s)  s = _mm256_fmadd_ps(s, _mm256_set1_ps(.999f), _mm256_set1_ps(.001f))
#define START_5(i) _mm512_set1_ps((float)(i))
#define STEP_5(s)  s = _mm512_fmadd_ps(s, _mm512_set1_ps(.999f), _mm512_set1_ps(.001f))
#define PAIRS_2(i) _mm256_set1_epi32(i)
#define MADD_2(s)                                      \
    __asm__("vpmaddwd %2, %2, %1\n\tvpaddd %1, %0, %0" \
            : "+x"(s), "=&x"(product)                  \
            : "x"(_mm256_set1_epi16(3)))
#define BYTES_5(i) _mm512_set1_epi32(i)
#define DOT_5(s)   __asm__("vpdpbusd %1, %1, %0" : "+v"(s) : "v"(_mm512_set1_epi8(3)))
#define FIRST_2(s) _mm_cvtsi128_si32(_mm256_castsi256_si128(s))
#define FIRST_5(s) _mm_cvtsi128_si32(_mm512_castsi512_si128(s))
LOOP(float_avx2, AVX2, __m256, START_2, STEP_2, _mm256_cvtss_f32)
LOOP(float_avx512, AVX512, __m512, START_5, STEP_5, _mm512_cvtss_f32)
LOOP(pairs_avx2, AVX2, __m256i, PAIRS_2, MADD_2, FIRST_2)
LOOP(bytes_vnni, AVX512, __m512i, BYTES_5, DOT_5, FIRST_5)
#elif defined(__aarch64__)
#define START_N(i) vdupq_n_f32((float)(i))
#define STEP_N(s)  s = vfmaq_f32(vdupq_n_f32(.001f), s, vdupq_n_f32(.999f))
#define FIRST_N(s) vgetq_lane_f32(s, 0)
LOOP(float_neon, , float32x4_t, START_N, STEP_N, FIRST_N)
#endif

static _Thread_local volatile float sink; /* what a loop computes is not left out */

static Peak best_float32(Isa isa) {
#if defined(__x86_64__)
    if (isa == ISA_AVX512) return (Peak){float_avx512, 16};
    if (isa == ISA_AVX2) return (Peak){float_avx2, 8};
#elif defined(__aarch64__)
    if (isa == ISA_NEON) return (Peak){float_neon, 4};
#endif
    (void)isa;
    return (Peak){NULL, 0};
}

static Peak best_int8(Isa isa) {
#if defined(__x86_64__)
    if (isa == ISA_AVX512 && __builtin_cpu_supports("avx512vnni")) return (Peak){bytes_vnni, 64};
    if (isa == ISA_AVX512 || isa == ISA_AVX2) return (Peak){pairs_avx2, 16};
#endif
    (void)isa;
    return (Peak){NULL, 0};
}

static double rate(Peak peak, double seconds) {
    double calls = 0, start = 0, end = 0;
    if (!peak.run) return 0;
#pragma omp parallel reduction(+ : calls)
    {
        sink = peak.run();
#pragma omp barrier
#pragma omp master
        start = bench_clock();
#pragma omp barrier
        for (; bench_clock() - start < seconds; calls++) sink = peak.run();
#pragma omp barrier
#pragma omp master
        end = bench_clock();
    }
    return calls * TURNS * SUMS * 2 * peak.multiply_adds / (end - start);
}

double peak_float32(double seconds) {
    Isa isa;
    return isa_choose(&isa) == STATUS_OK ? rate(best_float32(isa), seconds) : 0;
}

double peak_int8(double seconds) {
    Isa isa;
    return isa_choose(&isa) == STATUS_OK ? rate(best_int8(isa), seconds) : 0;
}
