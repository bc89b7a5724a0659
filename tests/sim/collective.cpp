/* tests/sim/collective.cpp - shuffles, votes, barriers: lanes wait, the last to arrive does the
 * work. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "sanitizer.h"

/* What a lane brings to a collective, and its answer. */
struct Request {
    uint64_t value, answer;
    int source; /* of a shuffle: the lane within the warp */
};

enum { KIND_SYNC = SIM_VOTE_COUNT, KIND_SHUFFLE };

static Request *request_of(const Warp &warp, uint32_t bits) {
    return (Request *)warp.lanes[bit_lowest(bits)]->request;
}

static char *tag_of(const Warp &warp, const Collective &c) {
#if SIM_TSAN
    long slot = (long)warp.index * WARP_LANES + (&c - warp.collective);
    return engine.tags + 2 + slot * TAG_GENERATIONS + c.generation % TAG_GENERATIONS;
#else
    (void)warp;
    (void)c;
    return NULL;
#endif
}

bool collective_try(Warp &warp, Collective &c) {
    if (c.arrived == 0 || c.arrived != (c.mask & warp.alive)) return false;
    uint32_t arrived = c.arrived;
    if (c.finish) c.finish(warp, arrived);
    c.arrived = c.mask = 0;
    c.generation++;
    warp.open &= ~(1u << (&c - warp.collective));
    for (uint32_t m = arrived; m; m &= m - 1) warp.lanes[bit_lowest(m)]->waiting = false;
    engine_make_ready(warp, arrived);
    return true;
}

/* The collective in progress for this mask, or a new one. */
static Collective &collective_find(Warp &warp, uint32_t mask, unsigned kind,
                                   CollectiveFinish finish, SimLocation location) {
    uint32_t open = warp.open;
    while (open && warp.collective[bit_lowest(open)].mask != mask) open &= open - 1;
    Collective &c = warp.collective[bit_lowest(open ? open : ~warp.open)];
    if (!open) {
        warp.open |= 1u << (&c - warp.collective);
        c.mask = mask;
        c.kind = kind;
        c.location = location;
        c.finish = finish;
    } else if (c.kind != kind || c.location.line != location.line ||
               strcmp(c.location.file, location.file) != 0) {
        engine_fail("lanes of one mask meet in different collectives", location);
    }
    return c;
}

static void collective_run(uint32_t mask, Request *request, unsigned kind, const char *operation,
                           CollectiveFinish finish, SimLocation location) {
    Lane *me = engine.current;
    if (!engine.kernel) {
        engine.current = &engine.host;
        engine_fail("a collective outside a kernel", location);
    }
    Warp &warp = *me->warp;
    uint32_t bit = 1u << me->lane;
    if (!(mask & bit)) engine_fail("the calling lane is not in the collective's mask", location);
    Collective &c = collective_find(warp, mask, kind, finish, location);
    c.arrived |= bit;
    me->request = request;
    me->operation = operation;
    me->location = location;
    me->waiting = true;
    char *tag = tag_of(warp, c);
    sanitizer_release(tag);
    if (collective_try(warp, c))
        engine_continue();
    else
        engine_next();
    sanitizer_acquire(tag);
}

static void shuffle_finish(Warp &warp, uint32_t arrived) {
    for (uint32_t m = arrived; m; m &= m - 1) {
        Request *r = request_of(warp, m);
        if (!(arrived >> r->source & 1)) {
            engine.current = warp.lanes[bit_lowest(m)];
            engine_fail("a shuffle reads from a lane that is not taking part or has ended",
                        engine.current->location);
        }
        r->answer = ((Request *)warp.lanes[r->source]->request)->value;
    }
}

/* As PTX defines shfl.sync: a source outside the segment means the lane itself. */
uint64_t sim_shuffle(uint32_t mask, uint64_t value, int by, int width, SimShuffle kind,
                     SimLocation location) {
    static const char *const names[] = {"__shfl_sync", "__shfl_up_sync", "__shfl_down_sync",
                                        "__shfl_xor_sync"};
    int lane = engine.current ? (int)engine.current->lane : 0;
    int segment = WARP_LANES - width, clamp = kind == SIM_SHUFFLE_UP ? 0 : WARP_LANES - 1;
    int last = (lane & segment) | (clamp & ~segment), source = lane;
    if (kind == SIM_SHUFFLE_TO) source = (lane & segment) | (by & ~segment & (WARP_LANES - 1));
    if (kind == SIM_SHUFFLE_UP) source = lane - by >= last ? lane - by : lane;
    if (kind == SIM_SHUFFLE_DOWN) source = lane + by <= last ? lane + by : lane;
    if (kind == SIM_SHUFFLE_XOR) source = (lane ^ by) <= last ? lane ^ by : lane;
    Request request = {value, value, source};
    collective_run(mask, &request, (int)KIND_SHUFFLE + (int)kind, names[kind], shuffle_finish,
                   location);
    return request.answer;
}

template <SimVote KIND>
static uint64_t vote_join(uint64_t a, uint64_t b) {
    switch (KIND) {
    case SIM_VOTE_ADD: return (uint32_t)(a + b);
    case SIM_VOTE_MIN: return b < a ? b : a;
    case SIM_VOTE_MAX: return b > a ? b : a;
    case SIM_VOTE_AND: return a & b;
    case SIM_VOTE_OR: return a | b;
    default: return a ^ b;
    }
}

template <SimVote KIND>
static void vote_finish(Warp &warp, uint32_t arrived) {
    uint64_t all = request_of(warp, arrived)->value;
    for (uint32_t m = arrived & (arrived - 1); m; m &= m - 1)
        all = vote_join<KIND>(all, request_of(warp, m)->value);
    for (uint32_t m = arrived; m; m &= m - 1) request_of(warp, m)->answer = all;
}

static void ballot_finish(Warp &warp, uint32_t arrived) {
    uint64_t all = 0;
    for (uint32_t m = arrived; m; m &= m - 1)
        if (request_of(warp, m)->value) all |= m & -m;
    for (uint32_t m = arrived; m; m &= m - 1) request_of(warp, m)->answer = all;
}

static void match_finish(Warp &warp, uint32_t arrived) {
    for (uint32_t m = arrived; m; m &= m - 1) {
        Request *r = request_of(warp, m);
        r->answer = 0;
        for (uint32_t n = arrived; n; n &= n - 1)
            if (request_of(warp, n)->value == r->value) r->answer |= n & -n;
    }
}

uint64_t sim_vote(uint32_t mask, uint64_t value, SimVote kind, SimLocation location) {
    static const struct {
        const char *name;
        CollectiveFinish finish;
    } votes[SIM_VOTE_COUNT] = {{"a ballot", ballot_finish},
                               {"__match_any_sync", match_finish},
                               {"__reduce_add_sync", vote_finish<SIM_VOTE_ADD>},
                               {"__reduce_min_sync", vote_finish<SIM_VOTE_MIN>},
                               {"__reduce_max_sync", vote_finish<SIM_VOTE_MAX>},
                               {"__reduce_and_sync", vote_finish<SIM_VOTE_AND>},
                               {"__reduce_or_sync", vote_finish<SIM_VOTE_OR>},
                               {"__reduce_xor_sync", vote_finish<SIM_VOTE_XOR>}};
    Request request = {value, 0, 0};
    collective_run(mask, &request, kind, votes[kind].name, votes[kind].finish, location);
    return request.answer;
}

void sim_warp_sync(uint32_t mask, SimLocation location) {
    collective_run(mask, NULL, KIND_SYNC, "__syncwarp", NULL, location);
}

void barrier_try(void) {
    Barrier &b = engine.barrier;
    if (b.arrived == 0 || b.arrived != engine.alive) return;
    b.arrived = 0;
    b.generation++;
    b.last = b.now;
    b.now = {0, 1, 0};
    for (unsigned i = 0; i < engine.threads; i++) {
        Lane &lane = *engine.lanes[i];
        if (!lane.waiting || lane.request != &b) continue;
        lane.waiting = false;
        engine_make_ready(*lane.warp, 1u << lane.lane);
    }
}

SimBarrierResult sim_block_sync(int predicate, SimLocation location) {
    Lane *me = engine.current;
    Barrier &b = engine.barrier;
    if (b.arrived == 0)
        b.location = location;
    else if (b.location.line != location.line || strcmp(b.location.file, location.file) != 0)
        engine_fail("threads of one block meet in different __syncthreads", location);
    char *tag = engine.tags ? engine.tags + (b.generation & 1) : NULL;
    b.arrived++;
    b.now.any |= predicate != 0;
    b.now.all &= predicate != 0;
    b.now.count += predicate != 0;
    me->request = &b;
    me->operation = "__syncthreads";
    me->location = location;
    me->waiting = true;
    sanitizer_release(tag);
    barrier_try();
    engine_next();
    sanitizer_acquire(tag);
    return b.last;
}

/* The shared arrays of the running block, each in memory of its own, so that the sanitizers know
 * its bounds and what nobody wrote. */
enum { SHARED_MAX = 64 };
static struct {
    const void *key;
    void *memory;
} shared_arrays[SHARED_MAX];
static int shared_count;

void shared_reset(void) {
    sanitizer_quiet_begin();
    while (shared_count > 0) free(shared_arrays[--shared_count].memory);
    sanitizer_quiet_end();
}

void *sim_shared(const void *key, size_t bytes) {
    for (int i = 0; i < shared_count; i++)
        if (shared_arrays[i].key == key) return shared_arrays[i].memory;
    if (shared_count == SHARED_MAX) engine_fail("too many shared arrays", {"the simulator", 0});
    sanitizer_quiet_begin();
    void *memory = malloc(bytes);
    if (!memory) engine_fail("no memory for a shared array", {"the simulator", 0});
#if !SIM_MSAN
    memset(memory, 0xCD, bytes);
#endif
    sanitizer_quiet_end();
    shared_arrays[shared_count].key = key;
    shared_arrays[shared_count].memory = memory;
    shared_count++;
    return memory;
}
