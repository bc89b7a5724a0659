/* nn/ops/product_float32.c - the kernels of the float32 product, and the choice among them. */
#include "product_float32.h"

#include "panel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* DEPTH terms of a panel, 16 KiB, stay in L1 while up to HEIGHT rows pass, which stay in L2.
 * Prefetching the next panel made it slower. 6 rows of 64 columns are faster than 14 of 32, whose
 * rows of a, 4 KiB apart, share one set of L1. */
enum { ROWS = 6, DEPTH = 256, HEIGHT = 16 * ROWS };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")

/* --- portable C ------------------------------------------------------------ */

#define NAME(x) x##_plain
#define TARGET
#define Vector         Panel
#define LANES          16
#define SUMS           8
#define ZERO()         panel_spread(0)
#define SPREAD(x)      panel_spread(x)
#define LOAD(p)        panel_load(p)
#define STORE(p, v)    memcpy(p, (v).lane, sizeof(v).lane)
#define FMA(x, y, sum) panel_fma(x, y, sum)
#define WIDE_1         1
#define WIDE_3         1
#define WIDE_6         1
#include "product_float32_tile.h"

/* For processors without FMA, where each fmaf is a call, and for comparison. */
ISA_EACH static void product_portable(const ProductFloat32Args *args) { product_plain(args); }

#if defined(__x86_64__)
/* --- AVX2: 16 registers ---------------------------------------------------- */
#define NAME(x)        x##_avx2
#define TARGET         __attribute__((target("avx2,fma")))
#define Vector         __m256
#define LANES          8
#define SUMS           12
#define ZERO()         _mm256_setzero_ps()
#define SPREAD(x)      _mm256_set1_ps(x)
#define LOAD(p)        _mm256_loadu_ps(p)
#define STORE(p, v)    _mm256_storeu_ps(p, v)
#define FMA(x, y, sum) _mm256_fmadd_ps(x, y, sum)
#define WIDE_1         4
#define WIDE_3         2
#define WIDE_6         1
#include "product_float32_tile.h"

/* --- AVX-512: 32 registers ------------------------------------------------- */
#define NAME(x)        x##_avx512
#define TARGET         __attribute__((target("avx512f,avx512bw")))
#define Vector         __m512
#define LANES          16
#define SUMS           24
#define ZERO()         _mm512_setzero_ps()
#define SPREAD(x)      _mm512_set1_ps(x)
#define LOAD(p)        _mm512_loadu_ps(p)
#define STORE(p, v)    _mm512_storeu_ps(p, v)
#define FMA(x, y, sum) _mm512_fmadd_ps(x, y, sum)
#define WIDE_1         8
#define WIDE_3         4
#define WIDE_6         4
#include "product_float32_tile.h"

#elif defined(__aarch64__)
/* --- NEON: 32 registers ---------------------------------------------------- */
#define NAME(x) x##_neon
#define TARGET
#define Vector         float32x4_t
#define LANES          4
#define SUMS           24
#define ZERO()         vdupq_n_f32(0)
#define SPREAD(x)      vdupq_n_f32(x)
#define LOAD(p)        vld1q_f32(p)
#define STORE(p, v)    vst1q_f32(p, v)
#define FMA(x, y, sum) vfmaq_f32(sum, x, y)
#define WIDE_1         4
#define WIDE_3         2
#define WIDE_6         1
#include "product_float32_tile.h"
#endif

static void product(Isa isa, const ProductFloat32Args *args) {
    switch (isa) {
#if defined(__x86_64__)
    case ISA_AVX512: product_avx512(args); return;
    case ISA_AVX2: product_avx2(args); return;
#elif defined(__aarch64__)
    case ISA_NEON: product_neon(args); return;
#endif
    default: product_portable(args); return;
    }
}

void product_float32(Isa isa, const ProductFloat32Args *args) {
    for (int m = 0; m < args->m; m += HEIGHT) {
        ProductFloat32Args part = *args;
        part.m = args->m - m < HEIGHT ? args->m - m : HEIGHT;
        part.a = args->a + m * args->a_row;
        part.c = args->c + m * args->c_row;
        product(isa, &part);
    }
}

/* --- b in rows ------------------------------------------------------------- */

enum { GROUP = 4 * PRODUCT_PANEL }; /* columns copied at a time: 64 KiB */

/* b (depth, n) with b_row floats a row, to panels. */
static void pack(const float *b, int64_t b_row, int depth, int n, float *panels) {
    for (int first = 0; first < n; first += PRODUCT_PANEL) {
        const int width = n - first < PRODUCT_PANEL ? n - first : PRODUCT_PANEL;
        float *to = panels + product_panel_at(depth, n, 0, first);
        for (int k = 0; k < depth; k++)
            if (width == PRODUCT_PANEL)
                memcpy(to + k * PRODUCT_PANEL, b + k * b_row + first, PRODUCT_PANEL * sizeof *b);
            else
                memcpy(to + k * width, b + k * b_row + first, (size_t)width * sizeof *b);
    }
}

void product_float32_rows(Isa isa, const ProductFloat32Args *args, const float *b, int64_t b_row) {
    float panels[DEPTH * GROUP + PRODUCT_SLACK];
    if (args->k == 0) product_float32(isa, args);
    for (int n = 0; n < args->n; n += GROUP)
        for (int k = 0; k < args->k; k += DEPTH) {
            ProductFloat32Args part = *args;
            part.n = part.count = args->n - n < GROUP ? args->n - n : GROUP;
            part.k = args->k - k < DEPTH ? args->k - k : DEPTH;
            part.first = 0;
            part.a = args->a + k * args->a_k;
            part.b = panels;
            part.c = args->c + n;
            part.add = args->add || k > 0;
            pack(b + k * b_row + n, b_row, part.k, part.n, panels);
            product_float32(isa, &part);
        }
}
