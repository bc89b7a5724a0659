/* host/match/paired_stats.h - mean and interval of the differences of a match, and when to stop it.
 *
 *   n deals, d their differences:  mean +- t(0.975; n - 1) sd / sqrt(n)     Student, 95%
 *
 * The sequential test is the generalized probability ratio test for a normal mean of unknown
 * variance (Li, Liu and Ying, Sequential Analysis 33, 2014), with the bounds of Wald (1945):
 *
 *   H0: mean <= 0     H1: mean >= margin
 *   llr = n / 2 * log(mean square of d / mean square of (d - margin))
 *   accept H1 at llr >= log((1 - beta) / alpha), H0 at llr <= log(beta / (1 - alpha)), else
 *   continue alpha = beta = 0.05, the bounds +-2.944; no look before PAIRED_FIRST_LOOK deals
 *
 * After such a stop the interval only describes the deals played: it no longer covers 95%. */
#ifndef HOST_MATCH_PAIRED_STATS_H
#define HOST_MATCH_PAIRED_STATS_H

#include <stdint.h>

enum { PAIRED_FIRST_LOOK = 30 };

/* Sums over deals by Welford's method; all zero at first. The order of deals decides the last
 * bits. */
typedef struct {
    int64_t n;
    double mean;
    double squares; /* sum of (d - mean)^2 */
} PairedStats;

typedef enum { PAIRED_GO_ON, PAIRED_ACCEPT, PAIRED_REJECT, PAIRED_VERDICT_COUNT } PairedVerdict;

void paired_stats_add(PairedStats *s, double difference);

/* Standard deviation of a difference; 0 below two deals. */
double paired_stats_sd(const PairedStats *s);

/* Half the width of the 95% interval; INFINITY below two deals. */
double paired_stats_half_width(const PairedStats *s);

/* Log likelihood ratio of H1 to H0, margin > 0; infinite if all differences equal 0 or all equal
 * the margin. 0 without deals. */
double paired_stats_llr(const PairedStats *s, double margin);

/* The verdict of the sequential test so far. */
PairedVerdict paired_stats_sequential(const PairedStats *s, double margin);

/* The verdict of the interval, for a number of deals fixed in advance: accept above 0, reject
 * below. */
PairedVerdict paired_stats_fixed(const PairedStats *s);

/* "go on", "accept", "reject" */
const char *paired_verdict_name(PairedVerdict verdict);

/* The t that Student's variable with `freedom` >= 1 degrees exceeds with probability `tail`,
 * 0 < tail < 0.5; to 9 digits up to a million degrees. */
double paired_student_quantile(double tail, double freedom);

#endif
