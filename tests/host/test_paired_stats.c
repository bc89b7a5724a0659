/* tests/host/test_paired_stats.c - statistics of a match against tables and values worked by hand,
 * and the error rates of the sequential test by simulation. */
#include "host/match/paired_stats.h"

#include <math.h>

#include "device/core/rng.h"
#include "tests/support/check.h"

static bool near(double x, double want, double rel) { return fabs(x - want) <= rel * fabs(want); }

/* freedom 1 and 2 have closed forms, tan and sqrt; the others are in the table of any textbook */
static void quantiles_are_students(void) {
    const double PI = 3.14159265358979323846;
    CHECK(near(paired_student_quantile(0.025, 1), tan(PI * 0.475), 1e-11));
    CHECK(near(paired_student_quantile(0.001, 1), tan(PI * 0.499), 1e-11));
    CHECK(near(paired_student_quantile(0.025, 2), 0.95 * sqrt(2 / (1 - 0.95 * 0.95)), 1e-11));
    CHECK(near(paired_student_quantile(0.4, 2), 0.2 * sqrt(2 / (1 - 0.2 * 0.2)), 1e-11));
    CHECK(near(paired_student_quantile(0.025, 4), 2.7764451052, 1e-9));
    CHECK(near(paired_student_quantile(0.025, 9), 2.2621571628, 1e-9));
    CHECK(near(paired_student_quantile(0.05, 30), 1.6972608866, 1e-9));
    CHECK(near(paired_student_quantile(0.025, 1e6), 1.9599663568, 1e-9));
}

static PairedStats stats_of(const double *d, int n) {
    PairedStats s = {0, 0, 0};
    for (int i = 0; i < n; i++) paired_stats_add(&s, d[i]);
    return s;
}

/* 2 4 4 4 5 5 7 9: mean 5, squares 32, sd sqrt(32 / 7), t(0.975; 7) = 2.3646242516 */
static void statistics_equal_those_worked_by_hand(void) {
    static const double d[] = {2, 4, 4, 4, 5, 5, 7, 9};
    PairedStats s = stats_of(d, 8);
    CHECK(s.n == 8 && near(s.mean, 5, 1e-14) && near(s.squares, 32, 1e-14));
    CHECK(near(paired_stats_sd(&s), sqrt(32.0 / 7), 1e-14));
    CHECK(near(paired_stats_half_width(&s), 2.3646242516 * sqrt(32.0 / 7 / 8), 1e-9));
    CHECK(paired_stats_fixed(&s) == PAIRED_ACCEPT);
    /* mean square 29; of d - 1: 4 + 16; of d - 10: 4 + 25, so neither hypothesis is likelier */
    CHECK(near(paired_stats_llr(&s, 1), 4 * log(29.0 / 20), 1e-13));
    CHECK(fabs(paired_stats_llr(&s, 10)) < 1e-13);
    PairedStats t = stats_of(d, 8);
    t.mean = -5;
    CHECK(paired_stats_fixed(&t) == PAIRED_REJECT);
    t.mean = 1.5;
    CHECK(paired_stats_fixed(&t) == PAIRED_GO_ON);
}

static void edge_cases_have_defined_results(void) {
    PairedStats s = {0, 0, 0};
    CHECK(paired_stats_sd(&s) == 0 && isinf(paired_stats_half_width(&s)));
    CHECK(paired_stats_llr(&s, 1) == 0 && paired_stats_sequential(&s, 1) == PAIRED_GO_ON);
    CHECK(paired_stats_fixed(&s) == PAIRED_GO_ON);
    for (int i = 0; i < PAIRED_FIRST_LOOK; i++) {
        CHECK(paired_stats_sequential(&s, 1) == PAIRED_GO_ON);
        paired_stats_add(&s, 0); /* equal players, every deal */
    }
    CHECK(paired_stats_sd(&s) == 0 && paired_stats_half_width(&s) == 0);
    CHECK(paired_stats_sequential(&s, 1) == PAIRED_REJECT &&
          paired_stats_fixed(&s) == PAIRED_GO_ON);
    PairedStats one = {0, 0, 0};
    for (int i = 0; i < PAIRED_FIRST_LOOK; i++) paired_stats_add(&one, 1);
    CHECK(paired_stats_sequential(&one, 1) == PAIRED_ACCEPT);
    CHECK(paired_stats_sequential(&one, 2) == PAIRED_GO_ON);
}

/* The bounds, from both sides: n = 100, spread 1, mean from 0.5 +- x with margin 1 gives
 * llr = 50 log((1 + mean^2) / (1 + (mean - 1)^2)); at mean 0.5367 it is 2.935, at 0.5370 2.959. */
static void bounds_are_walds(void) {
    PairedStats s = {100, 0.5367, 100};
    CHECK(paired_stats_sequential(&s, 1) == PAIRED_GO_ON);
    s.mean = 0.5370;
    CHECK(paired_stats_sequential(&s, 1) == PAIRED_ACCEPT);
    s.mean = 1 - 0.5367;
    CHECK(paired_stats_sequential(&s, 1) == PAIRED_GO_ON);
    s.mean = 1 - 0.5370;
    CHECK(paired_stats_sequential(&s, 1) == PAIRED_REJECT);
}

/* A difference as in a match: for half of the deals 0, else a multiple of 1/4, skewed; mean 0,
 * standard deviation 2.45. */
static double draw_difference(Rng *rng) {
    if (rng_unit(rng) < 0.5f) return 0;
    double x = -log((double)rng_unit(rng)), y = -log((double)rng_unit(rng));
    return rint(4 * (2 * x - 2 * y + (rng_unit(rng) < 0.2f ? 4 : -1))) / 4;
}

/* One match, in blocks until the test decides; adds the deals it took to *deals. */
static PairedVerdict simulate(uint64_t match, double shift, double margin, int block,
                              double *deals) {
    PairedStats s = {0, 0, 0};
    Rng rng = rng_begin(3, match, 0, RNG_SAMPLE, 0);
    for (;;) {
        for (int i = 0; i < block; i++) paired_stats_add(&s, shift + draw_difference(&rng));
        PairedVerdict verdict = paired_stats_sequential(&s, margin);
        *deals += (double)block;
        if (verdict != PAIRED_GO_ON) return verdict;
    }
}

/* 1,000 matches: an error rate beyond 0.05 + 3 standard errors = 0.0707 breaks alpha or beta. */
static void errors_are_within_bounds(void) {
    enum { MATCHES = 1000 };
    static const int blocks[] = {1, 50};
    for (int b = 0; b < 2; b++)
        for (int better = 0; better < 2; better++) {
            const double margin = 0.5;
            int wrong = 0;
            double deals = 0;
            for (uint64_t m = 0; m < MATCHES; m++)
                wrong += simulate(m * 2 + (uint64_t)better, better ? margin : 0, margin, blocks[b],
                                  &deals) != (better ? PAIRED_ACCEPT : PAIRED_REJECT);
            CHECK(wrong <= 70 && wrong >= 5);
            CHECK(deals / MATCHES <
                  220); /* a fixed number would need (2 x 1.645 x 2.45 / 0.5)^2 = 259 */
        }
}

/* 2,000 intervals of 40 differences: 95% hold the mean, within 4 standard errors. */
static void intervals_hold_the_mean(void) {
    enum { INTERVALS = 2000 };
    int held = 0;
    for (uint64_t m = 0; m < INTERVALS; m++) {
        PairedStats s = {0, 0, 0};
        Rng rng = rng_begin(4, m, 0, RNG_SAMPLE, 0);
        for (int i = 0; i < 40; i++) {
            float sum = -6; /* a sum of 12 uniforms is nearly normal */
            for (int k = 0; k < 12; k++) sum += rng_unit(&rng);
            paired_stats_add(&s, 3 + 2 * (double)sum);
        }
        held += fabs(s.mean - 3) <= paired_stats_half_width(&s);
    }
    CHECK(held >= 1900 - 39 && held <= 1900 + 39);
}

int main(void) {
    quantiles_are_students();
    statistics_equal_those_worked_by_hand();
    edge_cases_have_defined_results();
    bounds_are_walds();
    errors_are_within_bounds();
    intervals_hold_the_mean();
    return check_report();
}
