/* tests/support/near.h - comparing floats that need only be close, and numbers to test operations
 * on. */
#ifndef TESTS_SUPPORT_NEAR_H
#define TESTS_SUPPORT_NEAR_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "device/core/rng.h"

/* The i-th number of a fixed sequence in [-1, 1). */
static inline float noise(uint64_t i) {
    return (float)(int64_t)(splitmix64(i) >> 40) / 8388608 - 1;
}

/* Whether |got - want| <= limit; prints both if not. */
static inline bool near_to(double got, double want, double limit) {
    bool ok = fabs(got - want) <= limit;
    if (!ok) fprintf(stderr, "%.9g, not %.9g\n", got, want);
    return ok;
}

#endif
