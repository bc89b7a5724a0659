/* tests/nn/test_rowwise.c - the row-wise bodies of nn/ against independent code, bit for bit. */
#include <math.h>
#include <string.h>

#include "nn/ops/fold.h"
#include "nn/ops/head.h"
#include "nn/ops/input.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/relu.h"
#include "tests/support/check.h"
#include "tests/support/near.h"

enum { C = 96, R = 3 };

static int same(float a, float b) { return memcmp(&a, &b, sizeof a) == 0; }

static void bf16_rounds_to_the_nearest_even(void) {
    for (uint32_t h = 0; h < 65536; h++) {
        float x = bf16_to_float((uint16_t)h);
        if (x == x)
            CHECK(bf16_from_float(x) == h);
        else
            CHECK(bf16_from_float(x) == (h | 0x40));
    }
    CHECK(bf16_from_float(0x1.00p+0f) == 0x3F80 && bf16_from_float(-2.0f) == 0xC000);
    CHECK(bf16_from_float(0x1.01p+0f) == 0x3F80); /* a tie, down to even */
    CHECK(bf16_from_float(0x1.03p+0f) == 0x3F82); /* a tie, up to even */
    CHECK(bf16_from_float(0x1.010002p+0f) == 0x3F81 && bf16_from_float(0x1.00fffep+0f) == 0x3F80);
    CHECK(bf16_from_float(3.4e38f) == 0x7F80 && bf16_from_float(INFINITY) == 0x7F80);
    uint32_t bits = 0x7F800001u; /* NaN by the bits that are dropped alone */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    CHECK(bf16_from_float(nan) == 0x7FC0);
}

/* 32 partial sums by column % 32, then added up in halves, without a team. */
static float sum_by_hand(const float *x) {
    volatile float p[32] = {0}; /* volatile: nothing is reordered here */
    for (int c = 0; c < C; c++) p[c % 32] += x[c];
    for (int half = 16; half >= 1; half /= 2)
        for (int j = 0; j < half; j++) p[j] = p[j] + p[j + half];
    return p[0];
}

static void norm_by_hand(const float *t, const float *gain, const float *shift, float *y) {
    float d[C], squares[C], mean = sum_by_hand(t) / C;
    for (int c = 0; c < C; c++) {
        d[c] = t[c] - mean;
        squares[c] = d[c] * d[c];
    }
    float scale = 1 / sqrtf(sum_by_hand(squares) / C + 1e-5f);
    for (int c = 0; c < C; c++) {
        float scaled = d[c] * scale, gained = scaled * gain[c];
        y[c] = gained + shift[c];
    }
}

static void norm_matches_its_formula(void) {
    float x[R * C], residual[R * C], bias[C], gain[C], shift[C], after[C], t[C], want[C], y[R * C];
    for (int i = 0; i < R * C; i++) {
        x[i] = noise((uint64_t)i) * 3 + 1;
        residual[i] = noise((uint64_t)i + 1000);
    }
    for (int i = 0; i < C; i++) {
        bias[i] = noise((uint64_t)i + 2000);
        gain[i] = 1 + noise((uint64_t)i + 3000) / 4;
        shift[i] = noise((uint64_t)i + 4000);
        after[i] = noise((uint64_t)i + 5000);
    }
    LayerNormArgs full = {.x = x,
                          .bias = bias,
                          .residual = residual,
                          .gain = gain,
                          .shift = shift,
                          .y = y,
                          .precision = PRECISION_FLOAT32,
                          .rows = R,
                          .width = C};
    LayerNormArgs bare = full;
    bare.bias = bare.residual = NULL;
    bare.after = after;
    for (int r = 0; r < R; r++) {
        for (int c = 0; c < C; c++) t[c] = (x[r * C + c] + bias[c]) + residual[r * C + c];
        norm_by_hand(t, gain, shift, want);
        layernorm_one(&full, r, TEAM_OF_ONE);
        CHECK(memcmp(y + r * C, want, sizeof want) == 0);
        norm_by_hand(x + r * C, gain, shift, want);
        for (int c = 0; c < C; c++) want[c] = want[c] + after[c];
        layernorm_one(&bare, r, TEAM_OF_ONE);
        CHECK(memcmp(y + r * C, want, sizeof want) == 0);
    }
}

static void norm_in_bf16_rounds_what_it_reads_and_writes(void) {
    float x[C], gain[C], shift[C], want[C];
    uint16_t x16[C], y16[C];
    for (int c = 0; c < C; c++) {
        x16[c] = bf16_from_float(noise((uint64_t)c));
        x[c] = bf16_to_float(x16[c]);
        gain[c] = 1 + noise((uint64_t)c + 3000) / 4;
        shift[c] = noise((uint64_t)c + 4000);
    }
    LayerNormArgs args = {.x = x16,
                          .gain = gain,
                          .shift = shift,
                          .y = y16,
                          .precision = PRECISION_BF16,
                          .rows = 1,
                          .width = C};
    layernorm_one(&args, 0, TEAM_OF_ONE);
    norm_by_hand(x, gain, shift, want);
    for (int c = 0; c < C; c++) CHECK(y16[c] == bf16_from_float(want[c]));
}

static void fold_ascends_over_the_inner_index(void) {
    float wo[C * C], wv[C * C], bo[C], bv[C], f[C * C], b[C];
    for (int i = 0; i < C * C; i++) {
        wo[i] = noise((uint64_t)i);
        wv[i] = noise((uint64_t)i + 100000);
    }
    for (int i = 0; i < C; i++) {
        bo[i] = noise((uint64_t)i + 200000);
        bv[i] = noise((uint64_t)i + 300000);
    }
    FoldArgs args = {.wo = wo, .bo = bo, .wv = wv, .bv = bv, .weight = f, .bias = b, .width = C};
    int wrong = 0;
    for (int o = 0; o < C; o++) {
        fold_one(&args, o, TEAM_OF_ONE);
        volatile float sum = 0;
        for (int k = 0; k < C; k++) sum += wo[o * C + k] * bv[k];
        wrong += !same(b[o], sum + bo[o]);
        for (int i = 0; i < C; i++) {
            sum = 0;
            for (int k = 0; k < C; k++) sum += wo[o * C + k] * wv[k * C + i];
            wrong += !same(f[o * C + i], sum);
        }
    }
    CHECK(wrong == 0);
}

static void relu_and_heads_match_worked_values(void) {
    float x[8] = {-1, 1, -3, 2.5f, NAN, INFINITY, -INFINITY, 0};
    float bias[4] = {.5f, -.25f, 3, -2.5f}, y[8];
    ReluArgs relu = {.x = x, .bias = bias, .precision = PRECISION_FLOAT32, .rows = 2, .columns = 4};
    HeadArgs head = {
        .x = x, .bias = bias, .y = y, .function = HEAD_LINEAR, .rows = 2, .columns = 4};
    relu_one(&relu, 0, TEAM_OF_ONE);
    CHECK(x[0] == 0 && x[1] == .75f && x[2] == 0 && x[3] == 0 && x[6] == -INFINITY);
    relu_one(&relu, 1, TEAM_OF_ONE);
    CHECK(x[4] != x[4] && x[5] == INFINITY && x[6] == 0 && x[7] == 0);
    head_one(&head, 0, TEAM_OF_ONE);
    CHECK(y[0] == .5f && y[1] == .5f && y[2] == 3 && y[3] == -2.5f);
    head.function = HEAD_SIGMOID;
    head_one(&head, 0, TEAM_OF_ONE);
    CHECK(same(y[2], real_sigmoid(3)) && y[2] > .95f && y[3] < .08f);
    head.function = HEAD_TANH;
    head_one(&head, 0, TEAM_OF_ONE);
    CHECK(same(y[3], real_tanh(-2.5f)) && y[3] < -.98f);
    uint16_t x16[2] = {bf16_from_float(1), bf16_from_float(-1)};
    ReluArgs relu16 = {
        .x = x16, .bias = bias, .precision = PRECISION_BF16, .rows = 1, .columns = 2};
    relu_one(&relu16, 0, TEAM_OF_ONE);
    CHECK(x16[0] == bf16_from_float(1.5f) && x16[1] == 0);
}

static void inputs_are_converted_row_by_row(void) {
    const float x[8] = {0, 1, -.5f, .125f, 1, 0, .75f, -1};
    float out[8] = {0};
    uint16_t rows[8], out16[8] = {0};
    for (int i = 0; i < 8; i++) rows[i] = bf16_from_float(x[i]);
    InputArgs plain = {
        .rows = rows, .out = out, .precision = PRECISION_FLOAT32, .count = 2, .inputs = 4};
    InputArgs bf16 = {
        .rows = rows, .out = out16, .precision = PRECISION_BF16, .count = 2, .inputs = 4};
    input_one(&plain, 1, TEAM_OF_ONE);
    input_one(&bf16, 1, TEAM_OF_ONE);
    CHECK(out[1] == 0 && memcmp(out + 4, x + 4, 4 * sizeof *out) == 0);
    CHECK(out16[1] == 0 && out16[4] == 0x3F80 && out16[6] == 0x3F40 && out16[7] == 0xBF80);
}

int main(void) {
    bf16_rounds_to_the_nearest_even();
    norm_matches_its_formula();
    norm_in_bf16_rounds_what_it_reads_and_writes();
    fold_ascends_over_the_inner_index();
    relu_and_heads_match_worked_values();
    inputs_are_converted_row_by_row();
    return check_report();
}
