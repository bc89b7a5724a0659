/* nn/infer/agree.h - how far two sets of a network's outputs lie apart, and how far they may.
 *
 *   value   of a row: the greatest |a - b| over its V values
 *   policy  of a row: KL = sum over legal actions of p * (log p - log q), p and q the softmax of
 *           a's and b's logits over the legal actions alone, in double
 *
 * Something that is not a finite number, in a or in b, is infinitely far.
 *
 *   R  rows     A  actions, at most 64     V  values */
#ifndef NN_INFER_AGREE_H
#define NN_INFER_AGREE_H

#include "device/core/portable.h"
#include "nn/config.h"

typedef struct {
    const float *logits; /* (R, A) */
    const float *values; /* (R, V) */
} AgreeOutputs;

/* Over rows: mean, 90th and 99th percentile, maximum. */
typedef struct {
    double mean, p90, p99, max;
} AgreeSpread;

typedef struct {
    AgreeSpread value, policy;
} Agreement;

/* What p99 and max may be at most. */
typedef struct {
    double value_p99, value_max, policy_p99, policy_max;
} AgreeLimits;

EXTERN_C_BEGIN

/* How far b is from a, the reference. legal (R): bit c for action c, at least one each.
 * STATUS_ARGUMENT: no rows, or more actions than bits; STATUS_MEMORY. */
Status agree_compare(Agreement *out, const AgreeOutputs *a, const AgreeOutputs *b,
                     const uint64_t *legal, int rows, int actions, int values);

/* For networks of this precision, beside float32 or another way of the same precision. int8 has the
 * limits of equal bits: none at all. */
AgreeLimits agree_limits(Precision precision);

/* The greatest share of a limit that is used up: at most 1 where all are met. */
double agree_used(const Agreement *agreement, const AgreeLimits *limits);

EXTERN_C_END

#endif
