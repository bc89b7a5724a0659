/* host/match/match_stats.h - what the differences of a match tell: mean, interval, and when to stop.
 *
 *   n deals, d their differences:  mean +- t(0.975; n - 1) sd / sqrt(n)     Student, 95%
 *
 * The sequential test is the generalized probability ratio test of a normal mean whose variance is
 * not known (Li, Liu, Ying, Sequential Analysis 33, 2014), with the bounds of Wald (1945):
 *
 *   H0: mean <= 0     H1: mean >= margin
 *   llr = n / 2 * log(mean square of d / mean square of (d - margin))
 *   accept H1 at llr >= log((1 - beta) / alpha), H0 at llr <= log(beta / (1 - alpha)), else go on
 *   alpha = beta = 0.05, the bounds +-2.944; no look before MATCH_FIRST_LOOK deals
 *
 * After such a stop the interval is a description: it is not one of 95% any more. */
#ifndef HOST_MATCH_MATCH_STATS_H
#define HOST_MATCH_MATCH_STATS_H

#include <stdint.h>

enum { MATCH_FIRST_LOOK = 30 };

/* Added up over deals, Welford's way; all zero at first. The order decides the last bits. */
typedef struct {
    int64_t n;
    double mean;
    double squares; /* sum of (d - mean)^2 */
} MatchStats;

typedef enum { MATCH_GO_ON, MATCH_ACCEPT, MATCH_REJECT, MATCH_VERDICT_COUNT } MatchVerdict;

void match_stats_add(MatchStats *s, double difference);

/* Standard deviation of a difference; 0 below two deals. */
double match_stats_sd(const MatchStats *s);

/* Half the width of the 95% interval; INFINITY below two deals. */
double match_stats_half_width(const MatchStats *s);

/* log likelihood ratio of H1 to H0, margin > 0; infinite where all differences are alike and are
 * one of the two. 0 without deals. */
double match_stats_llr(const MatchStats *s, double margin);

/* What the sequential test says so far. */
MatchVerdict match_stats_sequential(const MatchStats *s, double margin);

/* What the interval says, of a number of deals that was fixed before: accept above 0, reject below.
 */
MatchVerdict match_stats_fixed(const MatchStats *s);

/* "go on", "accept", "reject" */
const char *match_verdict_name(MatchVerdict verdict);

/* The t that a Student variable of `freedom` >= 1 degrees exceeds with probability `tail`, 0 < tail
 * < 0.5; to 9 digits up to a million degrees. */
double match_student_quantile(double tail, double freedom);

#endif
