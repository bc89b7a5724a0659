/* tests/nn/test_train_ops.c - the bodies of training except the loss, each against its formula or
 * its difference quotient in double. */
#include <math.h>
#include <string.h>

#include "nn/ops/column_sums.h"
#include "nn/ops/layernorm_back.h"
#include "nn/ops/relu_back.h"
#include "nn/train/train_count.h"
#include "tests/support/check.h"
#include "tests/support/near.h"

/* --- norm and ReLU --------------------------------------------------------- */

enum { C = 96, R = 150, BLOCKS = 3 };

typedef struct {
    float x[R * C], residual[R * C], dy[R * C], dy2[R * C], dt[R * C], stats[R * 2];
    float bias[C], gain[C], shift[C];
} NormCase;

static LayerNormBackArgs norm_make(NormCase *n, bool everything) {
    for (int i = 0; i < R * C; i++) {
        n->x[i] = 2 * noise((uint64_t)i) + 1;
        n->residual[i] = noise((uint64_t)i + 100000);
        n->dy[i] = noise((uint64_t)i + 200000);
        n->dy2[i] = noise((uint64_t)i + 300000);
    }
    for (int c = 0; c < C; c++) {
        n->bias[c] = noise((uint64_t)c + 400000);
        n->gain[c] = 1 + noise((uint64_t)c + 500000) / 2;
        n->shift[c] = noise((uint64_t)c + 600000);
    }
    LayerNormArgs norm = {.x = n->x,
                          .bias = everything ? n->bias : NULL,
                          .residual = everything ? n->residual : NULL,
                          .gain = n->gain,
                          .shift = n->shift,
                          .precision = PRECISION_FLOAT32,
                          .rows = R,
                          .width = C};
    LayerNormBackArgs args = {.norm = norm,
                              .dy = n->dy,
                              .dy2 = everything ? n->dy2 : NULL,
                              .dt = n->dt,
                              .stats = n->stats};
    return args;
}

/* The normalized row of t in double, with h added to t[at]. */
static void normalize(const NormCase *n, bool everything, int r, int at, double h, double *out) {
    double mean = 0, var = 0;
    for (int c = 0; c < C; c++) {
        double t = n->x[r * C + c] + (c == at ? h : 0);
        out[c] = everything ? t + n->bias[c] + n->residual[r * C + c] : t;
        mean += out[c] / C;
    }
    for (int c = 0; c < C; c++) var += (out[c] - mean) * (out[c] - mean) / C;
    for (int c = 0; c < C; c++) out[c] = (out[c] - mean) / sqrt(var + 1e-5);
}

static void norm_back_matches_the_slope(bool everything) {
    static NormCase n;
    LayerNormBackArgs args = norm_make(&n, everything);
    for (int r = 0; r < 3; r++) {
        layernorm_back_one(&args, r, TEAM_OF_ONE);
        for (int at = 0; at < C; at++) {
            double up[C], down[C], want = 0;
            normalize(&n, everything, r, at, 1e-5, up);
            normalize(&n, everything, r, at, -1e-5, down);
            for (int c = 0; c < C; c++) {
                double dy = n.dy[r * C + c] + (everything ? (double)n.dy2[r * C + c] : 0);
                want += dy * n.gain[c] * (up[c] - down[c]) / 2e-5;
            }
            CHECK(near_to(n.dt[r * C + at], want, 2e-6));
        }
    }
    static float in_place[R * C];
    memcpy(in_place, n.dy, sizeof in_place);
    args.dy = in_place;
    args.dt = in_place;
    args.stats = NULL;
    layernorm_back_one(&args, 2, TEAM_OF_ONE);
    CHECK(memcmp(in_place + 2 * C, n.dt + 2 * C, C * sizeof(float)) == 0);
}

static void norm_back_in_bf16_rounds_what_it_reads_and_writes(void) {
    static NormCase n;
    static uint16_t x[R * C], dy[R * C], dt[R * C];
    LayerNormBackArgs args = norm_make(&n, false), rounded = args;
    for (int i = 0; i < R * C; i++) {
        x[i] = bf16_from_float(n.x[i]);
        dy[i] = bf16_from_float(n.dy[i]);
        n.x[i] = bf16_to_float(x[i]);
        n.dy[i] = bf16_to_float(dy[i]);
    }
    rounded.norm.precision = PRECISION_BF16;
    rounded.norm.x = x;
    rounded.dy = dy;
    rounded.dt = dt;
    layernorm_back_one(&args, 1, TEAM_OF_ONE);
    layernorm_back_one(&rounded, 1, TEAM_OF_ONE);
    for (int c = 0; c < C; c++) CHECK(dt[C + c] == bf16_from_float(n.dt[C + c]));
}

static void relu_back_passes_where_the_output_is_positive(void) {
    float d[2][5] = {{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}};
    float y[2][6] = {{0, 1, 0, 1e-30f, 0, 5}, {1, 0, 1, 0, 1, 5}};
    float want[2][5] = {{0, 2, 0, 4, 5}, {6, 0, 8, 0, 10}};
    ReluBackArgs args = {.d = d,
                         .y = y,
                         .precision = PRECISION_FLOAT32,
                         .rows = 2,
                         .columns = 4,
                         .d_stride = 5,
                         .y_stride = 6};
    for (int r = 0; r < 2; r++) relu_back_one(&args, r, TEAM_OF_ONE);
    CHECK(memcmp(d, want, sizeof d) == 0);
}

/* --- sums ------------------------------------------------------------------ */

/* 150 rows of 70 columns: whole and partial tiles, whole and partial blocks; bit for bit. */
static void column_sums_ascend(void) {
    enum { N = 70, STRIDE = C };
    static NormCase n;
    static float partial[BLOCKS * N], gain[BLOCKS * C], sums[BLOCKS * C], memory[1 + 2 * N],
        *out = memory + 1;
    int32_t offset[N];
    LayerNormBackArgs back = norm_make(&n, true);
    ColumnSumsArgs args = {.x = n.dy,
                           .x2 = n.dy2,
                           .precision = PRECISION_FLOAT32,
                           .rows = R,
                           .columns = N,
                           .stride = STRIDE,
                           .partial = partial,
                           .partial_stride = N};
    for (int i = 0; i < column_tiles(N) * column_blocks(R); i++)
        column_sums_one(&args, i, TEAM_OF_ONE);
    for (int i = 0; i < R; i++) layernorm_back_one(&back, i, TEAM_OF_ONE);
    ColumnSumsArgs norm = {.x = n.dy,
                           .x2 = n.dy2,
                           .precision = PRECISION_FLOAT32,
                           .rows = R,
                           .columns = C,
                           .stride = C,
                           .partial = sums,
                           .partial_stride = C,
                           .norm = back.norm,
                           .stats = n.stats,
                           .gain = gain};
    for (int i = 0; i < column_tiles(C) * column_blocks(R); i++)
        column_sums_one(&norm, i, TEAM_OF_ONE);
    for (int b = 0; b < BLOCKS; b++)
        for (int c = 0; c < C; c++) {
            volatile float sum = 0; /* volatile: nothing is reordered here */
            double product = 0, row[C];
            for (int r = b * BLOCK_ROWS; r < R && r < (b + 1) * BLOCK_ROWS; r++) {
                float dy = n.dy[r * C + c] + n.dy2[r * C + c];
                sum += dy;
                normalize(&n, true, r, -1, 0, row);
                product += dy * row[c];
            }
            if (c < N) CHECK(partial[b * N + c] == sum);
            CHECK(sums[b * C + c] == sum && near_to(gain[b * C + c], product, 3e-5));
        }
    for (int c = 0; c < N; c++) offset[c] = c % 10 == 3 ? -1 : 2 * N - 1 - c;
    for (int c = -1; c < 2 * N; c++) out[c] = (float)c / 3;
    for (int add = 0; add < 2; add++) {
        BlockSumsArgs block = {.partial = partial,
                               .offset = offset,
                               .out = out,
                               .blocks = BLOCKS,
                               .columns = N,
                               .partial_stride = N,
                               .kind = add ? BLOCK_SUMS_ADD : BLOCK_SUMS_SET};
        float before[2 * N];
        memcpy(before, out, sizeof before);
        for (int i = 0; i < column_tiles(N); i++) block_sums_one(&block, i, TEAM_OF_ONE);
        for (int c = 0; c < N; c++) {
            volatile float sum = add ? before[2 * N - 1 - c] : 0;
            for (int b = 0; b < BLOCKS; b++) sum += partial[b * N + c];
            CHECK(out[2 * N - 1 - c] == (offset[c] < 0 ? before[2 * N - 1 - c] : sum));
            CHECK(out[c] == before[c]);
        }
        CHECK(out[-1] == -1.0f / 3); /* offset -1 does not write before the first */
    }
}

static void squares_are_32_partial_sums(void) {
    enum { N = 2 * CHUNK_PARAMETERS + 77 };
    static float x[N];
    float partial[4] = {0, 0, 0, 5};
    for (int i = 0; i < N; i++) x[i] = noise((uint64_t)i);
    SquareSumsArgs args = {x, partial, N};
    CHECK(train_chunks(N) == 3 && train_chunks(2 * CHUNK_PARAMETERS) == 2);
    for (int i = 0; i < 3; i++) square_sums_one(&args, i, TEAM_OF_ONE);
    for (int k = 0; k < 3; k++) {
        volatile float p[32] = {0};
        for (int i = k * CHUNK_PARAMETERS; i < N && i < (k + 1) * CHUNK_PARAMETERS; i++)
            p[i % 32] += x[i] * x[i];
        for (int half = 16; half >= 1; half /= 2)
            for (int j = 0; j < half; j++) p[j] = p[j] + p[j + half];
        CHECK(partial[k] == p[0]);
    }
    CHECK(partial[3] == 5);
}

/* --- the update ------------------------------------------------------------ */

static void adamw_matches_its_formula(void) {
    enum { N = CHUNK_PARAMETERS + 9 };
    static float p[N], m[N], v[N], ema[N], g[N];
    static uint16_t p_bf16[N];
    static double pd[N], md[N], vd[N], ed[N];
    TrainSettings set = train_settings_default();
    AdamwStep step;
    AdamwArgs args = {
        .p = p, .m = m, .v = v, .ema = ema, .g = g, .p_bf16 = p_bf16, .step = &step, .count = N};
    set.decay = 0.5;
    set.clip = 2;
    set.epsilon = 0.01;
    for (int i = 0; i < N; i++) {
        pd[i] = p[i] = noise((uint64_t)i);
        ed[i] = ema[i] = noise((uint64_t)i + 5000);
    }
    for (int t = 1; t <= 30; t++) {
        const double rate = (double)(0.01f * (float)t), norm = t % 2 ? 5 : 0.3;
        train_adamw_step(&set, 0.01f * (float)t, (float)norm, t, &step);
        for (int i = 0; i < N; i++) g[i] = i % 5 ? noise((uint64_t)(i * 31 + t)) : 0;
        for (int i = 0; i < train_chunks(N); i++) adamw_one(&args, i, TEAM_OF_ONE);
        for (int i = 0; i < N; i++) {
            double gd = g[i] * fmin(1, set.clip / (norm + 1e-6));
            pd[i] *= 1 - rate * set.decay;
            md[i] = set.beta1 * md[i] + (1 - set.beta1) * gd;
            vd[i] = set.beta2 * vd[i] + (1 - set.beta2) * gd * gd;
            pd[i] -= rate / (1 - pow(set.beta1, t)) * md[i] /
                     (sqrt(vd[i]) / sqrt(1 - pow(set.beta2, t)) + set.epsilon);
            ed[i] += (1 - fmin(set.ema, (1.0 + t) / (10.0 + t))) * (pd[i] - ed[i]);
        }
    }
    for (int i = 0; i < N; i++) {
        CHECK(near_to(p[i], pd[i], 3e-6) && near_to(ema[i], ed[i], 3e-6));
        CHECK(near_to(m[i], md[i], 1e-6) && near_to(v[i], vd[i], 1e-8));
        CHECK(p_bf16[i] == bf16_from_float(p[i]));
    }
    step.go = 0;
    float before = p[3];
    adamw_one(&args, 0, TEAM_OF_ONE);
    CHECK(p[3] == before);
}

typedef struct {
    float metrics[LOSS_COUNT], squares[40], rates[4];
    TrainCounters counters;
    TrainReport reports[4];
    AdamwStep step;
    int32_t at;
    TrainCountArgs args;
} CountCase;

static void count_make(CountCase *c) {
    memset(c, 0, sizeof *c);
    c->metrics[LOSS_POLICY] = 20;
    c->metrics[LOSS_VALUE] = 4;
    c->metrics[LOSS_ENTROPY] = 8;
    c->metrics[LOSS_ACCURACY] = 5;
    for (int i = 0; i < 40; i++) c->squares[i] = 0.4f;
    for (int i = 0; i < 4; i++) c->rates[i] = 0.01f * (float)(i + 1);
    TrainCountArgs args = {.metrics = c->metrics,
                           .squares = c->squares,
                           .rates = c->rates,
                           .counters = &c->counters,
                           .reports = c->reports,
                           .step = &c->step,
                           .at = &c->at,
                           .settings = train_settings_default(),
                           .scale = 0.1f,
                           .chunks = 40};
    c->args = args;
}

static void a_step_is_reported(void) {
    CountCase c;
    count_make(&c);
    c.at = 2;
    train_count_one(&c.args, 0, TEAM_OF_ONE);
    const TrainReport *r = &c.reports[2];
    CHECK(near_to(r->policy_loss, 2, 1e-6) && near_to(r->value_loss, 0.4, 1e-6));
    CHECK(near_to(r->target_entropy, 0.8, 1e-6) && near_to(r->accuracy, 0.5, 1e-6));
    CHECK(near_to(r->gradient_norm, 4, 1e-5) && r->rate == c.rates[2] && !r->skipped);
    CHECK(c.at == 3 && c.counters.steps == 1 && c.counters.updates == 1 && !c.counters.skipped);
    CHECK(c.step.go && near_to(c.step.shrink, 0.25, 1e-6));
    CHECK(near_to(c.step.keep, 1 - 0.03 * 0.01, 1e-7) && near_to(c.step.rate, 0.3, 1e-6));
    CHECK(near_to(c.step.root, sqrt(0.001), 1e-8) && near_to(c.step.ema, 1 - 2.0 / 11, 1e-7));
    for (int i = 0; i < 40; i++)
        c.squares[i] = 0.01f; /* clipping does not lengthen a short gradient */
    train_count_one(&c.args, 0, TEAM_OF_ONE);
    CHECK(c.step.shrink == 1 && near_to(c.step.ema, 1 - 3.0 / 12, 1e-7));
    c.counters.updates = 1000000;
    c.at = 0;
    train_count_one(&c.args, 0, TEAM_OF_ONE);
    CHECK(c.step.root == 1 && near_to(c.step.ema, 0.001, 1e-9) && c.step.rate == 0.01f);
}

static void steps_not_finite_are_bad(void) {
    for (int which = 0; which < 5; which++) {
        CountCase c;
        count_make(&c);
        if (which == 0) c.metrics[LOSS_POLICY] = NAN;
        if (which == 1) c.metrics[LOSS_VALUE] = INFINITY;
        if (which == 2) c.squares[39] = INFINITY;
        if (which == 3) c.squares[17] = NAN;
        train_count_one(&c.args, 0, TEAM_OF_ONE);
        const bool bad = which < 4;
        CHECK(c.step.go == !bad && c.reports[0].skipped == bad && c.counters.skipped == bad);
        CHECK(c.counters.updates == !bad && c.counters.steps == 1);
        CHECK(c.counters.bad_in_a_row == bad && c.counters.last[0] == bad);
    }
}

/* A run stops after 8 bad steps in a row or 25 of the last 100, not before; then it counts no more
 * steps. */
static void too_many_bad_steps_stop_the_run(void) {
    TrainCounters c;
    memset(&c, 0, sizeof c);
    train_counters_add(&c, false);
    for (int i = 0; i < 8; i++) {
        CHECK(!c.stopped);
        train_counters_add(&c, true);
    }
    CHECK(c.stopped && c.steps == 9 && c.skipped == 8 && c.updates == 1);
    memset(&c, 0, sizeof c);
    for (int i = 0; i < 1000; i++) { /* 24 bad in any 100, seven of them in a row */
        train_counters_add(&c, i % 100 < 7 || (i % 100 > 50 && i % 100 < 85 && i % 2));
        CHECK(!c.stopped);
    }
    memset(&c, 0, sizeof c);
    for (int i = 0; i < 97; i++) {
        CHECK(!c.stopped);
        train_counters_add(&c, i % 4 == 0);
    }
    CHECK(c.stopped && c.skipped == 25);
    memset(&c, 0, sizeof c);
    for (int i = 0; i < 105; i++) /* the first five are forgotten one by one */
        train_counters_add(&c, i < 5 || (i > 60 && i % 2 && i < 99));
    CHECK(!c.stopped && c.skipped == 24);
    CHECK(bits_count(c.last[0]) + bits_count(c.last[1]) == 19);
    CountCase k;
    count_make(&k);
    k.counters.stopped = 1;
    train_count_one(&k.args, 0, TEAM_OF_ONE);
    CHECK(!k.step.go && k.reports[0].skipped && k.counters.steps == 0 && k.at == 1);
}

int main(void) {
    norm_back_matches_the_slope(false);
    norm_back_matches_the_slope(true);
    norm_back_in_bf16_rounds_what_it_reads_and_writes();
    relu_back_passes_where_the_output_is_positive();
    column_sums_ascend();
    squares_are_32_partial_sums();
    adamw_matches_its_formula();
    a_step_is_reported();
    steps_not_finite_are_bad();
    too_many_bad_steps_stop_the_run();
    return check_report();
}
