/* tests/nn/test_product_float32.c - the float32 product of every instruction set that this machine
 * has, against a loop over fmaf, to the bit. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "device/core/rng.h"
#include "nn/ops/product_float32.h"
#include "tests/support/check.h"

enum { MOST = 70, STRIDE = MOST + 3 };

static float *floats(size_t n) {
    float *x = (float *)malloc(n * sizeof *x);
    if (!x) abort();
    return x;
}

/* Numbers of many sizes, so that every other order of a chain, and every rounding between product
 * and sum, shows. */
static void fill(float *x, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t u = splitmix64(seed * 1000003 + i);
        x[i] = ldexpf((float)(int32_t)(u >> 32) / 2147483648.0f, (int)(u & 15) - 8);
    }
}

static void panels_of(const float *b, int64_t b_row, int K, int N, float *panels) {
    for (int k = 0; k < K; k++)
        for (int n = 0; n < N; n++) panels[product_panel_at(K, N, k, n)] = b[k * b_row + n];
    for (int i = 0; i < PRODUCT_SLACK; i++) panels[K * N + i] = NAN; /* must not matter */
}

/* c (M, N) must hold `want`, and all else of its rows the byte 0x55. */
static bool holds(const float *c, const float *want, int M, int N) {
    for (int m = 0; m <= M && m < MOST; m++)
        for (int n = 0; n < STRIDE; n++) {
            const bool inside = m < M && n < N;
            uint32_t bits, wanted = 0x55555555u;
            memcpy(&bits, &c[m * STRIDE + n], sizeof bits);
            if (inside) memcpy(&wanted, &want[m * MOST + n], sizeof wanted);
            if (bits != wanted) return false;
        }
    return true;
}

/* Every M, N of `step`, 2 step, .. and 1, for one K; `want` is what K terms of each chain give. */
static void sizes_agree(Isa isa, const float *a, const float *b, const float *want, int K,
                        int step) {
    static float panels[MOST * MOST + PRODUCT_SLACK], c[MOST * STRIDE];
    for (int N = 1; N <= MOST; N += N == 1 && step > 1 ? step - 1 : step) {
        panels_of(b, MOST, K, N, panels);
        for (int M = 1; M <= MOST; M += M == 1 && step > 1 ? step - 1 : step) {
            ProductFloat32Args args = {.a = a,
                                       .b = panels,
                                       .c = c,
                                       .a_row = MOST,
                                       .a_k = 1,
                                       .c_row = STRIDE,
                                       .m = M,
                                       .n = N,
                                       .k = K,
                                       .count = N};
            memset(c, 0x55, sizeof c);
            product_float32(isa, &args);
            CHECK(holds(c, want, M, N));
            if (checks_failed) {
                fprintf(stderr, "%s: %d x %d x %d\n", isa_name(isa), M, N, K);
                return;
            }
        }
    }
}

static void every_small_size_is_the_chain(Isa isa, int step) {
    static float a[MOST * MOST], b[MOST * MOST], want[MOST * MOST];
    fill(a, MOST * MOST, 1);
    fill(b, MOST * MOST, 2);
    memset(want, 0, sizeof want);
    for (int K = 1; K <= MOST && !checks_failed; K++) {
        for (int m = 0; m < MOST; m++)
            for (int n = 0; n < MOST; n++)
                want[m * MOST + n] = fmaf(a[m * MOST + K - 1], b[(K - 1) * MOST + n],
                                          want[m * MOST + n]);
        if (K % step == 0 || K == 1) sizes_agree(isa, a, b, want, K, step);
    }
}

/* A product with everything at once: M x N x K, a as it is or transposed, b in panels, in panels
 * by parts of the columns, or in rows; from 0 or from what c holds. */
typedef enum { IN_PANELS, IN_PARTS, IN_ROWS, LAYOUT_COUNT } Layout;

static void large_product_is_the_chain(Isa isa, int M, int N, int K, bool transposed, Layout layout,
                                       bool add) {
    float *a = floats((size_t)(M * K)), *b = floats((size_t)(N * K));
    float *panels = floats((size_t)(N * K) + PRODUCT_SLACK);
    const int row = N + 5;
    float *c = floats((size_t)(M * row)), *want = floats((size_t)(M * row));
    fill(a, (size_t)(M * K), 3), fill(b, (size_t)(N * K), 4), fill(c, (size_t)(M * row), 5);
    memcpy(want, c, (size_t)(M * row) * sizeof *c);
    panels_of(b, N, K, N, panels);
    ProductFloat32Args args = {.a = a,
                               .b = layout == IN_ROWS ? NULL : panels,
                               .c = c,
                               .a_row = transposed ? 1 : K,
                               .a_k = transposed ? M : 1,
                               .c_row = row,
                               .m = M,
                               .n = N,
                               .k = K,
                               .count = N,
                               .add = add};
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            float sum = add ? c[m * row + n] : 0.0f;
            for (int k = 0; k < K; k++)
                sum = fmaf(a[m * args.a_row + k * args.a_k], b[k * N + n], sum);
            want[m * row + n] = sum;
        }
    if (layout == IN_ROWS) {
        product_float32_rows(isa, &args, b, N);
    } else if (layout == IN_PANELS) {
        product_float32(isa, &args);
    } else {
        for (args.first = 0; args.first < N; args.first += args.count) {
            args.count = N - args.first < 48 ? N - args.first : 48;
            product_float32(isa, &args);
        }
    }
    CHECK(memcmp(c, want, (size_t)(M * row) * sizeof *c) == 0);
    if (checks_failed)
        fprintf(stderr, "%s: %d x %d x %d, layout %d\n", isa_name(isa), M, N, K, (int)layout);
    free(a), free(b), free(panels), free(c), free(want);
}

static void the_networks_sizes_are_the_chain(Isa isa) {
    static const int size[][3] = {{1, 256, 1024}, {2, 1024, 256}, {3, 60, 300},   {48, 256, 256},
                                  {64, 52, 512},  {7, 8, 256},    {65, 257, 513}, {200, 40, 300}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int kind = 0; kind < 4 * LAYOUT_COUNT && !checks_failed; kind++)
            large_product_is_the_chain(isa, size[i][0], size[i][1], size[i][2], kind & 1,
                                       (Layout)(kind / 4), kind >> 1 & 1);
}

static void no_terms_give_zero_or_leave_the_sum(Isa isa) {
    float c[2] = {3, 4};
    ProductFloat32Args args = {.a = c, .b = c, .c = c, .m = 1, .n = 2, .count = 2, .add = true};
    product_float32(isa, &args);
    CHECK(c[0] == 3 && c[1] == 4);
    args.add = false;
    product_float32(isa, &args);
    CHECK(c[0] == 0 && c[1] == 0);
    c[0] = c[1] = 5;
    product_float32_rows(isa, &args, c, 2);
    CHECK(c[0] == 0 && c[1] == 0);
}

static void faults_of_numbers_stay_in_their_column_and_row(Isa isa) {
    float a[4] = {1, INFINITY, 2, 3}, b[4 + PRODUCT_SLACK] = {1, 0, 1, 1}, c[4];
    ProductFloat32Args args = {.a = a,
                               .b = b,
                               .c = c,
                               .a_row = 2,
                               .a_k = 1,
                               .c_row = 2,
                               .m = 2,
                               .n = 2,
                               .k = 2,
                               .count = 2};
    product_float32(isa, &args);
    CHECK(c[0] == INFINITY && c[1] == INFINITY && c[2] == 5 && c[3] == 3);
    a[1] = NAN;
    product_float32(isa, &args);
    CHECK(isnan(c[0]) && isnan(c[1]) && c[2] == 5 && c[3] == 3);
}

static void blob_isa_forces_one_or_is_refused(void) {
    Isa isa;
    int keep = dup(2), null = open("/dev/null", O_WRONLY);
    for (int i = 0; i < ISA_COUNT; i++) {
        setenv("BLOB_ISA", isa_name((Isa)i), 1);
        if (!isa_has((Isa)i)) dup2(null, 2);
        CHECK(isa_choose(&isa) == (isa_has((Isa)i) ? STATUS_OK : STATUS_INPUT));
        dup2(keep, 2);
        CHECK(!isa_has((Isa)i) || isa == (Isa)i);
    }
    setenv("BLOB_ISA", "avx3", 1);
    dup2(null, 2);
    CHECK(isa_choose(&isa) == STATUS_INPUT);
    dup2(keep, 2);
    unsetenv("BLOB_ISA");
    CHECK(isa_choose(&isa) == STATUS_OK && isa_has(isa));
    for (int i = (int)isa + 1; i < ISA_COUNT; i++) CHECK(!isa_has((Isa)i));
    close(keep), close(null);
}

int main(void) {
    blob_isa_forces_one_or_is_refused();
    for (int i = 0; i < ISA_COUNT; i++) {
        const Isa isa = (Isa)i;
        if (!isa_has(isa)) continue;
#ifdef __SANITIZE_ADDRESS__
        every_small_size_is_the_chain(isa, 5);
#else
        every_small_size_is_the_chain(isa, isa == ISA_PLAIN ? 3 : 1);
#endif
        the_networks_sizes_are_the_chain(isa);
        no_terms_give_zero_or_leave_the_sum(isa);
        faults_of_numbers_stay_in_their_column_and_row(isa);
    }
    return check_report();
}
