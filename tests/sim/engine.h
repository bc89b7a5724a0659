/* tests/sim/engine.h - how the threads of a block take turns: every one a fiber, warps of 32.
 *
 *   block ── warps ── lanes               A lane runs until it waits (a collective, a barrier),
 *              └ collectives, one for     ends, or is made to give way; the next is taken by the
 *                each mask of lanes       order: ascending, descending, or random by a seed.
 *
 * All of it is one thread of the operating system. What a program does wrong ends it. */
#ifndef TESTS_SIM_ENGINE_H
#define TESTS_SIM_ENGINE_H

#include <stdint.h>
#include <vector>

#include "tests/sim/include/sim_device.h"
#include "tests/sim/include/sim_kernel.h"
#include "fiber.h"
#include "sim.h"

enum { WARP_LANES = 32, BLOCK_WARPS = 32, BLOCK_THREADS = WARP_LANES * BLOCK_WARPS };

struct Warp;

struct Lane : SimThread {
    Fiber *fiber;
    Warp *warp;
    unsigned lane, thread; /* within the warp, within the block */
    void *request;         /* what it brought to the collective it waits in */
    const char *operation; /* the name of that */
    SimLocation location;
    bool waiting;
};

/* What ends a collective when all are there: fills in the requests' answers. */
typedef void (*CollectiveFinish)(Warp &warp, uint32_t arrived);

/* One collective under way. Collectives of parts of a warp may overlap a wider one in which the
 * others already wait, hence one for each mask. */
struct Collective {
    uint32_t mask, arrived;
    unsigned kind, generation;
    SimLocation location;
    CollectiveFinish finish;
};

struct Warp {
    uint32_t ready; /* lanes that may run, the running one not among them */
    uint32_t alive; /* lanes that have not ended */
    uint32_t open;  /* collectives in use */
    unsigned index;
    Lane *lanes[WARP_LANES];
    Collective collective[WARP_LANES];
};

/* A barrier of the block, and what its predicates came to. */
struct Barrier {
    unsigned arrived, generation;
    SimLocation location; /* of the first to arrive */
    SimBarrierResult now, last;
};

/* ThreadSanitizer's logical threads of one stream: every CUDA thread of a launch has its own, and
 * the launches of a stream, which are in order anyway, use them again. */
struct ThreadPool {
    std::vector<void *> threads;
    size_t used;
};

struct Engine {
    Lane *current;
    Lane host; /* whoever launched: runs when no lane is left */
    Lane *lanes[BLOCK_THREADS];
    Warp warps[BLOCK_WARPS];
    unsigned opened, threads, alive;
    uint32_t ready; /* warps with a ready lane */
    Barrier barrier;
    const SimKernel *kernel;
    ThreadPool *pool;
    uint64_t random;
    long steps;     /* switches from lane to lane */
    unsigned spins; /* preemption points passed */
    char *tags;     /* objects by which ThreadSanitizer is told who waited for whom; of the block */
};

extern Engine engine;

/* Runs the kernel: every block, one after another, to its end. `caller` is the fiber that runs. */
void engine_run(const SimKernel &kernel, Fiber *caller, ThreadPool *pool);

/* One line about the lane and where all others wait; exit status 97. */
[[noreturn]] void engine_fail(const char *what, SimLocation location);

/* For collectives: the current lane has put itself among the waiting. */
void engine_next(void);
void engine_make_ready(Warp &warp, uint32_t lanes);

/* The current lane has completed what it waited for: it goes on, or another of those does. */
void engine_continue(void);

/* Ends the collective if all that are named and alive have come; the barrier likewise. */
bool collective_try(Warp &warp, Collective &c);
void barrier_try(void);

/* The shared arrays of the block that ran end. */
void shared_reset(void);

static inline int bit_lowest(uint32_t x) { return __builtin_ctz(x); }

/* One object for each collective and generation: a lane that runs ahead must not publish into the
 * one that others still wake from. Two in front are the barrier's. */
enum { TAG_GENERATIONS = 16, TAG_COUNT = 2 + BLOCK_WARPS * WARP_LANES * TAG_GENERATIONS };

#endif
