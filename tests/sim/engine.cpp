/* tests/sim/engine.cpp - the scheduler: blocks in turn, their lanes in the chosen order. */
#include "engine.h"

#include <numeric>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"
#include "sanitizer.h"

Engine engine;
SimThread *sim_thread;
uint3 blockIdx;
dim3 blockDim, gridDim;

/* Tell ThreadSanitizer that launches happen in order; the blocks of one launch are not ordered. */
static char tag_launch, tag_end, tag_fence;

/* In random order one atomic in YIELD_EVERY lets another lane go first. In the other orders one in
 * SPIN does, so that a lane that waits for another in a loop does not wait forever. */
enum { YIELD_EVERY = 4, SPIN = 256 };

static SimOrder order;
static uint64_t order_seed = 1;

void sim_order(SimOrder new_order, uint64_t seed) {
    order = new_order;
    order_seed = seed;
}

long sim_steps(void) { return engine.steps; }

__attribute__((constructor)) static void order_read(void) {
    const char *word = getenv("CUSIM_ORDER"), *seed = getenv("CUSIM_SEED");
    if (word) order = word[0] == 'r' ? SIM_RANDOM : word[0] == 'd' ? SIM_DESCENDING : SIM_ASCENDING;
    if (seed) order_seed = strtoull(seed, NULL, 10);
}

void engine_fail(const char *message, SimLocation location) {
    const Lane *me = engine.current;
    fprintf(stderr,
            "simulator: %s at %s:%d, in %s block (%u,%u,%u) warp %u lane %u, order %d:%llu\n",
            message, location.file, location.line, engine.kernel ? engine.kernel->name : "",
            blockIdx.x, blockIdx.y, blockIdx.z, me->thread / WARP_LANES, me->lane, order,
            (unsigned long long)order_seed);
    for (unsigned i = 0, shown = 0; i < engine.threads && shown < 8; i++) {
        const Lane *lane = engine.lanes[i];
        if (!lane->waiting) continue;
        fprintf(stderr, "    warp %u lane %u waits in %s at %s:%d\n", i / WARP_LANES, lane->lane,
                lane->operation, lane->location.file, lane->location.line);
        shown++;
    }
    fflush(stderr);
    _Exit(97);
}

static uint32_t random_next(void) {
    uint64_t x = engine.random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    engine.random = x;
    return (uint32_t)(x >> 16);
}

/* One of the set bits, as the order says. */
static int bit_pick(uint32_t bits) {
    if (order == SIM_ASCENDING) return bit_lowest(bits);
    if (order == SIM_DESCENDING) return 31 - __builtin_clz(bits);
    int skip = (int)((uint64_t)random_next() * (uint32_t)__builtin_popcount(bits) >> 32);
    for (; skip > 0; skip--) bits &= bits - 1;
    return bit_lowest(bits);
}

unsigned engine_choose(unsigned count) {
    if (order == SIM_ASCENDING) return 0;
    return order == SIM_DESCENDING ? count - 1 : random_next() % count;
}

static void lane_switch(Lane *to) {
    Lane *from = engine.current;
    if (from == to) return;
    engine.current = to;
    sim_thread = to;
    engine.steps++;
    fiber_switch(from->fiber, to->fiber);
}

void engine_make_ready(Warp &warp, uint32_t lanes) {
    warp.ready |= lanes;
    if (warp.ready) engine.ready |= 1u << warp.index;
}

void engine_next(void) {
    if (!engine.ready) {
        if (engine.alive == 0) {
            lane_switch(&engine.host);
            return;
        }
        engine_fail("deadlock: the lanes below wait for lanes that never arrive",
                    engine.current->location);
    }
    Lane *me = engine.current;
    bool stay = order != SIM_RANDOM && me != &engine.host && (engine.ready >> me->warp->index & 1);
    Warp &warp = engine.warps[stay ? (int)me->warp->index : bit_pick(engine.ready)];
    int lane = bit_pick(warp.ready);
    warp.ready &= ~(1u << lane);
    if (!warp.ready) engine.ready &= ~(1u << warp.index);
    lane_switch(warp.lanes[lane]);
}

/* Other lanes go first in random order only, which saves a switch at each collective. */
void engine_continue(void) {
    Lane *me = engine.current;
    if (order == SIM_RANDOM) {
        engine_next();
        return;
    }
    me->warp->ready &= ~(1u << me->lane);
    if (!me->warp->ready) engine.ready &= ~(1u << me->warp->index);
}

void sim_preempt(void) {
    Lane *me = engine.current;
    bool give_way = order == SIM_RANDOM ? random_next() % YIELD_EVERY == 0
                                        : ++engine.spins % SPIN == 0;
    if (!give_way) return;
    engine_make_ready(*me->warp, 1u << me->lane);
    engine_next();
}

/* ThreadSanitizer has no fences. All of them count as operations on one object, which orders more
 * than a fence does. */
void sim_fence(void) {
    sim_preempt();
    sanitizer_release(&tag_fence);
    sanitizer_acquire(&tag_fence);
}

/* Collectives that waited only for this lane may now be complete. */
static void lane_end(Lane *me) {
    Warp &warp = *me->warp;
    warp.alive &= ~(1u << me->lane);
    engine.alive--;
    for (uint32_t open = warp.open; open; open &= open - 1)
        collective_try(warp, warp.collective[bit_lowest(open)]);
    barrier_try();
}

static void lane_main(void) {
    fiber_begun(engine.current->fiber);
    sanitizer_acquire(&tag_launch);
    engine.kernel->run();
    sanitizer_release(&tag_end);
    lane_end(engine.current);
    engine_next();
    __builtin_trap();
}

static void lane_open(unsigned i) {
    Lane *lane = new Lane();
    lane->fiber = new Fiber();
    fiber_open(lane->fiber, i);
    lane->lane = i % WARP_LANES;
    lane->thread = i;
    lane->warp = &engine.warps[i / WARP_LANES];
    lane->warp->index = i / WARP_LANES;
    lane->warp->lanes[lane->lane] = lane;
    engine.lanes[i] = lane;
}

static void warp_begin(Warp &warp, unsigned lanes) {
    memset(warp.collective, 0, sizeof warp.collective);
    warp.open = 0;
    warp.alive = lanes >= WARP_LANES ? ~0u : (1u << lanes) - 1;
    warp.ready = 0;
    engine_make_ready(warp, warp.alive);
}

/* A logical thread that this launch has not used yet. Beyond THREADS_MAX it replaces the oldest:
 * the sanitizer can hold a few thousand. */
static void *thread_take(void) {
#if SIM_TSAN
    enum { THREADS_MAX = 4096 };
    ThreadPool &pool = *engine.pool;
    size_t i = pool.used++ % THREADS_MAX;
    if (i == pool.threads.size()) {
        pool.threads.push_back(__tsan_create_fiber(0));
    } else if (pool.used > THREADS_MAX) {
        __tsan_destroy_fiber(pool.threads[i]);
        pool.threads[i] = __tsan_create_fiber(0);
    }
    return pool.threads[i];
#else
    return NULL;
#endif
}

static void block_begin(void) {
    engine.threads = engine.alive = blockDim.x * blockDim.y * blockDim.z;
    while (engine.opened < engine.threads) lane_open(engine.opened++);
    engine.ready = 0;
    engine.barrier = Barrier{};
    engine.barrier.now.all = 1;
    for (unsigned i = 0; i < engine.threads; i++) {
        Lane &lane = *engine.lanes[i];
        lane.index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
        lane.waiting = false;
        lane.location = {"its end", 0};
        fiber_restart(lane.fiber, thread_take(), lane_main);
        if (i % WARP_LANES == 0) warp_begin(*lane.warp, engine.threads - i);
    }
#if SIM_TSAN
    delete[] engine.tags;
    engine.tags = new char[TAG_COUNT];
#endif
}

/* The index of the i-th block to run. In random order: seed, seed + step, seed + 2 step, .. for a
 * step that reaches all of them. */
static long block_at(long i, long blocks) {
    if (order == SIM_ASCENDING) return i;
    if (order == SIM_DESCENDING) return blocks - 1 - i;
    uint64_t n = (uint64_t)blocks, step = order_seed * 2654435761u % n;
    while (std::gcd(step, n) != 1) step = (step + 1) % n;
    return (long)((order_seed + (uint64_t)i * step) % n);
}

static void block_run(long index) {
    blockIdx.x = (unsigned)(index % gridDim.x);
    blockIdx.y = (unsigned)(index / gridDim.x % gridDim.y);
    blockIdx.z = (unsigned)(index / ((long)gridDim.x * gridDim.y));
    engine.random = (order_seed + 1) * 0x9E3779B97F4A7C15u ^ (uint64_t)index * 0xD1B54A32D192ED03u;
    if (engine.random == 0) engine.random = 1;
    shared_reset();
    block_begin();
    engine_next();
}

void engine_run(const SimKernel &kernel, Fiber *caller, ThreadPool *pool) {
    long blocks = (long)kernel.grid.x * kernel.grid.y * kernel.grid.z;
    engine.kernel = &kernel;
    gridDim = kernel.grid;
    blockDim = kernel.block;
    engine.current = &engine.host;
    engine.host.fiber = caller;
    engine.pool = pool;
    pool->used = 0;
    sanitizer_release(&tag_launch);
    for (long i = 0; i < blocks; i++) block_run(block_at(i, blocks));
    sanitizer_acquire(&tag_end);
    shared_reset();
    engine.kernel = NULL;
    sim_thread = NULL;
}
