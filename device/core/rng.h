/* device/core/rng.h - counter-based random numbers: who asks decides, not when or where.
 *
 * Philox 4x32-10 (Salmon et al., SC 2011): key = seed, counter = (index, ply << 8 | purpose,
 * game low, game high), with index = world << 16 | block. And splitmix64 (Steele et al., 2014). */
#ifndef DEVICE_CORE_RNG_H
#define DEVICE_CORE_RNG_H

#include "portable.h"
#ifdef __CUDACC__
#include <curand_philox4x32_x.h>
#endif

typedef enum {
    RNG_START = 1, /* first dealer and trump of a game */
    RNG_DEAL,      /* the cards of a round */
    RNG_WORLD,     /* determinization */
    RNG_NOISE,     /* root noise */
    RNG_MOVE,      /* the move among the visits */
    RNG_WEIGHTS,   /* initial weights */
    RNG_TABLE,     /* seats and cards of a game, where they vary */
    RNG_SAMPLE,    /* examples of a batch */
    RNG_BOT,       /* the moves of a player that draws them */
    RNG_COUNT
} RngPurpose;

HD void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
#ifdef __CUDA_ARCH__
    uint4 r = curand_Philox4x32_10(make_uint4(counter[0], counter[1], counter[2], counter[3]),
                                   make_uint2(key[0], key[1]));
    out[0] = r.x;
    out[1] = r.y;
    out[2] = r.z;
    out[3] = r.w;
#else
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
#endif
}

HD uint64_t splitmix64(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* A stream of numbers for one purpose at one ply of one game; `world` < 65536. */
typedef struct {
    uint32_t key[2], counter[4], block[4];
    int left; /* numbers of `block` not given out yet */
} Rng;

HD Rng rng_begin(uint64_t seed, uint64_t game, uint32_t ply, RngPurpose purpose, uint32_t world) {
    Rng r;
    r.key[0] = (uint32_t)seed;
    r.key[1] = (uint32_t)(seed >> 32);
    r.counter[0] = world << 16;
    r.counter[1] = ply << 8 | (uint32_t)purpose;
    r.counter[2] = (uint32_t)game;
    r.counter[3] = (uint32_t)(game >> 32);
    r.block[0] = r.block[1] = r.block[2] = r.block[3] = 0;
    r.left = 0;
    return r;
}

HD uint32_t rng_u32(Rng *r) {
    if (r->left == 0) {
        philox4x32(r->counter, r->key, r->block);
        r->counter[0]++;
        r->left = 4;
    }
    int i = 4 - r->left--; /* a chain of selects, so that on a GPU the block stays in registers */
    return i == 0 ? r->block[0] : i == 1 ? r->block[1] : i == 2 ? r->block[2] : r->block[3];
}

HD uint64_t rng_u64(Rng *r) {
    uint64_t high = rng_u32(r);
    return high << 32 | rng_u32(r);
}

/* Uniform in 0..n-1 without bias, n >= 1: Lemire's multiplication, rejecting the short stripe. */
HD uint32_t rng_below(Rng *r, uint32_t n) {
    uint64_t m = (uint64_t)rng_u32(r) * n;
    if ((uint32_t)m < n) {
        uint32_t short_stripe = (0u - n) % n;
        while ((uint32_t)m < short_stripe) m = (uint64_t)rng_u32(r) * n;
    }
    return (uint32_t)(m >> 32);
}

/* The same for 64 bits: draw as many bits as n - 1 has until the number is below n. */
HD uint64_t rng_below64(Rng *r, uint64_t n) {
    if (n <= 1) return 0;
    int drop = 63 - bits_highest(n - 1);
    uint64_t x = rng_u64(r) >> drop;
    while (x >= n) x = rng_u64(r) >> drop;
    return x;
}

/* Uniform in (0, 1), 24 bits, never 0 and never 1. */
HD float rng_unit(Rng *r) { return ((float)(rng_u32(r) >> 9) + 0.5f) * (1.0f / 8388608.0f); }

#endif
