/* tests/sim/graph.cpp - graphs: nodes with dependencies, copied when instantiated, run as one.
 *
 * The order of lanes also picks the next of the nodes whose predecessors have run, so a missing
 * dependency shows as results that change with the order. */
#include <stdio.h>

#include "runtime.h"

cudaGraphNode_t graph_add(cudaGraph_t graph, cudaGraphNodeType type, const SimOp &op,
                          const std::vector<cudaGraphNode_t> &after) {
    std::unique_ptr<CUgraphNode_st> node(new CUgraphNode_st());
    node->type = type;
    node->op = op;
    node->graph = graph;
    node->index = graph->nodes.size();
    for (cudaGraphNode_t a : after) node->after.push_back(a->index);
    graph->nodes.push_back(std::move(node));
    return graph->nodes.back().get();
}

cudaError_t cudaGraphCreate(cudaGraph_t *out, unsigned) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    *out = new CUgraph_st();
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    if (!graph) return error_set(cudaErrorInvalidValue);
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphAddNode(cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *after,
                             const cudaGraphEdgeData *, size_t count, cudaGraphNodeParams *params) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    if (!graph || !params) return error_set(cudaErrorInvalidValue);
    if (params->type != cudaGraphNodeTypeConditional)
        return error_say(cudaErrorNotSupported,
                         "a node that is not conditional: those are captured, not added");
    cudaConditionalNodeParams &c = params->conditional;
    if (cudaError_t error = conditional_check(graph, c)) return error;
    for (size_t i = 0; i < count; i++)
        if (after[i]->graph != graph) return error_set(cudaErrorInvalidValue);
    SimOp op;
    op.kind = SIM_CONDITIONAL;
    cudaGraphNode_t node = graph_add(graph, params->type, op, {after, after + count});
    node->handle = c.handle;
    node->condition = c.type;
    for (unsigned i = 0; i < c.size; i++) {
        node->bodies.push_back(std::make_shared<CUgraph_st>());
        node->body_handles.push_back(node->bodies.back().get());
    }
    c.phGraph_out = node->body_handles.data();
    *out = node;
    return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    if (cudaError_t error = error_injected()) return error;
    if (!graph) return error_set(cudaErrorInvalidValue);
    size_t n = graph->nodes.size();
    if (nodes)
        for (size_t i = 0; i < *count; i++) nodes[i] = i < n ? graph->nodes[i].get() : NULL;
    if (!nodes || *count > n) *count = n;
    return cudaSuccess;
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType *type) {
    if (cudaError_t error = error_injected()) return error;
    *type = node->type;
    return cudaSuccess;
}

static bool has_conditional(const CUgraph_st &graph) {
    for (const auto &node : graph.nodes)
        if (node->type == cudaGraphNodeTypeConditional) return true;
    return false;
}

/* CUDA allows no event nodes in the bodies of a conditional node. */
static bool bodies_fit(const CUgraph_st &graph, bool body) {
    for (const auto &node : graph.nodes) {
        if (body && node->type == cudaGraphNodeTypeEventRecord) return false;
        for (const auto &b : node->bodies)
            if (!bodies_fit(*b, true)) return false;
    }
    return true;
}

static std::shared_ptr<CUgraph_st> graph_copy(const CUgraph_st &graph) {
    auto copy = std::make_shared<CUgraph_st>();
    long events = 0;
    for (const auto &from : graph.nodes) {
        std::unique_ptr<CUgraphNode_st> node(new CUgraphNode_st(*from));
        node->graph = copy.get();
        for (auto &body : node->bodies) body = graph_copy(*body);
        if (node->type == cudaGraphNodeTypeEventRecord) node->op.recording = events++;
        copy->nodes.push_back(std::move(node));
    }
    return copy;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    if (!graph) return error_set(cudaErrorInvalidValue);
    if (!bodies_fit(*graph, false))
        return error_say(cudaErrorNotSupported, "an event node in the body of a conditional node");
    if (!graph->running) graph->running = std::make_shared<int>(0);
    if (has_conditional(*graph) && *graph->running > 0)
        return error_say(cudaErrorNotSupported,
                         "a second instance of a graph with conditional nodes");
    call_add_kind(SIM_INSTANTIATE, NULL);
    ++*graph->running;
    *out = new CUgraphExec_st{graph_copy(*graph), graph->running};
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t run) {
    if (!run) return error_set(cudaErrorInvalidValue);
    --*run->running;
    delete run; /* an enqueued launch keeps the graph alive, as in CUDA */
    return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t run, cudaStream_t stream) {
    if (cudaError_t error = error_injected()) return error;
    return error_set(run && stream_find(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t run, cudaStream_t stream) {
    if (cudaError_t error = error_injected()) return error;
    if (!run) return error_set(cudaErrorInvalidResourceHandle);
    std::unique_ptr<SimOp> op(new SimOp());
    op->kind = SIM_GRAPH_LAUNCH;
    op->run = run->graph;
    op->src = run;
    for (const auto &node : run->graph->nodes) {
        if (node->type != cudaGraphNodeTypeEventRecord) continue;
        node->op.event->stream = stream;
        node->op.event->captured = false;
        op->recordings.push_back(++node->op.event->enqueued);
    }
    return stream_enqueue(stream, std::move(op));
}

static void node_run(const CUgraphNode_st &node, const std::vector<long> &recordings) {
    if (node.type == cudaGraphNodeTypeConditional) {
        conditional_run(node);
    } else if (node.type == cudaGraphNodeTypeEventRecord) {
        SimOp op = node.op;
        op.recording = recordings[(size_t)op.recording];
        op_run(op);
    } else {
        op_run(node.op);
    }
}

void graph_run(const CUgraph_st &graph, const std::vector<long> &recordings) {
    size_t n = graph.nodes.size();
    std::vector<std::vector<size_t>> next(n);
    std::vector<size_t> waits_for(n), ready;
    for (size_t i = 0; i < n; i++) {
        waits_for[i] = graph.nodes[i]->after.size();
        for (size_t a : graph.nodes[i]->after) next[a].push_back(i);
        if (waits_for[i] == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
        unsigned chosen = engine_choose((unsigned)ready.size());
        size_t i = ready[chosen];
        ready.erase(ready.begin() + chosen);
        node_run(*graph.nodes[i], recordings);
        for (size_t j : next[i])
            if (--waits_for[j] == 0) ready.push_back(j);
    }
}
