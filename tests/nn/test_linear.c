/* tests/nn/test_linear.c - on the CPU, what the network on CUDA is checked against or built from:
 * the linear body, the joined last layers, the chunks of rows, and the measure of agreement. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ops/linear.h"
#include "nn/ops/outputs.h"
#include "nn/infer/agree.h"
#include "nn/infer/chunk.h"
#include "tests/support/check.h"
#include "tests/support/odd_model.h"
#include "tests/support/near.h"

enum { R = 3, WIDEST = 1024 };

typedef struct {
    char *block; /* owned */
    Packed packed;
} Model;

static Model model_new(const ModelConfig *c, Precision precision, PackOrder order) {
    Model m;
    Weights w;
    Arena dry = {0};
    memset(&m, 0, sizeof m);
    packed_layout(&m.packed, c, precision, order, &dry);
    m.block = calloc(1, dry.used);
    CHECK(weights_alloc(&w, c) == STATUS_OK && m.block);
    if (checks_failed) exit(1);
    for (size_t i = 0; i < w.count; i++) w.data[i] = noise(i) / 8;
    Arena arena = {m.block, 0, dry.used};
    packed_layout(&m.packed, c, precision, order, &arena);
    CHECK(packed_fill(&m.packed, c, precision, order, &w) == STATUS_OK);
    weights_free(&w);
    return m;
}

static LinearArgs linear_args(const Linear *l, Precision precision, const void *x, int x_stride,
                              void *y) {
    LinearArgs a;
    memset(&a, 0, sizeof a);
    a.l = *l;
    a.x = x;
    a.y = y;
    a.precision = precision;
    a.result = precision == PRECISION_BF16 ? PRECISION_BF16 : PRECISION_FLOAT32;
    a.rows = R;
    a.x_stride = x_stride;
    return a;
}

/* All tiles of all rows by teams of `width` lanes, lane after lane, since lanes share nothing. */
static void run_linear(const LinearArgs *a, int width) {
    for (int item = 0; item < a->rows * linear_tiles(a->l.out); item++)
        for (int lane = 0; lane < width; lane++) {
            Team team = {lane, width, 0};
            linear_one(a, item, team);
        }
}

/* s of row r and output o from PACK_IN_OUT weights, without the body under test. */
static float sum_by_hand(const LinearArgs *a, int r, int o) {
    float sum = 0;
    for (int k = 0; k < a->l.in; k++)
        sum = fmaf(element_load(a->x, a->precision, (int64_t)r * a->x_stride + k),
                   element_load(a->l.weight, a->precision, (int64_t)k * a->l.out + o), sum);
    return sum;
}

static void float_layer_matches_its_formula(const Linear *l, Precision precision, LinearAfter after,
                                            int with_residual) {
    static float x[R * WIDEST], residual[R * WIDEST], y[4][R * WIDEST];
    const int stride = l->in + 7, widths[4] = {1, 8, 16, 32};
    const size_t bytes = (size_t)(R * l->out) * element_bytes(precision);
    for (int i = 0; i < R * stride; i++) element_store(x, precision, i, noise((uint64_t)i + 77));
    for (int i = 0; i < R * l->out; i++)
        element_store(residual, precision, i, noise((uint64_t)i + 7777));
    for (int i = 0; i < 4; i++) {
        LinearArgs a = linear_args(l, precision, x, stride, y[i]);
        a.after = after;
        a.residual = with_residual ? residual : NULL;
        memset(y[i], 0x55, sizeof y[i]);
        run_linear(&a, widths[i]);
        CHECK(memcmp(y[i], y[0], sizeof y[i]) == 0);
        char rest[16];
        memset(rest, 0x55, sizeof rest);
        CHECK(memcmp((char *)y[i] + bytes, rest, sizeof rest) == 0);
    }
    LinearArgs a = linear_args(l, precision, x, stride, y[0]);
    for (int r = 0; r < R; r++)
        for (int o = 0; o < l->out; o++) {
            float t = sum_by_hand(&a, r, o), want;
            if (after != LINEAR_SUM) t = t + element_load(l->bias_element, precision, o);
            if (with_residual) t = t + element_load(residual, precision, r * l->out + o);
            if (after == LINEAR_RELU && t < 0) t = 0;
            element_store(&want, precision, 0, t);
            want = element_load(&want, precision, 0);
            CHECK(element_load(y[0], precision, r * l->out + o) == want);
        }
}

static void float_layers_match_their_formula(Precision precision) {
    Model m = model_new(&ODD, precision, PACK_IN_OUT);
    const Linear *all[] = {&m.packed.input_embedding, &m.packed.layer[1].linear1,
                           &m.packed.layer[0].linear2, &m.packed.policy_fc3, &m.packed.value_fc3};
    for (int i = 0; i < 5; i++) {
        float_layer_matches_its_formula(all[i], precision, LINEAR_SUM, 0);
        float_layer_matches_its_formula(all[i], precision, LINEAR_BIAS, 1);
        float_layer_matches_its_formula(all[i], precision, LINEAR_RELU, 0);
    }
    free(m.block);
}

/* The expected bytes come from a second packing, by outputs, so that the formula of the panels is
 * not used to check itself. */
static void int8_layer_matches_its_formula(const Linear *panels, const Linear *by_output) {
    static float x[R * WIDEST], scale[R * 8], y[4][R * WIDEST];
    static int8_t q[R * WIDEST];
    const int widths[4] = {1, 8, 16, 32}, in = panels->in, out = panels->out;
    const int stride = linear_stride(in), blocks = int8_blocks(in);
    for (int i = 0; i < R * in; i++) x[i] = noise((uint64_t)i + 99);
    memset(q, 0x55, sizeof q);
    QuantizeArgs quantize = {
        .x = x, .q = q, .scale = scale, .inputs = in, .x_stride = in, .q_stride = stride};
    for (int r = 0; r < R; r++) int8_quantize_one(&quantize, r, TEAM_OF_ONE);
    for (int i = 0; i < 4; i++) {
        LinearArgs a = linear_args(panels, PRECISION_INT8, q, stride, y[i]);
        a.scale = scale;
        a.after = LINEAR_BIAS;
        run_linear(&a, widths[i]);
        CHECK(memcmp(y[i], y[0], (size_t)(R * out) * sizeof(float)) == 0);
    }
    for (int r = 0; r < R; r++)
        for (int o = 0; o < out; o++) {
            volatile float sum = 0, term;
            for (int k = 0; k < blocks; k++) {
                int64_t acc = 0;
                for (int i = k * 128; i < in && i < (k + 1) * 128; i++)
                    acc += q[r * stride + i] *
                           ((const int8_t *)by_output->weight)[o * linear_stride(in) + i];
                term = (float)acc * scale[r * blocks + k];
                sum = sum + term;
            }
            sum = sum * panels->scale[o];
            sum = sum + panels->bias[o];
            CHECK(y[0][r * out + o] == sum);
        }
}

static void int8_layers_match_their_formula(void) {
    Model panels = model_new(&ODD, PRECISION_INT8, PACK_PANELS);
    Model by_output = model_new(&ODD, PRECISION_INT8, PACK_OUT_IN);
    int8_layer_matches_its_formula(&panels.packed.input_embedding,
                                   &by_output.packed.input_embedding);
    int8_layer_matches_its_formula(&panels.packed.layer[1].linear1,
                                   &by_output.packed.layer[1].linear1);
    int8_layer_matches_its_formula(&panels.packed.layer[1].linear2,
                                   &by_output.packed.layer[1].linear2);
    int8_layer_matches_its_formula(&panels.packed.policy_fc3, &by_output.packed.policy_fc3);
    int8_layer_matches_its_formula(&panels.packed.value_fc3, &by_output.packed.value_fc3);
    free(panels.block);
    free(by_output.block);
}

/* The product of the joined matrix equals both heads' products, element by element. */
static void joined_heads_match_both_heads(Precision precision) {
    enum { COLUMNS = 64, IN = 80 };
    static float residual_rows[R * 32], joined[COLUMNS * IN], x[R * IN], sums[R * COLUMNS],
        logits[R * 52 + 1], values[R * 3 + 1];
    Model m = model_new(&ODD, precision, PACK_OUT_IN);
    const Linear *p = &m.packed.policy_fc3, *v = &m.packed.value_fc3;
    CHECK(outputs_columns(&ODD) == COLUMNS && p->in + v->in == IN);
    memset(joined, 0x55, sizeof joined);
    outputs_fill(joined, precision, COLUMNS, p, v);
    for (int i = 0; i < R * IN; i++) x[i] = noise((uint64_t)i + 5);
    for (int r = 0; r < R; r++)
        for (int o = 0; o < COLUMNS; o++) {
            float want = 0, got = 0;
            for (int i = 0; i < IN; i++)
                got += x[r * IN + i] * element_load(joined, precision, o * IN + i);
            for (int i = 0; i < 50 && o < 52; i++)
                want += x[r * IN + i] * element_load(p->weight, precision, o * 50 + i);
            for (int i = 0; i < 30 && o >= 52 && o < 55; i++)
                want += x[r * IN + 50 + i] * element_load(v->weight, precision, (o - 52) * 30 + i);
            CHECK(got == want && (o < 55 || got == 0));
            sums[r * COLUMNS + o] = got;
        }
    logits[R * 52] = values[R * 3] = 77;
    OutputsArgs a = {.x = sums,
                     .policy_bias = p->bias,
                     .value_bias = v->bias,
                     .logits = logits,
                     .values = values,
                     .residual = residual_rows,
                     .precision = PRECISION_FLOAT32,
                     .width = 32,
                     .function = HEAD_TANH,
                     .rows = R,
                     .columns = COLUMNS,
                     .actions = 52,
                     .value_count = 3};
    for (int r = 0; r < R; r++) outputs_one(&a, r, TEAM_OF_ONE);
    for (int r = 0; r < R; r++) {
        for (int c = 0; c < 52; c++)
            CHECK(logits[r * 52 + c] == sums[r * COLUMNS + c] + p->bias[c]);
        for (int c = 0; c < 3; c++)
            CHECK(values[r * 3 + c] == real_tanh(sums[r * COLUMNS + 52 + c] + v->bias[c]));
    }
    for (int i = 32; i < 64; i++) residual_rows[i] = NAN;
    for (int r = 0; r < R; r++) outputs_one(&a, r, TEAM_OF_ONE);
    for (int i = 0; i < R * 52; i++) CHECK((logits[i] != logits[i]) == (i / 52 == 1));
    for (int i = 0; i < R * 3; i++) CHECK((values[i] != values[i]) == (i / 3 == 1));
    CHECK(logits[R * 52] == 77 && values[R * 3] == 77);
    memset(residual_rows, 0, sizeof residual_rows);
    free(m.block);
}

/* For any count the buckets that run cover its rows, and no chunk leaves the capacity. */
static void buckets_cover(int capacity, int full) {
    int end[CHUNK_BUCKETS_MAX], height = chunk_height(capacity, full);
    int chunks = chunk_count(capacity, height), buckets = chunk_buckets(chunks, end), reach = 0;
    CHECK(buckets >= 1 && buckets <= CHUNK_BUCKETS_MAX && end[buckets - 1] == chunks &&
          end[0] == 1);
    CHECK(chunks == 1 || height == full);
    for (int j = 0, i = 0; j < buckets; j++) {
        CHECK(end[j] > i && (int64_t)i * height <= reach && (int64_t)i * height < capacity);
        for (; i < end[j]; i++) {
            int first = chunk_first(capacity, height, i);
            CHECK(first >= 0 && first <= reach);
            CHECK(chunks == 1 || first + height <= capacity);
            reach = first + height;
        }
    }
    CHECK(chunks == 1 ? reach >= capacity : reach == capacity);
}

static void chunks_cover_the_capacity(void) {
    int end[CHUNK_BUCKETS_MAX];
    CHECK(chunk_full(132, 50 << 20, 2048) == 8448 && chunk_full(132, 50 << 20, 4096) == 4224);
    CHECK(chunk_full(40, 4 << 20, 2048) == 640 && chunk_full(24, 24 << 20, 2048) == 3072);
    CHECK(chunk_full(1, 0, 4096) == 64);
    CHECK(chunk_height(1, 640) == 64 && chunk_height(64, 640) == 64);
    CHECK(chunk_height(65, 640) == 128 && chunk_height(639, 640) == 640);
    CHECK(chunk_height(640, 640) == 640 && chunk_height(641, 640) == 640);
    CHECK(chunk_buckets(9, end) == 5 && end[1] == 3 && end[2] == 5 && end[3] == 7 && end[4] == 9);
    CHECK(chunk_buckets(1, end) == 1 && chunk_buckets(2, end) == 2 && chunk_buckets(4, end) == 4);
    for (int capacity = 1; capacity < 700; capacity++) buckets_cover(capacity, 64);
    buckets_cover(73728, 8448);
    buckets_cover(2000000000, 8448);
}

static int near(double x, double want) { return fabs(x - want) <= 1e-12 + 1e-9 * fabs(want); }

static void agreement_matches_its_formula(void) {
    enum { N = 100 };
    static float logits[2][N * 3], values[2][N * 2];
    static uint64_t legal[N];
    AgreeOutputs a = {logits[0], values[0]}, b = {logits[1], values[1]};
    Agreement off;
    for (int i = 0; i < N; i++)
        legal[i] = 5; /* actions 0 and 2; 1 differs, which must not matter */
    for (int i = 0; i < N * 3; i++) logits[0][i] = logits[1][i] = noise((uint64_t)i);
    for (int i = 0; i < N; i++) logits[1][i * 3 + 1] = NAN;
    for (int i = 0; i < N; i++) values[1][i * 2 + 1] = (float)((i * 37 + 11) % N + 1); /* 1..100 */
    CHECK(agree_compare(&off, &a, &b, legal, N, 3, 2) == STATUS_OK);
    CHECK(off.policy.max == 0 && off.policy.mean == 0);
    CHECK(off.value.mean == 50.5 && off.value.p90 == 90 && off.value.p99 == 99);
    CHECK(off.value.max == 100);

    /* p = (1/4, 3/4), q = (1/2, 1/2): KL = 1/4 log 1/2 + 3/4 log 3/2 */
    logits[0][30] = 7;
    logits[0][32] = 7 + (float)log(3);
    logits[1][30] = logits[1][32] = -2;
    CHECK(agree_compare(&off, &a, &b, legal, N, 3, 2) == STATUS_OK);
    CHECK(fabs(off.policy.max - (log(0.5) / 4 + log(1.5) * 3 / 4)) < 1e-6);
    CHECK(near(off.policy.mean, off.policy.max / N) && off.policy.p99 == 0);
    CHECK(agree_compare(&off, &b, &a, legal, N, 3, 2) == STATUS_OK); /* not symmetric */
    CHECK(fabs(off.policy.max - log(4.0 / 3) / 2) < 1e-6);
    logits[0][30] = 500; /* a negligible probability counts as 0 and makes no NaN */
    CHECK(agree_compare(&off, &a, &b, legal, N, 3, 2) == STATUS_OK);
    CHECK(near(off.policy.max, log(2)));

    for (int side = 0; side < 2; side++)
        for (int kind = 0; kind < 3; kind++) {
            float bad = kind == 0 ? NAN : kind == 1 ? INFINITY : -INFINITY;
            float keep = logits[side][2], *value = &values[side][2], value_keep = *value;
            logits[side][2] = bad;
            CHECK(agree_compare(&off, &a, &b, legal, N, 3, 2) == STATUS_OK);
            CHECK(off.policy.max == INFINITY && off.value.max < 101);
            logits[side][2] = keep;
            *value = bad;
            CHECK(agree_compare(&off, &a, &b, legal, N, 3, 2) == STATUS_OK);
            CHECK(off.value.max == INFINITY && off.policy.max < 1);
            *value = value_keep;
        }
    CHECK(agree_compare(&off, &a, &b, legal, 0, 3, 2) == STATUS_ARGUMENT);
    CHECK(agree_compare(&off, &a, &b, legal, N, 65, 2) == STATUS_ARGUMENT);
}

static void limits_hold_from_both_sides(void) {
    AgreeLimits bf16 = agree_limits(PRECISION_BF16), exact = agree_limits(PRECISION_INT8);
    Agreement off = {.value = {.p99 = 0.02, .max = 0.05}, .policy = {.p99 = 0.002, .max = 0.004}};
    Agreement none = {.value = {.max = 0}, .policy = {.max = 0}};
    CHECK(agree_limits(PRECISION_FLOAT32).value_max == 1e-4);
    CHECK(agree_limits(PRECISION_FLOAT32).policy_max == 1e-6);
    CHECK(agree_used(&off, &bf16) == 1 && agree_used(&none, &exact) == 0);
    double *each[4] = {&off.value.p99, &off.value.max, &off.policy.p99, &off.policy.max};
    for (int i = 0; i < 4; i++) {
        double keep = *each[i];
        *each[i] = keep * 1.5;
        CHECK(near(agree_used(&off, &bf16), 1.5));
        *each[i] = INFINITY;
        CHECK(agree_used(&off, &bf16) > 1e30);
        *each[i] = keep;
    }
    none.policy.max = 1e-30;
    CHECK(agree_used(&none, &exact) > 1);
}

int main(void) {
    float_layers_match_their_formula(PRECISION_FLOAT32);
    float_layers_match_their_formula(PRECISION_BF16);
    int8_layers_match_their_formula();
    joined_heads_match_both_heads(PRECISION_FLOAT32);
    joined_heads_match_both_heads(PRECISION_BF16);
    chunks_cover_the_capacity();
    agreement_matches_its_formula();
    limits_hold_from_both_sides();
    return check_report();
}
