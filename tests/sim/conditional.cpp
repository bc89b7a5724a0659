/* tests/sim/conditional.cpp - handles that kernels set, and the nodes that obey them. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"
#include "runtime.h"

struct Handle {
    cudaGraph_t graph; /* its node must be in this one */
    unsigned at_first;
    bool reset;    /* to at_first, at every launch */
    bool used;     /* by a node */
    bool set;      /* since the launch of its graph */
    bool launched; /* its graph is running */
    unsigned value;
};

static std::vector<Handle> handles; /* handle h is at h - 1 */

static Handle *handle_find(cudaGraphConditionalHandle handle) {
    return handle >= 1 && handle <= handles.size() ? &handles[handle - 1] : NULL;
}

cudaError_t cudaGraphConditionalHandleCreate(cudaGraphConditionalHandle *out, cudaGraph_t graph,
                                             unsigned value, unsigned flags) {
    *out = 0;
    if (cudaError_t error = error_injected()) return error;
    if (!graph) return error_set(cudaErrorInvalidValue);
    bool reset = flags == cudaGraphCondAssignDefault;
    handles.push_back({.graph = graph, .at_first = value, .reset = reset});
    *out = handles.size();
    return cudaSuccess;
}

cudaError_t conditional_check(cudaGraph_t graph, const cudaConditionalNodeParams &params) {
    Handle *handle = handle_find(params.handle);
    bool size = params.type == cudaGraphCondTypeWhile ? params.size == 1
                : params.type == cudaGraphCondTypeIf  ? params.size == 1 || params.size == 2
                                                      : params.size >= 1;
    if (!handle || handle->graph != graph || handle->used || !size)
        return error_say(cudaErrorInvalidValue,
                         "a conditional node with a wrong handle or number of bodies");
    handle->used = true;
    return cudaSuccess;
}

void conditional_launch(const CUgraph_st &graph) {
    for (const auto &node : graph.nodes) {
        if (node->type != cudaGraphNodeTypeConditional) continue;
        Handle *handle = handle_find(node->handle);
        handle->launched = true;
        handle->set = handle->reset;
        handle->value = handle->at_first;
        for (const auto &body : node->bodies) conditional_launch(*body);
    }
}

void cudaGraphSetConditional(unsigned long long handle, unsigned value) {
    Handle *h = handle_find(handle);
    if (!h || !h->launched)
        engine_fail("a kernel sets the handle of a graph that is not running", {"", 0});
    h->set = true;
    h->value = value;
}

/* The value of the node's handle, which a kernel must have set. */
static unsigned conditional_value(const CUgraphNode_st &node) {
    const Handle *handle = handle_find(node.handle);
    if (!handle->set) {
        fprintf(stderr,
                "simulator: a conditional node runs before any kernel has set its handle\n");
        _Exit(97);
    }
    return handle->value;
}

void conditional_run(const CUgraphNode_st &node) {
    static const std::vector<long> none;
    SimOp op = node.op;
    unsigned value = conditional_value(node);
    op.value = (int)value;
    call_ran(op);
    switch (node.condition) {
    case cudaGraphCondTypeSwitch:
        if (value < node.bodies.size()) graph_run(*node.bodies[value], none);
        break;
    case cudaGraphCondTypeIf:
        if (value != 0)
            graph_run(*node.bodies[0], none);
        else if (node.bodies.size() == 2)
            graph_run(*node.bodies[1], none);
        break;
    case cudaGraphCondTypeWhile:
        for (; value != 0; value = conditional_value(node)) graph_run(*node.bodies[0], none);
        break;
    }
}
