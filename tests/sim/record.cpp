/* tests/sim/record.cpp - the two lists of the recorder. */
#include "calls.h"

#include <string.h>

#include "tests/sim/include/nvtx3/nvToolsExt.h"
#include "runtime.h"

static bool recording;
static std::vector<SimRecord> asked, ran;
static std::vector<std::shared_ptr<SimKernel>> kept; /* whose arguments the lists point to */

void sim_record_begin(void) {
    asked.clear();
    ran.clear();
    kept.clear();
    recording = true;
}

void sim_record_end(void) { recording = false; }

const SimRecord *sim_record_asked(int *count) {
    *count = (int)asked.size();
    return asked.data();
}

const SimRecord *sim_record_ran(int *count) {
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

static SimRecord record_of(const SimOp &op) {
    SimRecord r = {};
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
    kept.push_back(op.kernel);
    return r;
}

void record_asked(const SimRecord &record) {
    if (recording) asked.push_back(record);
}

void record_asked_op(const SimOp &op, cudaStream_t stream, bool captured) {
    if (!recording) return;
    SimRecord r = record_of(op);
    r.stream = stream;
    r.captured = captured;
    asked.push_back(r);
}

void record_ran_op(const SimOp &op) {
    if (recording) ran.push_back(record_of(op));
}

static int depth;

int nvtxRangePushA(const char *name) {
    SimRecord r = {};
    r.kind = SIM_RANGE_PUSH;
    r.name = name;
    record_asked(r);
    return depth++;
}

int nvtxRangePop(void) {
    SimRecord r = {};
    r.kind = SIM_RANGE_POP;
    record_asked(r);
    return --depth;
}
