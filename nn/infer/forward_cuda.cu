/* nn/infer/forward_cuda.cu - what all implementations of the network on CUDA share: memory, and the
 * loading of weights. */
#include <stdlib.h>

#include "device/core/launch.cuh"
#include "nn/ops/outputs.h"
#include "net_cuda.h"

static PackOrder order_of(const NetImplementation *implementation, Precision precision) {
    return precision == PRECISION_INT8 ? implementation->order_int8 : implementation->order;
}

static void weights_layout(NetWeights *w, const NetImplementation *implementation,
                           const NetSpec *spec, Arena *arena) {
    const ModelConfig *c = &spec->model;
    size_t in = (size_t)c->policy_hidden + (size_t)c->value_hidden;
    packed_layout(&w->packed, c, spec->precision, order_of(implementation, spec->precision), arena);
    w->outputs = NULL;
    if (implementation->joined)
        w->outputs = arena_take(arena, in * (size_t)outputs_columns(c),
                                element_bytes(spec->precision));
}

static void net_layout(Net *net, Arena *arena) {
    weights_layout(&net->weights, net->implementation, &net->spec, arena);
    net->weights_bytes = arena->used;
    net->implementation->layout(net, arena);
}

static Status create_check(const NetSpec *spec) {
    TRY(model_config_check(&spec->model));
    bool known = spec->network > NETWORK_AUTO && spec->network < NETWORK_COUNT &&
                 spec->precision < PRECISION_COUNT && spec->capacity > 0;
    if (!known || !net_implementations[spec->network]) return STATUS_ARGUMENT;
    return net_implementations[spec->network]->check(spec);
}

/* The struct alone, without device memory. */
static Net *net_new(const NetSpec *spec) {
    const NetImplementation *implementation = net_implementations[spec->network];
    Net *net = (Net *)calloc(1, implementation->struct_bytes);
    if (!net) return NULL;
    net->implementation = implementation;
    net->spec = *spec;
    return net;
}

static size_t bytes_cuda(const NetSpec *spec) {
    if (create_check(spec) != STATUS_OK) return 0;
    Net *net = net_new(spec);
    if (!net) return 0;
    Arena dry = {NULL, 0, 0};
    net_layout(net, &dry);
    free(net);
    return dry.used;
}

static Status net_open(Net *net) {
    Arena dry = {NULL, 0, 0};
    net_layout(net, &dry);
    TRY(backend_cuda.alloc(&net->memory, dry.used));
    Arena arena = {(char *)net->memory, 0, dry.used};
    net_layout(net, &arena);
    TRY(backend_cuda.alloc_host(&net->staging, net->weights_bytes));
    TRY(backend_cuda.event_open(&net->copied));
    TRY(backend_cuda.stream_open(&net->side));
    TRY(net->implementation->open(net));
    return STATUS_OK;
}

static void destroy_cuda(Net *net) {
    if (!net) return;
    if (net->copied) (void)backend_cuda.event_sync(net->copied); /* the last copy out of staging */
    net->implementation->close(net);
    if (net->side) backend_cuda.stream_close(net->side);
    if (net->copied) backend_cuda.event_close(net->copied);
    if (net->staging) backend_cuda.release_host(net->staging);
    if (net->memory) backend_cuda.release(net->memory);
    free(net);
}

static Status create_cuda(Net **out, const NetSpec *spec) {
    *out = NULL;
    TRY(create_check(spec));
    Net *net = net_new(spec);
    if (!net) return STATUS_MEMORY;
    Status status = net_open(net);
    if (status == STATUS_OK)
        *out = net;
    else
        destroy_cuda(net);
    return status;
}

/* The host waits only for the copy of the previous load, which still reads the staging memory. */
static Status load_cuda(Net *net, const Weights *weights, Stream stream) {
    const NetSpec *spec = &net->spec;
    NetWeights image;
    Arena arena = {(char *)net->staging, 0, net->weights_bytes};
    weights_layout(&image, net->implementation, spec, &arena);
    TRY(backend_cuda.event_sync(net->copied));
    TRY(packed_fill(&image.packed, &spec->model, spec->precision,
                    order_of(net->implementation, spec->precision), weights));
    if (image.outputs)
        outputs_fill(image.outputs, spec->precision, outputs_columns(&spec->model),
                     &image.packed.policy_fc3, &image.packed.value_fc3);
    TRY(backend_cuda.to_device(net->memory, net->staging, net->weights_bytes, stream));
    TRY(backend_cuda.event_record(net->copied, stream));
    return STATUS_OK;
}

static Status forward_cuda(Net *net, const void *rows, const int32_t *count, float *logits,
                           float *values, Stream stream) {
    TRY(net->implementation->forward(net, rows, count, logits, values, stream));
    return STATUS_OK;
}

/* The number of multiprocessors too, since a library's heuristic looks at it. */
static void arithmetic_cuda(Network network, char *text, size_t bytes) {
    int device = 0, major = 0, minor = 0, processors = 0;
    const NetImplementation *implementation = net_implementations[network];
    char library[64];
    if (!implementation || !implementation->product_library) {
        snprintf(text, bytes, FORWARD_FMAF);
        return;
    }
    implementation->product_library(library, sizeof library);
    (void)cudaGetDevice(&device);
    (void)cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    (void)cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
    (void)cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    snprintf(text, bytes, "%s, sm_%d%d, %d multiprocessors", library, major, minor, processors);
}

extern "C" const NetOps net_cuda = {.bf16_rows = true,
                                    .choose = choose_cuda,
                                    .bytes = bytes_cuda,
                                    .create = create_cuda,
                                    .destroy = destroy_cuda,
                                    .load = load_cuda,
                                    .forward = forward_cuda,
                                    .arithmetic = arithmetic_cuda};
