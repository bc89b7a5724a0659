/* host/match/paired_stats.c - statistics of a match: Welford's sums, Student's t, the sequential
 * test. */
#include "paired_stats.h"

#include <math.h>

void paired_stats_add(PairedStats *s, double difference) {
    double away = difference - s->mean;
    s->n++;
    s->mean += away / (double)s->n;
    s->squares += away * (difference - s->mean);
}

double paired_stats_sd(const PairedStats *s) {
    return s->n < 2 ? 0 : sqrt(s->squares / (double)(s->n - 1));
}

/* The regularized incomplete beta function by its continued fraction (DLMF 8.17.22), evaluated by
 * Lentz's method; x below (a + 1) / (a + b + 2), where it converges fast. */
static double beta_fraction(double a, double b, double x) {
    const double TINY = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < TINY) d = TINY;
    d = 1 / d;
    double h = d;
    for (int m = 1; m < 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double before = h;
        for (int k = 0; k < 2; k++) {
            double step = k == 0 ? even : odd;
            d = 1 + step * d;
            c = 1 + step / c;
            if (fabs(d) < TINY) d = TINY;
            if (fabs(c) < TINY) c = TINY;
            d = 1 / d;
            h *= c * d;
        }
        if (fabs(h - before) <= 1e-16 * fabs(h)) break;
    }
    double front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x);
    return exp(front) * h / a;
}

static double beta_share(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    return x < (a + 1) / (a + b + 2) ? beta_fraction(a, b, x) : 1 - beta_fraction(b, a, 1 - x);
}

double paired_student_quantile(double tail, double freedom) {
    double low = 0, high = 1;
    for (int doubling = 0; doubling < 1000; doubling++, low = high, high *= 2)
        if (0.5 * beta_share(freedom / 2, 0.5, freedom / (freedom + high * high)) < tail) break;
    for (int halving = 0; halving < 100 && low < high; halving++) {
        double middle = low + (high - low) / 2;
        if (0.5 * beta_share(freedom / 2, 0.5, freedom / (freedom + middle * middle)) < tail)
            high = middle;
        else
            low = middle;
    }
    return low + (high - low) / 2;
}

double paired_stats_half_width(const PairedStats *s) {
    if (s->n < 2) return INFINITY;
    double t = paired_student_quantile(0.025, (double)(s->n - 1));
    return t * paired_stats_sd(s) / sqrt((double)s->n);
}

double paired_stats_llr(const PairedStats *s, double margin) {
    if (s->n == 0) return 0;
    double spread = s->squares / (double)s->n, beyond = s->mean - margin;
    double from_zero = spread + s->mean * s->mean, from_margin = spread + beyond * beyond;
    if (from_zero <= 0) return -INFINITY;
    if (from_margin <= 0) return INFINITY;
    return (double)s->n / 2 * log(from_zero / from_margin);
}

PairedVerdict paired_stats_sequential(const PairedStats *s, double margin) {
    const double ALPHA = 0.05, BETA = 0.05;
    double llr = paired_stats_llr(s, margin);
    if (s->n < PAIRED_FIRST_LOOK) return PAIRED_GO_ON;
    if (llr >= log((1 - BETA) / ALPHA)) return PAIRED_ACCEPT;
    return llr <= log(BETA / (1 - ALPHA)) ? PAIRED_REJECT : PAIRED_GO_ON;
}

PairedVerdict paired_stats_fixed(const PairedStats *s) {
    double half = paired_stats_half_width(s);
    if (s->mean - half > 0) return PAIRED_ACCEPT;
    return s->mean + half < 0 ? PAIRED_REJECT : PAIRED_GO_ON;
}

const char *paired_verdict_name(PairedVerdict verdict) {
    static const char *const names[PAIRED_VERDICT_COUNT] = {"go on", "accept", "reject"};
    return names[verdict];
}
