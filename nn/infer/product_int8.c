/* nn/infer/product_int8.c - the kernels of the int8 product, and the choice among them.
 *
 * A tile's integers are registers for one block of inputs; its floats stay in L1 from the first
 * block to the last, so that scaling costs little. oneDNN's integer product is as fast without it
 * and would need another pass over its results. */
#include "product_int8.h"

#include "nn/ops/int8.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROWS = PRODUCT_ROWS };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")

/* --- portable C ------------------------------------------------------------ */

/* acc (64) of one row from n inputs. */
INLINE void block_plain(const int8_t *q, const int8_t *w, int n, int32_t acc[PACK_PANEL]) {
    memset(acc, 0, sizeof(int32_t) * PACK_PANEL);
    for (int i = 0; i < n; i += 4)
        for (int o = 0; o < PACK_PANEL; o++)
            for (int j = 0; j < 4; j++) acc[o] += q[i + j] * w[i * PACK_PANEL + 4 * o + j];
}

static void row_plain(const ProductArgs *a, int row, int column) {
    const Linear *l = a->l;
    const int blocks = int8_blocks(l->in), in4 = (l->in + 3) / 4 * 4, output = a->first + column;
    const int8_t *q = a->q + (int64_t)row * a->q_stride;
    const int8_t *w = (const int8_t *)l->weight + (int64_t)output * in4;
    float sum[PACK_PANEL] = {0}, *y = a->y + (int64_t)row * a->y_stride + column;
    for (int k = 0; k < blocks; k++) {
        int32_t acc[PACK_PANEL];
        const int at = k * INT8_BLOCK, n = in4 - at < INT8_BLOCK ? in4 - at : INT8_BLOCK;
        block_plain(q + at, w + (int64_t)at * PACK_PANEL, n, acc);
        for (int o = 0; o < PACK_PANEL; o++)
            sum[o] = int8_add(sum[o], acc[o], a->scale[(int64_t)row * blocks + k]);
    }
    for (int o = 0; o < PACK_PANEL && column + o < a->count; o++)
        y[o] = int8_output(sum[o], l->scale[output + o]);
}

static void product_plain(const ProductArgs *a) {
    for (int column = 0; column < a->count; column += PACK_PANEL)
        for (int row = 0; row < a->rows; row++) row_plain(a, row, column);
}

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
#define SPREAD(word)        _mm512_set1_epi32(word)
#define MULTIPLY(sum, x, w) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w))
#define CONVERT(sum)        _mm512_cvtepi32_ps(sum)
#define SET(s)              _mm512_set1_ps(s)
#define MUL(x, y)           _mm512_mul_ps(x, y)
#define ADD(x, y)           _mm512_add_ps(x, y)
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
#define ROW(a)              (a)->wide
#define START(offset)       _mm256_setzero_si256()
#define LOAD(p)             _mm256_loadu_si256((const __m256i *)(p))
#define SPREAD(word)        _mm256_set1_epi32(word)
#define MULTIPLY(sum, x, w) __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(_mm256_madd_epi16(x, w)))
#define CONVERT(sum)        _mm256_cvtepi32_ps(sum)
#define SET(s)              _mm256_set1_ps(s)
#define MUL(x, y)           _mm256_mul_ps(x, y)
#define ADD(x, y)           _mm256_add_ps(x, y)
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
#define SPREAD(word)        vdupq_n_s32(word)
#define MULTIPLY(sum, x, w) sum = vdotq_s32(sum, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x))
#define CONVERT(sum)        vcvtq_f32_s32(sum)
#define SET(s)              vdupq_n_f32(s)
#define MUL(x, y)           vmulq_f32(x, y)
#define ADD(x, y)           vaddq_f32(x, y)
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
    return kernel == PRODUCT_AVX2 ? PACK_PAIRS : PACK_PANELS;
}

void product_row(ProductKernel kernel, int8_t *q, int16_t *wide, int n) {
    if (kernel == PRODUCT_VNNI)
        for (int i = 0; i < n; i++) q[i] = (int8_t)(q[i] ^ -128);
    if (kernel == PRODUCT_AVX2)
        for (int i = 0; i < n; i++) wide[i] = q[i];
}

void product_int8(ProductKernel kernel, const ProductArgs *a) {
    switch (kernel) {
#if defined(__x86_64__)
    case PRODUCT_VNNI: product_vnni(a); return;
    case PRODUCT_AVX2: product_avx2(a); return;
#elif defined(__aarch64__)
    case PRODUCT_DOT: product_dot(a); return;
#endif
    default: product_plain(a); return;
    }
}
