/* device/core/portable.h - the few words that let one body serve two compilers.
 *
 * gcc reads a body as C11, nvcc reads it as CUDA C++: write in what both accept.
 * This header includes nothing of ours; everything else may include it. */
#ifndef DEVICE_CORE_PORTABLE_H
#define DEVICE_CORE_PORTABLE_H

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define HD static __host__ __device__ __forceinline__
#else
#define HD static inline
#endif

/* True in code that runs on a GPU, or in a model of one that defines CUSIM. */
#if defined(__CUDA_ARCH__) || defined(CUSIM)
#define ON_DEVICE 1
#else
#define ON_DEVICE 0
#endif

#ifdef __cplusplus
#define EXTERN_C_BEGIN extern "C" {
#define EXTERN_C_END   }
#else
#define EXTERN_C_BEGIN
#define EXTERN_C_END
#endif

/* A team is the threads that work on one item: 8, 16 or 32 lanes of a warp on the
 * GPU, one thread on the CPU. With width 1 a strided loop is a plain loop and a
 * reduction is the value itself, so a body written for a team needs no second version. */
typedef struct {
    int lane, width;
    uint32_t mask; /* the team's lanes within its warp: teams of one warp may part ways */
} Team;

#define TEAM_FOR(i, n, team) for (int i = (team).lane; i < (n); i += (team).width)

static const Team TEAM_OF_ONE = {0, 1, 1};

/* What one lane wrote before, every lane of the team reads after. */
HD void team_sync(Team team) {
#if ON_DEVICE
    __syncwarp(team.mask);
#endif
    (void)team;
}

/* The first lane's x, in every lane. */
HD int team_first(Team team, int x) {
#if ON_DEVICE
    if (team.width > 1) x = __shfl_sync(team.mask, x, 0, team.width);
#endif
    (void)team;
    return x;
}

typedef struct {
    float key;
    int index;
} Best;

/* The greater key wins and the lower index breaks a tie, so the winner does
 * not depend on how many lanes took part. */
HD Best best_of(Best a, Best b) {
    bool b_wins = b.key > a.key || (b.key == a.key && b.index < a.index);
    return b_wins ? b : a;
}

HD Best team_best(Team team, Best x) {
#if ON_DEVICE
    for (int d = team.width / 2; d > 0; d /= 2) {
        Best y;
        y.key = __shfl_xor_sync(team.mask, x.key, d);
        y.index = __shfl_xor_sync(team.mask, x.index, d);
        x = best_of(x, y);
    }
#endif
    (void)team;
    return x;
}

/* The sum of 32 partials p[0..31], halved: p[j] += p[j + d] for d = 16, 8, 4, 2, 1.
 * Lane l holds partials l, l + width, .. in p[0], p[1], ..: widths 1 and 32 only.
 * Every lane receives the sum; the same bits at both widths. */
HD float team_sum32(Team team, float *p) {
#if ON_DEVICE
    if (team.width == 32) {
        float x = p[0];
        for (int d = 16; d > 0; d /= 2) x = x + __shfl_down_sync(team.mask, x, d);
        return __shfl_sync(team.mask, x, 0);
    }
#endif
    (void)team;
    for (int d = 16; d > 0; d /= 2)
        for (int j = 0; j < d; j++) p[j] = p[j] + p[j + d];
    return p[0];
}

HD int bits_count(uint64_t x) {
#ifdef __CUDA_ARCH__
    return __popcll(x);
#else
    return __builtin_popcountll(x);
#endif
}

/* Index of the lowest set bit; x is not 0. */
HD int bits_lowest(uint64_t x) {
#ifdef __CUDA_ARCH__
    return __ffsll((long long)x) - 1;
#else
    return __builtin_ctzll(x);
#endif
}

/* Index of the highest set bit; x is not 0. */
HD int bits_highest(uint64_t x) {
#ifdef __CUDA_ARCH__
    return 63 - __clzll((long long)x);
#else
    return 63 - __builtin_clzll(x);
#endif
}

HD bool bits_is_one(uint64_t x) { return x != 0 && (x & (x - 1)) == 0; }

#endif
