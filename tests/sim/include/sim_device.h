/* tests/sim/include/sim_device.h - what a kernel may call: indices, collectives, atomics.
 *
 * A collective waits until all lanes of its mask have arrived, but for those that have ended. */
#ifndef TESTS_SIM_DEVICE_H
#define TESTS_SIM_DEVICE_H

#include <stdint.h>
#include <string.h>
#include <type_traits>

#include "sim_vector.h"

/* Where a lane is, in the source. */
struct SimLocation {
    const char *file;
    int line;
};

struct SimThread {
    uint3 index; /* within the block */
};

/* One thread of the operating system runs all CUDA threads, so plain variables suffice; threadIdx
 * changes with every switch. */
extern SimThread *sim_thread;
extern uint3 blockIdx;
extern dim3 blockDim, gridDim;
#define threadIdx (sim_thread->index)
static const int warpSize = 32;

typedef enum { SIM_SHUFFLE_TO, SIM_SHUFFLE_UP, SIM_SHUFFLE_DOWN, SIM_SHUFFLE_XOR } SimShuffle;

typedef enum {
    SIM_VOTE_BALLOT,
    SIM_VOTE_MATCH,
    SIM_VOTE_ADD,
    SIM_VOTE_MIN,
    SIM_VOTE_MAX,
    SIM_VOTE_AND,
    SIM_VOTE_OR,
    SIM_VOTE_XOR,
    SIM_VOTE_COUNT
} SimVote;

/* The results of __syncthreads_or, _and and _count. */
struct SimBarrierResult {
    int any, all, count;
};

uint64_t sim_shuffle(uint32_t mask, uint64_t value, int by, int width, SimShuffle kind,
                     SimLocation location);
uint64_t sim_vote(uint32_t mask, uint64_t value, SimVote kind, SimLocation location);
void sim_warp_sync(uint32_t mask, SimLocation location);
SimBarrierResult sim_block_sync(int predicate, SimLocation location);
void sim_fence(void);
void sim_preempt(void); /* a point at which another lane may be let run */
/* The block's array of `bytes` known by `key`, unwritten. */
void *sim_shared(const void *key, size_t bytes);

/* SHARED(float, tile, [64][33]); where the GPU's says __shared__. */
#define SHARED(type, name, dims)      \
    using name##_array = type dims;   \
    static const char name##_key = 0; \
    name##_array &name = *static_cast<name##_array *>(sim_shared(&name##_key, sizeof(name##_array)))

#define SIM_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

template <class T>
static inline uint64_t sim_bits(T x) {
    static_assert(std::is_trivially_copyable<T>::value && sizeof(T) <= 8, "at most 64 bits");
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof x);
    return bits;
}

template <class T>
static inline T sim_from_bits(uint64_t bits) {
    T x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

template <class T>
static inline T __shfl_sync(unsigned mask, T x, int lane, int width = 32, SIM_HERE) {
    return sim_from_bits<T>(
        sim_shuffle(mask, sim_bits(x), lane, width, SIM_SHUFFLE_TO, {file, line}));
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T x, unsigned by, int width = 32, SIM_HERE) {
    return sim_from_bits<T>(
        sim_shuffle(mask, sim_bits(x), (int)by, width, SIM_SHUFFLE_UP, {file, line}));
}
template <class T>
static inline T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32, SIM_HERE) {
    return sim_from_bits<T>(
        sim_shuffle(mask, sim_bits(x), (int)by, width, SIM_SHUFFLE_DOWN, {file, line}));
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T x, int by, int width = 32, SIM_HERE) {
    return sim_from_bits<T>(
        sim_shuffle(mask, sim_bits(x), by, width, SIM_SHUFFLE_XOR, {file, line}));
}

static inline unsigned __ballot_sync(unsigned mask, int p, SIM_HERE) {
    return (unsigned)sim_vote(mask, p != 0, SIM_VOTE_BALLOT, {file, line});
}
static inline int __any_sync(unsigned mask, int p, SIM_HERE) {
    return sim_vote(mask, p != 0, SIM_VOTE_BALLOT, {file, line}) != 0;
}
static inline int __all_sync(unsigned mask, int p, SIM_HERE) {
    return sim_vote(mask, p == 0, SIM_VOTE_BALLOT, {file, line}) == 0;
}
template <class T>
static inline unsigned __match_any_sync(unsigned mask, T x, SIM_HERE) {
    return (unsigned)sim_vote(mask, sim_bits(x), SIM_VOTE_MATCH, {file, line});
}

#define SIM_REDUCE(word, kind)                                                           \
    static inline unsigned __reduce_##word##_sync(unsigned mask, unsigned x, SIM_HERE) { \
        return (unsigned)sim_vote(mask, x, kind, {file, line});                          \
    }
SIM_REDUCE(add, SIM_VOTE_ADD)
SIM_REDUCE(min, SIM_VOTE_MIN)
SIM_REDUCE(max, SIM_VOTE_MAX)
SIM_REDUCE(and, SIM_VOTE_AND)
SIM_REDUCE(or, SIM_VOTE_OR)
SIM_REDUCE(xor, SIM_VOTE_XOR)
#undef SIM_REDUCE

/* With the sign bit flipped, signed numbers compare as unsigned ones. */
static inline int __reduce_min_sync(unsigned mask, int x, SIM_HERE) {
    return (int)((unsigned)sim_vote(mask, (unsigned)x ^ 1u << 31, SIM_VOTE_MIN, {file, line}) ^
                 1u << 31);
}
static inline int __reduce_max_sync(unsigned mask, int x, SIM_HERE) {
    return (int)((unsigned)sim_vote(mask, (unsigned)x ^ 1u << 31, SIM_VOTE_MAX, {file, line}) ^
                 1u << 31);
}
static inline int __reduce_add_sync(unsigned mask, int x, SIM_HERE) {
    return (int)(unsigned)sim_vote(mask, (unsigned)x, SIM_VOTE_ADD, {file, line});
}

static inline void __syncwarp(unsigned mask = ~0u, SIM_HERE) { sim_warp_sync(mask, {file, line}); }
static inline void __syncthreads(SIM_HERE) { (void)sim_block_sync(0, {file, line}); }
static inline int __syncthreads_or(int p, SIM_HERE) { return sim_block_sync(p, {file, line}).any; }
static inline int __syncthreads_and(int p, SIM_HERE) { return sim_block_sync(p, {file, line}).all; }
static inline int __syncthreads_count(int p, SIM_HERE) {
    return sim_block_sync(p, {file, line}).count;
}
static inline void __threadfence(void) { sim_fence(); }
static inline void __threadfence_block(void) { sim_fence(); }
static inline void __nanosleep(unsigned) { sim_preempt(); }

/* CUDA's atomics without a suffix are relaxed. */
template <class T, class F>
static inline T sim_atomic(T *p, F change) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "32 or 64 bits");
    using Word = typename std::conditional<sizeof(T) == 8, uint64_t, uint32_t>::type;
    Word *word = reinterpret_cast<Word *>(p);
    sim_preempt();
    Word seen = __atomic_load_n(word, __ATOMIC_RELAXED), next;
    T old;
    do {
        memcpy(&old, &seen, sizeof old);
        T changed = change(old);
        memcpy(&next, &changed, sizeof next);
    } while (
        !__atomic_compare_exchange_n(word, &seen, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return old;
}

template <class T>
struct SimSame {
    using Type = T;
};
#define SIM_ATOMIC(name, changed)                                             \
    template <class T>                                                        \
    static inline T name(T *p, typename SimSame<T>::Type x) {                 \
        return sim_atomic(p, [x](T old) { return static_cast<T>(changed); }); \
    }
SIM_ATOMIC(atomicAdd, old + x)
SIM_ATOMIC(atomicSub, old - x)
SIM_ATOMIC(atomicMin, x < old ? x : old)
SIM_ATOMIC(atomicMax, x > old ? x : old)
SIM_ATOMIC(atomicAnd, old &x)
SIM_ATOMIC(atomicOr, old | x)
SIM_ATOMIC(atomicXor, old ^ x)
SIM_ATOMIC(atomicExch, ((void)old, x))
#undef SIM_ATOMIC
template <class T>
static inline T atomicCAS(T *p, typename SimSame<T>::Type if_so, typename SimSame<T>::Type x) {
    return sim_atomic(p, [if_so, x](T old) { return old == if_so ? x : old; });
}

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)((uint64_t)a * b >> 32);
}
__extension__ typedef unsigned __int128 SimWide;
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((SimWide)a * b >> 64);
}
static inline int __float_as_int(float x) { return sim_from_bits<int>(sim_bits(x)); }
static inline unsigned __float_as_uint(float x) { return sim_from_bits<unsigned>(sim_bits(x)); }
static inline float __int_as_float(int x) { return sim_from_bits<float>(sim_bits(x)); }
static inline float __uint_as_float(unsigned x) { return sim_from_bits<float>(sim_bits(x)); }
static inline int __float2int_rn(float x) { return (int)__builtin_rintf(x); }
template <class T>
static inline T __ldg(const T *p) {
    return *p;
}
/* sum + the products of the four signed bytes of a and b. */
static inline int __dp4a(int a, int b, int sum) {
    for (int i = 0; i < 4; i++) {
        int8_t x = (int8_t)(uint8_t)((unsigned)a >> 8 * i);
        int8_t y = (int8_t)(uint8_t)((unsigned)b >> 8 * i);
        sum = (int)((unsigned)sum + (unsigned)(x * y));
    }
    return sum;
}

/* Sets the value of a handle, by which a conditional node of the running graph decides. */
extern "C" void cudaGraphSetConditional(unsigned long long handle, unsigned value);

#endif
