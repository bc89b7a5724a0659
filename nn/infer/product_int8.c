/* nn/infer/product_int8.c - the int8 product in tiles of 6 rows and 64 outputs, or 16 with AVX2, one
 * block of inputs at a time.
 *
 * The sums of a tile stay in L1 from the first block to the last, so that scaling them back costs
 * little: 1,700 GOP/s including it on two cores, where oneDNN's integer product reaches 1,900
 * without it and would need another pass over its results. */
#include "product_int8.h"

#include "nn/ops/int8.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#define DOT __attribute__((target("arch=armv8.2-a+dotprod")))
#elif defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#endif

enum { MR = PRODUCT_ROWS, NR = PACK_PANEL };

/* acc (MR, NR) from n inputs, a multiple of 4: q (MR, q_stride), w (n / 4, NR, 4). offset (NR) is
 * -128 times the sum of an output's weights. */
typedef void TileFunction(const int8_t *q, int q_stride, const int8_t *w, const int32_t *offset,
                          int n, int32_t acc[MR][NR]);

static inline void tile_plain(const int8_t *q, int q_stride, const int8_t *w, const int32_t *offset,
                              int n, int32_t acc[MR][NR]) {
    (void)offset;
    memset(acc, 0, sizeof(int32_t) * MR * NR);
    for (int r = 0; r < MR; r++)
        for (int i = 0; i < n; i += 4)
            for (int o = 0; o < NR; o++)
                for (int j = 0; j < 4; j++)
                    acc[r][o] += q[r * q_stride + i + j] * w[(i * NR) + 4 * o + j];
}

/* Wherever this is inlined, the tile's kernel and the instruction set are compile-time
 * constants. */
static inline __attribute__((always_inline)) void panel(TileFunction *tile, const ProductArgs *a,
                                                        int row, int column) {
    const Linear *l = a->l;
    const int blocks = int8_blocks(l->in), in4 = (l->in + 3) / 4 * 4;
    const int8_t *q = a->q + (int64_t)row * a->q_stride;
    const float *scale = a->scale + (int64_t)row * blocks;
    const int8_t *w = (const int8_t *)l->weight + (int64_t)(a->first + column) * in4;
    float sum[MR][NR] = {{0}};
    for (int k = 0; k < blocks; k++) {
        int32_t acc[MR][NR];
        const int at = k * INT8_BLOCK, n = in4 - at < INT8_BLOCK ? in4 - at : INT8_BLOCK;
        const int32_t *offset = l->offset + (int64_t)k * linear_padded(l->out) + a->first + column;
        tile(q + at, a->q_stride, w + (int64_t)at * NR, offset, n, acc);
        for (int r = 0; r < MR; r++)
            for (int o = 0; o < NR; o++)
                sum[r][o] = int8_add(sum[r][o], acc[r][o], scale[r * blocks + k]);
    }
    const int n = a->count - column < NR ? a->count - column : NR;
    const float *out_scale = l->scale + a->first + column;
    float *y = a->y + (int64_t)row * a->y_stride + column;
    for (int r = 0; r < MR; r++)
        for (int o = 0; o < n; o++) y[r * a->y_stride + o] = int8_output(sum[r][o], out_scale[o]);
}

static inline __attribute__((always_inline)) void panels(TileFunction *tile, const ProductArgs *a) {
    for (int column = 0; column < a->count; column += NR)
        for (int row = 0; row < a->rows; row += MR) panel(tile, a, row, column);
}

static void panels_plain(const ProductArgs *a) { panels(tile_plain, a); }

#if defined(VNNI)
/* The instruction multiplies unsigned by signed: flipping their highest bit adds 128 to the
 * activations, and the sums begin at the offset that subtracts it again. Written as assembly, since
 * gcc 12 copies the accumulators of the intrinsic back and forth: 820 GOP/s. */
VNNI static inline void tile_vnni(const int8_t *q, int q_stride, const int8_t *w,
                                  const int32_t *offset, int n, int32_t acc[MR][NR]) {
    __m512i sum[MR][NR / 16], b[NR / 16];
    const __m512i flip = _mm512_set1_epi8((char)-128);
    for (int r = 0; r < MR; r++)
        for (int j = 0; j < NR / 16; j++) sum[r][j] = _mm512_loadu_si512(offset + 16 * j);
    for (int i = 0; i < n; i += 4) {
        for (int j = 0; j < NR / 16; j++) b[j] = _mm512_loadu_si512(w + i * NR + 64 * j);
        for (int r = 0; r < MR; r++) {
            int32_t four;
            memcpy(&four, q + r * q_stride + i, 4);
            __m512i a = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
            for (int j = 0; j < NR / 16; j++)
                __asm__("vpdpbusd %2, %1, %0" : "+v"(sum[r][j]) : "v"(a), "v"(b[j]));
        }
    }
    for (int r = 0; r < MR; r++)
        for (int j = 0; j < NR / 16; j++) _mm512_storeu_si512(&acc[r][16 * j], sum[r][j]);
}

VNNI static void panels_vnni(const ProductArgs *a) { panels(tile_vnni, a); }

/* --- AVX2: pairs of 16 bits ------------------------------------------------ */

/* The other way, |q| and weights of q's sign by vpmaddubsw, keeps weights of 8 bits, but takes twice
 * the instructions: 70 multiply-adds a ns where this makes 92, and float32's FMA 56. */
enum { PAIR_COLUMNS = 16, PAIR_VECTORS = 2 };
typedef struct {
    __m256 lane[MR][PAIR_VECTORS];
} PairSums;

/* Adds block k, n inputs from `at` on, to the sums of `rows` rows, a constant where it is inlined.
 * vpaddd as assembly, since gcc 12 copies the sums of its intrinsic. */
AVX2 static inline __attribute__((always_inline)) void tile_pairs(const int rows,
                                                                  const ProductArgs *a, int row,
                                                                  const int16_t *w, int k, int n,
                                                                  PairSums *sums) {
    const int blocks = int8_blocks(a->l->in);
    const int16_t *q = a->wide + (int64_t)row * a->q_stride + k * INT8_BLOCK;
    __m256i acc[MR][PAIR_VECTORS];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) acc[r][0] = acc[r][1] = _mm256_setzero_si256();
    for (int i = 0; i < n; i += 2) {
        const int16_t *pair = w + i * PAIR_COLUMNS;
        const __m256i w0 = _mm256_loadu_si256((const __m256i *)pair);
        const __m256i w1 = _mm256_loadu_si256((const __m256i *)(pair + PAIR_COLUMNS));
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            int32_t two;
            memcpy(&two, q + (int64_t)r * a->q_stride + i, sizeof two);
            const __m256i x = _mm256_set1_epi32(two);
            __asm__("vpaddd %1, %0, %0" : "+x"(acc[r][0]) : "x"(_mm256_madd_epi16(x, w0)));
            __asm__("vpaddd %1, %0, %0" : "+x"(acc[r][1]) : "x"(_mm256_madd_epi16(x, w1)));
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        const __m256 scale = _mm256_set1_ps(a->scale[(int64_t)(row + r) * blocks + k]);
        for (int j = 0; j < PAIR_VECTORS; j++) {
            const __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(acc[r][j]), scale);
            sums->lane[r][j] = _mm256_add_ps(sums->lane[r][j], product);
        }
    }
}

#define PAIRS_OF(rows_) \
    case rows_: tile_pairs(rows_, a, row, from, k, n, &sums); break

/* Outputs first + column .. of rows row .. row + rows - 1. */
AVX2 static void panel_pairs(const ProductArgs *a, int row, int rows, int column) {
    const int in4 = (a->l->in + 3) / 4 * 4, blocks = int8_blocks(a->l->in);
    const int16_t *w = (const int16_t *)a->l->weight + (int64_t)(a->first + column) * in4;
    const int count = a->count - column < PAIR_COLUMNS ? a->count - column : PAIR_COLUMNS;
    const float *out_scale = a->l->scale + a->first + column;
    PairSums sums;
    float y[PAIR_COLUMNS];
    memset(&sums, 0, sizeof sums);
    for (int k = 0; k < blocks; k++) {
        const int at = k * INT8_BLOCK, n = in4 - at < INT8_BLOCK ? in4 - at : INT8_BLOCK;
        const int16_t *from = w + (int64_t)at * PAIR_COLUMNS;
        switch (rows) {
            PAIRS_OF(1);
            PAIRS_OF(2);
            PAIRS_OF(3);
            PAIRS_OF(4);
            PAIRS_OF(5);
            PAIRS_OF(6);
        }
    }
    for (int r = 0; r < rows; r++) {
        memcpy(y, sums.lane[r], sizeof y);
        float *to = a->y + (int64_t)(row + r) * a->y_stride + column;
        for (int o = 0; o < count; o++) to[o] = int8_output(y[o], out_scale[o]);
    }
}

AVX2 static void panels_avx2(const ProductArgs *a) {
    for (int column = 0; column < a->count; column += PAIR_COLUMNS)
        for (int row = 0; row < a->rows; row += MR)
            panel_pairs(a, row, a->rows - row < MR ? a->rows - row : MR, column);
}
#endif

#if defined(DOT)
/* Four times 16 outputs: 24 sums, 4 vectors of weights and one of inputs in 32 registers. */
DOT static inline void tile_dot(const int8_t *q, int q_stride, const int8_t *w,
                                const int32_t *offset, int n, int32_t acc[MR][NR]) {
    (void)offset;
    for (int first = 0; first < NR; first += 16) {
        int32x4_t sum[MR][4];
        for (int r = 0; r < MR; r++)
            for (int j = 0; j < 4; j++) sum[r][j] = vdupq_n_s32(0);
        for (int i = 0; i < n; i += 4) {
            int8x16_t b[4];
            for (int j = 0; j < 4; j++) b[j] = vld1q_s8(w + i * NR + 4 * (first + 4 * j));
            for (int r = 0; r < MR; r++) {
                int32_t four;
                memcpy(&four, q + r * q_stride + i, sizeof four);
                const int8x16_t a = vreinterpretq_s8_s32(vdupq_n_s32(four));
                for (int j = 0; j < 4; j++) sum[r][j] = vdotq_s32(sum[r][j], b[j], a);
            }
        }
        for (int r = 0; r < MR; r++)
            for (int j = 0; j < 4; j++) vst1q_s32(&acc[r][first + 4 * j], sum[r][j]);
    }
}

DOT static void panels_dot(const ProductArgs *a) { panels(tile_dot, a); }
#endif

bool product_has(ProductKernel kernel) {
#if defined(DOT)
    if (kernel == PRODUCT_DOT) return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(VNNI)
    if (kernel == PRODUCT_AVX2) return isa_has(ISA_AVX2);
    if (kernel == PRODUCT_VNNI) return isa_has(ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
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

void product_int8(ProductKernel kernel, const ProductArgs *a) {
    switch (kernel) {
#if defined(DOT)
    case PRODUCT_DOT: panels_dot(a); return;
#elif defined(VNNI)
    case PRODUCT_VNNI: panels_vnni(a); return;
    case PRODUCT_AVX2: panels_avx2(a); return;
#endif
    default: panels_plain(a); return;
    }
}
