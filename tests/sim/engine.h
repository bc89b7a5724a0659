/* tests/sim/engine.h - how the threads of a block take turns: each one a fiber, in warps of 32.
 *
 *   block ── warps ── lanes               A lane runs until it waits (a collective, a barrier),
 *              └ collectives, one for     ends, or is preempted; the order picks the next one:
 *                each mask of lanes       ascending, descending, or random by a seed.
 *
 * All of it runs in one thread of the operating system. An error in a kernel ends the program. */
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
    void *request;         /* what it brought to the collective in which it waits */
    const char *operation; /* the name of that collective */
    SimLocation location;
    bool waiting;
};

/* Completes a collective when all lanes have arrived: fills in the answers of their requests. */
typedef void (*CollectiveFinish)(Warp &warp, uint32_t arrived);

/* A collective in progress. Collectives of parts of a warp may overlap a wider one in which the
 * other lanes already wait, hence one for each mask. */
struct Collective {
    uint32_t mask, arrived;
    unsigned kind, generation;
    SimLocation location;
    CollectiveFinish finish;
};

struct Warp {
    uint32_t ready; /* lanes that may run, without the running one */
    uint32_t alive; /* lanes that have not ended */
    uint32_t open;  /* collectives in use */
    unsigned index;
    Lane *lanes[WARP_LANES];
    Collective collective[WARP_LANES];
};

/* The barrier of the block, and the results of its predicates. */
struct Barrier {
    unsigned arrived, generation;
    SimLocation location; /* of the first to arrive */
    SimBarrierResult now, last;
};

/* ThreadSanitizer's logical threads of one stream. Every CUDA thread of a launch has one; the next
 * launch of the stream, which is ordered after it anyway, uses them again. */
struct ThreadPool {
    std::vector<void *> threads;
    size_t used;
};

struct Engine {
    Lane *current;
    Lane host; /* the launching fiber, which runs when no lane is left */
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
    char *tags;     /* of the block: addresses that tell ThreadSanitizer who waited for whom */
};

extern Engine engine;

/* Runs the kernel, one block after another, to its end. `caller` is the running fiber. */
void engine_run(const SimKernel &kernel, Fiber *caller, ThreadPool *pool);

/* Prints the current lane and where up to eight others wait; ends with exit status 97. */
[[noreturn]] void engine_fail(const char *message, SimLocation location);

/* For collectives, after the current lane has marked itself as waiting: runs the next lane. */
void engine_next(void);
void engine_make_ready(Warp &warp, uint32_t lanes);

/* The current lane has completed its collective: it continues, or another lane of it does. */
void engine_continue(void);

/* Completes the collective, or the barrier, if all lanes that it names and that live have
 * arrived. */
bool collective_try(Warp &warp, Collective &c);
void barrier_try(void);

/* Frees the shared arrays of the last block. */
void shared_reset(void);

static inline int bit_lowest(uint32_t x) { return __builtin_ctz(x); }

/* One tag for each collective and generation: a lane that runs ahead must not release a tag that
 * others have yet to acquire. The first two are the barrier's. */
enum { TAG_GENERATIONS = 16, TAG_COUNT = 2 + BLOCK_WARPS * WARP_LANES * TAG_GENERATIONS };

#endif
