/* nn/infer/agree.h - how far two sets of a network's outputs differ, and how far they may.
 *
 *   value   of a row: the greatest |a - b| over its V values
 *   policy  of a row: KL = sum over legal actions of p * (log p - log q), where p and q are the
 *           softmax of a's and b's logits over the legal actions alone, in double
 *
 * If anything in a or b is not finite, the distance is infinite.
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

/* The greatest p99 and max that are allowed. */
typedef struct {
    double value_p99, value_max, policy_p99, policy_max;
} AgreeLimits;

EXTERN_C_BEGIN

/* How far b is from a, the reference. legal (R): bit c for action c, at least one in each row.
 * STATUS_ARGUMENT: no rows, or more actions than bits; STATUS_MEMORY. */
Status agree_compare(Agreement *out, const AgreeOutputs *a, const AgreeOutputs *b,
                     const uint64_t *legal, int rows, int actions, int values);

/* For a network of this precision against float32, or against another implementation of the same
 * precision. For int8 every limit is 0: the bits must be equal. */
AgreeLimits agree_limits(Precision precision);

/* The greatest share of a limit that is used up: at most 1 if all are met. */
double agree_used(const Agreement *agreement, const AgreeLimits *limits);

EXTERN_C_END

#endif
