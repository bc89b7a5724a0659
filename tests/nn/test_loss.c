/* tests/nn/test_loss.c - the loss of a row against its formula, its difference quotient, and values
 * worked by hand. */
#include <math.h>
#include <string.h>

#include "nn/ops/loss.h"
#include "tests/support/check.h"
#include "tests/support/near.h"

enum { A = 52, V = 8, WIDE = 64 }; /* logits and values side by side, as from one product */

typedef struct {
    float sums[2][WIDE], policy_bias[A], value_bias[V], policy[2][A], value[2][V];
    float d[2][WIDE], metrics[2][LOSS_COUNT];
    uint64_t legal[2];
    int32_t seats[2], action[2];
    LossArgs args;
} LossCase;

static void loss_make(LossCase *l, uint64_t seed, HeadFunction function) {
    memset(l, 0, sizeof *l);
    for (int r = 0; r < 2; r++) {
        float sum = 0;
        for (int c = 0; c < WIDE; c++) {
            l->sums[r][c] = 3 * noise(seed + (uint64_t)(r * WIDE + c));
            l->d[r][c] = 77;
        }
        l->legal[r] = splitmix64(seed + (uint64_t)r) & splitmix64(seed + 9) & 0xFFFFFFFFFFFFF;
        l->legal[r] |= r ? (uint64_t)1 << 51 : 2;
        for (int a = 0; a < A; a++) {
            l->policy[r][a] = l->legal[r] >> a & 1 ? 1 + noise(seed + 700 + (uint64_t)a) : 0;
            sum += l->policy[r][a];
        }
        for (int a = 0; a < A; a++) l->policy[r][a] /= sum;
        l->seats[r] = r ? 8 : 3;
        for (int s = 0; s < l->seats[r]; s++)
            l->value[r][s] = fabsf(noise(seed + 800 + (uint64_t)s));
    }
    for (int a = 0; a < A; a++) l->policy_bias[a] = noise(seed + 900 + (uint64_t)a);
    for (int s = 0; s < V; s++) l->value_bias[s] = noise(seed + 990 + (uint64_t)s);
    LossArgs args = {.logits = l->sums[0],
                     .values = l->sums[0] + A,
                     .policy_bias = l->policy_bias,
                     .value_bias = l->value_bias,
                     .legal = l->legal,
                     .policy = l->policy[0],
                     .value = l->value[0],
                     .seats = l->seats,
                     .dlogits = l->d[0],
                     .dvalues = l->d[0] + A,
                     .metrics = l->metrics[0]};
    args.precision = PRECISION_FLOAT32;
    args.function = function;
    args.scale = 0.25f;
    args.value_weight = 3;
    args.rows = args.matter = 2;
    args.actions = A;
    args.value_count = V;
    args.logit_stride = args.value_stride = WIDE;
    l->args = args;
}

/* CE and VE of row r in double, with h added to sums[c]. */
static void loss_by_formula(const LossCase *l, int r, int c, double h, double *ce, double *ve) {
    double sum = 0;
    *ce = *ve = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int a = 0; a < A; a++) {
            if (!(l->legal[r] >> a & 1)) continue;
            double x = (double)l->sums[r][a] + l->policy_bias[a] + (a == c ? h : 0);
            if (pass == 0)
                sum += exp(x);
            else
                *ce -= l->policy[r][a] * (x - log(sum));
        }
    for (int s = 0; s < l->seats[r]; s++) {
        double z = (double)l->sums[r][A + s] + l->value_bias[s] + (A + s == c ? h : 0);
        double v = l->args.function == HEAD_TANH ? tanh(z) : 1 / (1 + exp(-z));
        *ve += (v - l->value[r][s]) * (v - l->value[r][s]) / l->seats[r];
    }
}

static void loss_matches_its_formula_and_its_slope(HeadFunction function) {
    static LossCase l;
    for (uint64_t seed = 1; seed < 20; seed++) {
        loss_make(&l, seed * 1000, function);
        for (int r = 0; r < 2; r++) {
            double ce, ve, ce2, ve2, entropy = 0;
            loss_one(&l.args, r, TEAM_OF_ONE);
            loss_by_formula(&l, r, -1, 0, &ce, &ve);
            CHECK(near_to(l.metrics[r][LOSS_POLICY], ce, 5e-6));
            CHECK(near_to(l.metrics[r][LOSS_VALUE], ve, 2e-6));
            for (int a = 0; a < A; a++)
                if (l.policy[r][a] > 0) entropy -= l.policy[r][a] * log(l.policy[r][a]);
            CHECK(near_to(l.metrics[r][LOSS_ENTROPY], entropy, 3e-6));
            for (int c = 0; c < A + V; c++) {
                loss_by_formula(&l, r, c, 1e-5, &ce, &ve);
                loss_by_formula(&l, r, c, -1e-5, &ce2, &ve2);
                CHECK(near_to(l.d[r][c], 0.25 * (ce - ce2 + 3 * (ve - ve2)) / 2e-5, 2e-6));
                if (c < A && !(l.legal[r] >> c & 1)) CHECK(l.d[r][c] == 0);
                if (c >= A + l.seats[r]) CHECK(l.d[r][c] == 0);
            }
            for (int c = A + V; c < WIDE; c++) CHECK(l.d[r][c] == 77);
        }
    }
}

/* The loss of the policy gradient of row r in double, with h added to sums[c] but not in the
 * advantage. */
static double surrogate_by_formula(const LossCase *l, int r, int c, double h) {
    double p[A], sum = 0, entropy = 0, x;
    for (int a = 0; a < A; a++) {
        if (!(l->legal[r] >> a & 1)) continue;
        x = (double)l->sums[r][a] + l->policy_bias[a] + (a == c ? h : 0);
        sum += p[a] = exp(x);
    }
    for (int a = 0; a < A; a++)
        if (l->legal[r] >> a & 1) entropy -= p[a] / sum * log(p[a] / sum);
    x = (double)l->sums[r][A] + l->value_bias[0];
    double v = l->args.function == HEAD_TANH ? tanh(x) : 1 / (1 + exp(-x));
    double advantage = l->args.advantage_scale * (l->value[r][0] - v);
    double ratio = p[l->action[r]] / sum / l->policy[r][l->action[r]];
    double least = 1 - l->args.ratio_clip, most = 1 + l->args.ratio_clip;
    double held = ratio < least ? least : ratio > most ? most : ratio;
    return -fmin(ratio * advantage, held * advantage) - l->args.entropy_weight * entropy;
}

/* Rows drawn by a policy near the network's, so that some are clipped on either side. */
static void policy_gradient_matches_its_slope(HeadFunction function) {
    static LossCase l;
    int clipped[2] = {0, 0}, whole = 0;
    for (uint64_t seed = 1; seed < 60; seed++) {
        loss_make(&l, seed * 1000, function);
        l.args.action = l.action;
        l.args.ratio_clip = 0.3f;
        l.args.entropy_weight = 0.7f;
        l.args.advantage_scale = 2.5f;
        for (int r = 0; r < 2; r++) {
            float all = 0, drift = 1 + 0.6f * noise(seed + 31);
            for (int a = 0; a < A; a++) {
                if (l.legal[r] >> a & 1) l.action[r] = a; /* the highest */
                l.policy[r][a] = l.legal[r] >> a & 1 ? expf(l.sums[r][a] + l.policy_bias[a]) : 0;
                all += l.policy[r][a];
            }
            for (int a = 0; a < A; a++) l.policy[r][a] /= all;
            l.policy[r][l.action[r]] *= drift;
            loss_one(&l.args, r, TEAM_OF_ONE);
            const bool held = l.metrics[r][LOSS_CLIPPED] == 1;
            if (held)
                clipped[drift < 1]++;
            else
                whole++;
            for (int c = 0; c < A; c++) {
                double slope = (surrogate_by_formula(&l, r, c, 1e-5) -
                                surrogate_by_formula(&l, r, c, -1e-5)) /
                               2e-5;
                CHECK(near_to(l.d[r][c], 0.25 * slope, 3e-6));
            }
            double ce, ve, ce2, ve2; /* the value's gradient is as without */
            for (int s = 0; s < V; s++) {
                loss_by_formula(&l, r, A + s, 1e-5, &ce, &ve);
                loss_by_formula(&l, r, A + s, -1e-5, &ce2, &ve2);
                CHECK(near_to(l.d[r][A + s], 0.25 * 3 * (ve - ve2) / 2e-5, 2e-6));
            }
        }
    }
    CHECK(clipped[0] > 3 && clipped[1] > 3 && whole > 20);
}

static void loss_ignores_padding_and_absent_seats(void) {
    static LossCase l, bare;
    loss_make(&l, 5, HEAD_SIGMOID);
    l.args.matter = 1;
    loss_one(&l.args, 1, TEAM_OF_ONE);
    for (int c = 0; c < A + V; c++) CHECK(l.d[1][c] == 0);
    for (int f = 0; f < LOSS_COUNT; f++) CHECK(l.metrics[1][f] == 0);
    loss_make(&l, 6, HEAD_SIGMOID); /* illegal actions and absent seats have no influence */
    loss_make(&bare, 6, HEAD_SIGMOID);
    bare.args = l.args;
    bare.args.dlogits = bare.d[0];
    bare.args.dvalues = bare.d[0] + A;
    bare.args.metrics = bare.metrics[0];
    loss_one(&l.args, 0, TEAM_OF_ONE);
    for (int a = 0; a < A; a++)
        if (!(l.legal[0] >> a & 1)) l.sums[0][a] = NAN;
    for (int s = l.seats[0]; s < V; s++) l.sums[0][A + s] = NAN;
    loss_one(&bare.args, 0, TEAM_OF_ONE);
    CHECK(memcmp(l.d, bare.d, sizeof l.d) == 0 && memcmp(l.metrics, bare.metrics, 16) == 0);
    l.sums[0][1] = NAN; /* action 1 is legal */
    loss_one(&l.args, 0, TEAM_OF_ONE);
    CHECK(isnan(l.metrics[0][LOSS_POLICY]) && !isnan(l.metrics[0][LOSS_VALUE]));
}

static void loss_without_bias_equals_zero_bias(void) {
    static LossCase l;
    float d[WIDE], metrics[LOSS_COUNT];
    loss_make(&l, 8, HEAD_SIGMOID);
    memset(l.policy_bias, 0, sizeof l.policy_bias);
    memset(l.value_bias, 0, sizeof l.value_bias);
    loss_one(&l.args, 0, TEAM_OF_ONE);
    memcpy(d, l.d[0], sizeof d);
    memcpy(metrics, l.metrics[0], sizeof metrics);
    l.args.policy_bias = l.args.value_bias = NULL;
    loss_one(&l.args, 0, TEAM_OF_ONE);
    CHECK(memcmp(d, l.d[0], sizeof d) == 0 && memcmp(metrics, l.metrics[0], sizeof metrics) == 0);
}

/* Equal logits over n legal actions cost log n; of equal logits the lowest action is the guess. */
static void loss_matches_values_worked_by_hand(void) {
    static LossCase l;
    loss_make(&l, 9, HEAD_SIGMOID);
    memset(l.sums, 0, sizeof l.sums);
    memset(l.policy_bias, 0, sizeof l.policy_bias);
    memset(l.policy, 0, sizeof l.policy);
    l.legal[0] = (uint64_t)1 << 3 | (uint64_t)1 << 7 | (uint64_t)1 << 40 | (uint64_t)1 << 51;
    l.policy[0][7] = l.policy[0][40] = 0.5f;
    loss_one(&l.args, 0, TEAM_OF_ONE);
    CHECK(near_to(l.metrics[0][LOSS_POLICY], log(4), 1e-6));
    CHECK(near_to(l.metrics[0][LOSS_ENTROPY], log(2), 1e-6));
    CHECK(near_to(l.d[0][7], 0.25 * -0.25, 1e-7) && near_to(l.d[0][3], 0.25 * 0.25, 1e-7));
    CHECK(l.metrics[0][LOSS_ACCURACY] == 0); /* the guess is 3, but 7 is right */
    l.sums[0][7] = l.sums[0][40] = 0.5f;
    loss_one(&l.args, 0, TEAM_OF_ONE);
    CHECK(l.metrics[0][LOSS_ACCURACY] == 1);
    l.sums[0][40] = 0.6f;
    loss_one(&l.args, 0, TEAM_OF_ONE);
    CHECK(l.metrics[0][LOSS_ACCURACY] == 0);
    l.policy[0][40] = 0.6f;
    loss_one(&l.args, 0, TEAM_OF_ONE);
    CHECK(l.metrics[0][LOSS_ACCURACY] == 1);
}

static void loss_in_bf16_rounds_its_gradients(void) {
    static LossCase l;
    uint16_t d[WIDE];
    loss_make(&l, 10, HEAD_TANH);
    loss_one(&l.args, 0, TEAM_OF_ONE);
    LossArgs rounded = l.args;
    rounded.precision = PRECISION_BF16;
    rounded.dlogits = d;
    rounded.dvalues = d + A;
    loss_one(&rounded, 0, TEAM_OF_ONE);
    for (int c = 0; c < A + V; c++) CHECK(d[c] == bf16_from_float(l.d[0][c]));
}

int main(void) {
    loss_matches_its_formula_and_its_slope(HEAD_SIGMOID);
    loss_matches_its_formula_and_its_slope(HEAD_TANH);
    policy_gradient_matches_its_slope(HEAD_SIGMOID);
    policy_gradient_matches_its_slope(HEAD_TANH);
    loss_ignores_padding_and_absent_seats();
    loss_without_bias_equals_zero_bias();
    loss_matches_values_worked_by_hand();
    loss_in_bf16_rounds_its_gradients();
    return check_report();
}
