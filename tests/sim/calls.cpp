/* tests/sim/calls.cpp - the two lists of calls: those that the host made and those that ran. */
#include "calls.h"

#include <string.h>

#include "tests/sim/include/nvtx3/nvToolsExt.h"
#include "runtime.h"

static bool is_on;
static std::vector<SimCall> made, ran;
static std::vector<std::shared_ptr<SimKernel>> kernels; /* the lists point to their arguments */

void sim_calls_begin(void) {
    made.clear();
    ran.clear();
    kernels.clear();
    is_on = true;
}

void sim_calls_end(void) { is_on = false; }

const SimCall *sim_calls_made(int *count) {
    *count = (int)made.size();
    return made.data();
}

const SimCall *sim_calls_ran(int *count) {
    *count = (int)ran.size();
    return ran.data();
}

const char *sim_kind_name(SimKind kind) {
    static const char *const names[SIM_KIND_COUNT] = {
        "kernel",        "copy",        "set",         "event record", "event wait",
        "graph launch",  "conditional", "alloc",       "free",         "alloc host",
        "free host",     "stream sync", "event sync",  "device sync",  "query",
        "capture begin", "capture end", "instantiate", "range push",   "range pop"};
    return names[kind];
}

static SimCall call_of(const SimOp &op) {
    SimCall r = {};
    r.kind = op.kind;
    r.dst = op.dst;
    r.src = op.src;
    r.bytes = op.bytes;
    r.value = op.value;
    r.direction = op.kind == SIM_COPY ? (int)op.direction : 0;
    if (op.kind == SIM_EVENT_RECORD || op.kind == SIM_EVENT_WAIT) r.src = op.event.get();
    if (!op.kernel) return r;
    const SimKernel &k = *op.kernel;
    r.name = k.name;
    r.function = k.function;
    const unsigned grid[3] = {k.grid.x, k.grid.y, k.grid.z};
    const unsigned block[3] = {k.block.x, k.block.y, k.block.z};
    memcpy(r.grid, grid, sizeof grid);
    memcpy(r.block, block, sizeof block);
    r.arguments = k.arguments.data();
    r.argument_bytes = k.arguments.size();
    kernels.push_back(op.kernel);
    return r;
}

void call_add(const SimCall &call) {
    if (is_on) made.push_back(call);
}

void call_add_kind(SimKind kind, cudaStream_t stream) {
    SimCall call = {};
    call.kind = kind;
    call.stream = stream;
    call_add(call);
}

void call_add_op(const SimOp &op, cudaStream_t stream, bool captured) {
    if (!is_on) return;
    SimCall call = call_of(op);
    call.stream = stream;
    call.captured = captured;
    made.push_back(call);
}

void call_ran(const SimOp &op) {
    if (is_on) ran.push_back(call_of(op));
}

static int depth;

int nvtxRangePushA(const char *name) {
    SimCall call = {};
    call.kind = SIM_RANGE_PUSH;
    call.name = name;
    call_add(call);
    return depth++;
}

int nvtxRangePop(void) {
    call_add_kind(SIM_RANGE_POP, NULL);
    return --depth;
}
