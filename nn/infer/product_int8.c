/* nn/infer/product_int8.c - the kernels of the int8 product, and the choice among them.
 *
 * A tile's integers are registers for one block of inputs; its floats stay in L1 from the first
 * block to the last, so that scaling costs little. oneDNN's integer product is as fast without it
 * and would need another pass over its results. */
#include "product_int8.h"

#include "nn/ops/int8.h"
#include "nn/ops/panel.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROWS = PRODUCT_ROWS };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")

/* Numbers of q that lie in 32 bits. */
INLINE int32_t word_at(const void *q) {
    int32_t word;
    memcpy(&word, q, sizeof word);
    return word;
}

/* --- portable C ------------------------------------------------------------ */

/* Sums of a block are below 2^24: floats hold them exactly, and compilers make vectors of floats on
 * every processor. */
#define NAME(x) x##_plain
#define TARGET
#define Ints                Panel
#define Floats              Panel
#define LANES               16
#define VECTORS             1
#define Number              float
#define STEP                1
#define PANEL               PRODUCT_PANEL
#define ROW(a)              (const float *)(a)->wide
#define START(offset)       panel_spread(0)
#define LOAD(p)             panel_load(p)
#define SPREAD(p)           panel_spread(*(p))
#define MULTIPLY(sum, x, w) sum = panel_mul_add(x, w, sum)
#define CONVERT(sum)        (sum)
#define SET(s)              panel_spread(s)
#define MUL_ADD(x, y, sum)  panel_mul_add(x, y, sum)
#define STORE(p, v)         memcpy(p, (v).lane, sizeof(v).lane)
#include "product_int8_tile.h"

ISA_EACH static void product_portable(const ProductArgs *args) { product_plain(args); }

#if defined(__x86_64__)
/* --- AVX-512 VNNI ---------------------------------------------------------- */

/* The instruction multiplies unsigned by signed: with its highest bit flipped, an input is 128
 * more, and sums begin at the offset that subtracts it again. Written as assembly, since gcc 12
 * copies the sums of the intrinsic back and forth, at half the speed. */
#define NAME(x)             x##_vnni
#define TARGET              __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define Ints                __m512i
#define Floats              __m512
#define LANES               16
#define VECTORS             4
#define Number              int8_t
#define STEP                4
#define PANEL               PACK_PANEL
#define ROW(a)              (a)->q
#define START(offset)       _mm512_loadu_si512(offset)
#define LOAD(p)             _mm512_loadu_si512(p)
#define SPREAD(p)           _mm512_set1_epi32(word_at(p))
#define MULTIPLY(sum, x, w) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w))
#define CONVERT(sum)        _mm512_cvtepi32_ps(sum)
#define SET(s)              _mm512_set1_ps(s)
#define MUL_ADD(x, y, sum)  _mm512_add_ps(sum, _mm512_mul_ps(x, y))
#define STORE(p, v)         _mm512_storeu_ps(p, v)
#include "product_int8_tile.h"

/* --- AVX2: pairs of 16 bits ------------------------------------------------ */

/* The other way, |q| and weights of q's sign by vpmaddubsw, keeps weights of 8 bits, but makes 58
 * to 70 multiply-adds a ns where this makes 82 to 92, and float32's FMA 56. */
#define NAME(x)             x##_avx2
#define TARGET              __attribute__((target("avx2,fma")))
#define Ints                __m256i
#define Floats              __m256
#define LANES               8
#define VECTORS             2
#define Number              int16_t
#define STEP                2
#define PANEL               PRODUCT_PANEL
#define ROW(a)              (const int16_t *)(a)->wide
#define START(offset)       _mm256_setzero_si256()
#define LOAD(p)             _mm256_loadu_si256((const __m256i *)(p))
#define SPREAD(p)           _mm256_set1_epi32(word_at(p))
#define MULTIPLY(sum, x, w) __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(_mm256_madd_epi16(x, w)))
#define CONVERT(sum)        _mm256_cvtepi32_ps(sum)
#define SET(s)              _mm256_set1_ps(s)
#define MUL_ADD(x, y, sum)  _mm256_add_ps(sum, _mm256_mul_ps(x, y))
#define STORE(p, v)         _mm256_storeu_ps(p, v)
#include "product_int8_tile.h"

#elif defined(__aarch64__)
/* --- NEON with dot products ------------------------------------------------ */
#define NAME(x)             x##_dot
#define TARGET              __attribute__((target("arch=armv8.2-a+dotprod")))
#define Ints                int32x4_t
#define Floats              float32x4_t
#define LANES               4
#define VECTORS             4
#define Number              int8_t
#define STEP                4
#define PANEL               PACK_PANEL
#define ROW(a)              (a)->q
#define START(offset)       vdupq_n_s32(0)
#define LOAD(p)             vreinterpretq_s32_s8(vld1q_s8(p))
#define SPREAD(p)           vdupq_n_s32(word_at(p))
#define MULTIPLY(sum, x, w) sum = vdotq_s32(sum, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x))
#define CONVERT(sum)        vcvtq_f32_s32(sum)
#define SET(s)              vdupq_n_f32(s)
#define MUL_ADD(x, y, sum)  vaddq_f32(sum, vmulq_f32(x, y))
#define STORE(p, v)         vst1q_f32(p, v)
#include "product_int8_tile.h"
#endif

bool product_has(ProductKernel kernel) {
#if defined(__x86_64__)
    if (kernel == PRODUCT_AVX2) return isa_has(ISA_AVX2);
    if (kernel == PRODUCT_VNNI) return isa_has(ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    if (kernel == PRODUCT_DOT) return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
    return kernel == PRODUCT_PLAIN;
}

ProductKernel product_best(Isa isa) {
    if (isa == ISA_AVX512 && product_has(PRODUCT_VNNI)) return PRODUCT_VNNI;
    if (isa == ISA_AVX512 || isa == ISA_AVX2) return PRODUCT_AVX2;
    return isa == ISA_NEON && product_has(PRODUCT_DOT) ? PRODUCT_DOT : PRODUCT_PLAIN;
}

const char *product_name(ProductKernel kernel) {
    static const char *const names[PRODUCT_KERNEL_COUNT] = {"plain loops", "NEON dot products",
                                                            "AVX2", "AVX-512 VNNI"};
    return names[kernel];
}

PackOrder product_order(ProductKernel kernel) {
    return kernel == PRODUCT_PLAIN  ? PACK_FLOATS
           : kernel == PRODUCT_AVX2 ? PACK_PAIRS
                                    : PACK_PANELS;
}

ISA_EACH void product_row(ProductKernel kernel, int8_t *q, void *wide, int r, int q_stride) {
    int8_t *from = q + (int64_t)r * q_stride;
    if (kernel == PRODUCT_VNNI)
        for (int i = 0; i < q_stride; i++) from[i] = (int8_t)(from[i] ^ -128);
    if (kernel == PRODUCT_AVX2) {
        int16_t *to = (int16_t *)wide + (int64_t)r * q_stride;
        for (int i = 0; i < q_stride; i++) to[i] = from[i];
    }
    if (kernel == PRODUCT_PLAIN) {
        float *to = (float *)wide + (int64_t)r * q_stride;
        for (int i = 0; i < q_stride; i++) to[i] = from[i];
    }
}

void product_int8(ProductKernel kernel, const ProductArgs *a) {
    switch (kernel) {
#if defined(__x86_64__)
    case PRODUCT_VNNI: product_vnni(a); return;
    case PRODUCT_AVX2: product_avx2(a); return;
#elif defined(__aarch64__)
    case PRODUCT_DOT: product_dot(a); return;
#endif
    default: product_portable(a); return;
    }
}
