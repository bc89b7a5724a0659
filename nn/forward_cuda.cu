/* nn/forward_cuda.cu - inference in float32 or bf16 through cuBLASLt, twin of forward_cpu.c.
 *
 * Every call computes all `capacity` places, layer by layer: what is enqueued never depends on the
 * count, which the device alone knows. Sums are float32; in bf16 each product's result, with bias
 * and residual in it, and each norm's are rounded once. */
#include <stdlib.h>

#include "forward.h"
#include "forward_kernels.cuh"
#include "gemm.cuh"
#include "pack.h"

enum { THREADS = 128 }; /* a block */

/* The products by shape; those of the layers are shared by all layers. */
typedef enum {
    GEMM_EMBED,
    GEMM_ATTENTION,
    GEMM_UP,
    GEMM_DOWN,
    GEMM_HEAD,
    GEMM_POLICY,
    GEMM_VALUE,
    GEMM_COUNT
} GemmKind;

struct Net {
    ModelConfig config; /* spec.model */
    NetSpec spec;
    Precision precision; /* spec.precision */
    int capacity;        /* R, spec.capacity */
    void *memory;        /* all that follows, device memory, owned */
    Packed packed;       /* at its start */
    size_t packed_bytes;
    void *stream;    /* (R, C) elements: what flows from layer to layer */
    void *sums;      /* (R, C) elements: a product on its way into a norm */
    void *wide;      /* (R, widest) elements: inputs, hidden layer, heads' hidden layers */
    float *policy;   /* (R, A) */
    float *value;    /* (R, V) */
    int32_t *none;   /* 0, a count for rehearsals */
    void *workspace; /* (GEMM_WORKSPACE_BYTES) */
    cublasLtHandle_t lt;
    Gemm gemm[GEMM_COUNT];
};

static void net_layout(Net *net, Arena *arena) {
    const ModelConfig *c = &net->config;
    size_t rows = (size_t)net->capacity, element = element_bytes(net->precision);
    int widest = c->policy_hidden + c->value_hidden;
    if (c->hidden > widest) widest = c->hidden;
    if (c->inputs > widest) widest = c->inputs;
    packed_layout(&net->packed, c, net->precision, arena);
    net->packed_bytes = arena->used;
    net->stream = arena_take(arena, rows * (size_t)c->width, element);
    net->sums = arena_take(arena, rows * (size_t)c->width, element);
    net->wide = arena_take(arena, rows * (size_t)widest, element);
    net->policy = (float *)arena_take(arena, rows * (size_t)c->actions, sizeof(float));
    net->value = (float *)arena_take(arena, rows * (size_t)c->values, sizeof(float));
    net->none = (int32_t *)arena_take(arena, 1, sizeof(int32_t));
    net->workspace = arena_take(arena, GEMM_WORKSPACE_BYTES, 1);
}

/* The heads' hidden layers lie side by side in a row and are read 16 bytes at a time. */
static Status create_check(const NetSpec *spec) {
    const ModelConfig *config = &spec->model;
    TRY(model_config_check(config));
    bool known = (spec->precision == PRECISION_FLOAT32 || spec->precision == PRECISION_BF16) &&
                 spec->network == NETWORK_LAYERS;
    bool aligned = config->policy_hidden % 8 == 0 && config->value_hidden % 8 == 0;
    return known && aligned && spec->capacity > 0 ? STATUS_OK : STATUS_ARGUMENT;
}

static Status choose_cuda(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                          char *why, size_t why_bytes) {
    (void)spec;
    (void)weights;
    if (asked == NETWORK_AUTO) asked = NETWORK_LAYERS;
    if (asked != NETWORK_LAYERS) {
        fprintf(stderr, "--network %s: not on cuda; allowed here: auto, layers\n",
                network_name(asked));
        return STATUS_INPUT;
    }
    *out = asked;
    snprintf(why, why_bytes, "layers, cuBLASLt");
    return STATUS_OK;
}

static size_t bytes_cuda(const NetSpec *spec) {
    if (create_check(spec) != STATUS_OK) return 0;
    Net net;
    Arena dry = {NULL, 0, 0};
    memset(&net, 0, sizeof net);
    net.config = spec->model;
    net.spec = *spec;
    net.precision = spec->precision;
    net.capacity = spec->capacity;
    net_layout(&net, &dry);
    return dry.used;
}

static void destroy_cuda(Net *net) {
    if (!net) return;
    for (int i = 0; i < GEMM_COUNT; i++) gemm_close(&net->gemm[i]);
    if (net->lt) (void)cublasLtDestroy(net->lt);
    if (net->memory) backend_cuda.release(net->memory);
    free(net);
}

static Status gemm_open_for(Net *net, GemmKind kind, const Linear *l, int stride,
                            cublasLtEpilogue_t epilogue, float beta) {
    cudaDataType_t type = net->precision == PRECISION_BF16 ? CUDA_R_16BF : CUDA_R_32F;
    bool last = kind == GEMM_POLICY || kind == GEMM_VALUE; /* in float32, bias added by the head */
    GemmShape s;
    s.in = l->in;
    s.out = l->out;
    s.rows = net->capacity;
    s.stride = stride;
    s.type = type;
    s.result = last ? CUDA_R_32F : type;
    s.epilogue = epilogue;
    s.beta = beta;
    s.bias = l->bias_element;
    TRY(gemm_open(&net->gemm[kind], net->lt, &s));
    return STATUS_OK;
}

static Status net_open(Net *net) {
    const Packed *p = &net->packed;
    const ModelConfig *c = &net->config;
    Arena dry = {NULL, 0, 0};
    net_layout(net, &dry);
    TRY(backend_cuda.alloc(&net->memory, dry.used));
    Arena arena = {(char *)net->memory, 0, dry.used};
    net_layout(net, &arena);
    LT_TRY(cublasLtCreate(&net->lt));
    const cublasLtEpilogue_t bare = CUBLASLT_EPILOGUE_DEFAULT, bias = CUBLASLT_EPILOGUE_BIAS;
    const cublasLtEpilogue_t relu = CUBLASLT_EPILOGUE_RELU_BIAS;
    TRY(gemm_open_for(net, GEMM_EMBED, &p->embed, c->inputs, bias, 0.0f));
    TRY(gemm_open_for(net, GEMM_ATTENTION, &p->layer[0].attention, c->width, bias, 1.0f));
    TRY(gemm_open_for(net, GEMM_UP, &p->layer[0].up, c->width, relu, 0.0f));
    TRY(gemm_open_for(net, GEMM_DOWN, &p->layer[0].down, c->hidden, bias, 1.0f));
    TRY(gemm_open_for(net, GEMM_HEAD, &p->head, c->width, relu, 0.0f));
    TRY(gemm_open_for(net, GEMM_POLICY, &p->policy, p->head.out, bare, 0.0f));
    TRY(gemm_open_for(net, GEMM_VALUE, &p->value, p->head.out, bare, 0.0f));
    return STATUS_OK;
}

static Status create_cuda(Net **out, const NetSpec *spec) {
    *out = NULL;
    TRY(create_check(spec));
    Net *net = (Net *)calloc(1, sizeof *net);
    if (!net) return STATUS_MEMORY;
    net->config = spec->model;
    net->spec = *spec;
    net->precision = spec->precision;
    net->capacity = spec->capacity;
    Status status = net_open(net);
    if (status == STATUS_OK)
        *out = net;
    else
        destroy_cuda(net);
    return status;
}

/* y = x W + bias, + addend where the product's beta is 1. */
static Status product(Net *net, GemmKind kind, const Linear *l, const void *x, const void *addend,
                      void *y, Stream stream) {
    TRY(gemm_run(&net->gemm[kind], net->lt, l->weight, l->bias_element, x, addend, y,
                 net->workspace, stream));
    return STATUS_OK;
}

static int blocks(const Net *net) { return launch_blocks(net->capacity, 32, THREADS); }

static Status input_all(Net *net, const void *rows, const int32_t *count, Stream stream) {
    InputArgs args = {rows, net->wide, net->precision, net->capacity, net->config.inputs};
    if (net->precision == PRECISION_BF16)
        LAUNCH(input_kernel<PRECISION_BF16>, blocks(net), THREADS, stream, args, count);
    else
        LAUNCH(input_kernel<PRECISION_FLOAT32>, blocks(net), THREADS, stream, args, count);
    return STATUS_OK;
}

typedef void (*NormKernel)(LayerNormArgs, const int32_t *);

static const NormKernel norm_kernels[PRECISION_COUNT][2] = {
    {layernorm_kernel<PRECISION_FLOAT32, false>, layernorm_kernel<PRECISION_FLOAT32, true>},
    {layernorm_kernel<PRECISION_BF16, false>, layernorm_kernel<PRECISION_BF16, true>},
};

/* stream = norm of sums, which has the residual already, and the bias if the product could. */
static Status norm_all(Net *net, GemmKind kind, const Linear *from, const Norm *norm,
                       const float *after, const int32_t *count, Stream stream) {
    const float *bias = net->gemm[kind].fused ? NULL : from->bias;
    LayerNormArgs args = {net->sums, bias,        NULL,           norm->gain,    norm->shift,
                          after,     net->stream, net->precision, net->capacity, from->out};
    NormKernel kernel = norm_kernels[net->precision][!bias && !after];
    LAUNCH(kernel, blocks(net), THREADS, stream, args, count);
    return STATUS_OK;
}

static Status relu_all(Net *net, GemmKind kind, const Linear *from, const int32_t *count,
                       Stream stream) {
    if (net->gemm[kind].fused) return STATUS_OK;
    ReluArgs args = {net->wide, from->bias, net->precision, net->capacity, from->out};
    if (net->precision == PRECISION_BF16)
        LAUNCH(relu_kernel<PRECISION_BF16>, blocks(net), THREADS, stream, args, count);
    else
        LAUNCH(relu_kernel<PRECISION_FLOAT32>, blocks(net), THREADS, stream, args, count);
    return STATUS_OK;
}

static Status head_all(Net *net, const Linear *from, const float *x, HeadFunction function,
                       float *y, const int32_t *count, Stream stream) {
    HeadArgs args = {x, from->bias, y, function, net->capacity, from->out};
    LAUNCH(head_kernel, blocks(net), THREADS, stream, args, count);
    return STATUS_OK;
}

static Status layer_all(Net *net, int l, const int32_t *count, Stream stream) {
    const Linear *attention = &net->packed.layer[l].attention;
    const Linear *up = &net->packed.layer[l].up, *down = &net->packed.layer[l].down;
    const Norm *norm1 = &net->packed.layer[l].norm1, *norm2 = &net->packed.layer[l].norm2;
    TRY(product(net, GEMM_ATTENTION, attention, net->stream, net->stream, net->sums, stream));
    TRY(norm_all(net, GEMM_ATTENTION, attention, norm1, NULL, count, stream));
    TRY(product(net, GEMM_UP, up, net->stream, NULL, net->wide, stream));
    TRY(relu_all(net, GEMM_UP, up, count, stream));
    TRY(product(net, GEMM_DOWN, down, net->wide, net->stream, net->sums, stream));
    TRY(norm_all(net, GEMM_DOWN, down, norm2, NULL, count, stream));
    return STATUS_OK;
}

static Status forward_cuda(Net *net, const void *rows, const int32_t *count, float *logits,
                           float *values, Stream stream) {
    const Packed *p = &net->packed;
    const ModelConfig *c = &net->config;

    /* Step 1: embed. */
    TRY(input_all(net, rows, count, stream));
    TRY(product(net, GEMM_EMBED, &p->embed, net->wide, NULL, net->sums, stream));
    TRY(norm_all(net, GEMM_EMBED, &p->embed, &p->embed_norm, p->position, count, stream));

    /* Step 2: the layers. */
    for (int l = 0; l < c->layers; l++) TRY(layer_all(net, l, count, stream));

    /* Step 3: both heads. */
    const char *hidden = (const char *)net->wide;
    size_t policy_bytes = (size_t)c->policy_hidden * element_bytes(net->precision);
    HeadFunction function = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    TRY(product(net, GEMM_HEAD, &p->head, net->stream, NULL, net->wide, stream));
    TRY(relu_all(net, GEMM_HEAD, &p->head, count, stream));
    TRY(product(net, GEMM_POLICY, &p->policy, hidden, NULL, net->policy, stream));
    TRY(product(net, GEMM_VALUE, &p->value, hidden + policy_bytes, NULL, net->value, stream));
    TRY(head_all(net, &p->policy, net->policy, HEAD_LINEAR, logits, count, stream));
    TRY(head_all(net, &p->value, net->value, function, values, count, stream));
    return STATUS_OK;
}

/* Ends with a rehearsal without rows: every kernel is loaded now, since loading is not allowed
 * while a graph is captured. */
static Status load_cuda(Net *net, const Weights *weights, Stream stream) {
    char *image = (char *)calloc(1, net->packed_bytes);
    if (!image) return STATUS_MEMORY;
    Status status;
    Packed packed;
    Arena arena = {image, 0, net->packed_bytes};
    packed_layout(&packed, &net->config, net->precision, &arena);
    TRY_GOTO(status, packed_fill(&packed, &net->config, net->precision, PACK_OUT_IN, weights));
    TRY_GOTO(status, backend_cuda.to_device(net->memory, image, net->packed_bytes, stream));
    TRY_GOTO(status, forward_cuda(net, NULL, net->none, NULL, NULL, stream));
    TRY_GOTO(status, backend_cuda.stream_sync(stream)); /* the image is freed below */
fail:
    free(image);
    return status;
}

/* The heuristic looks at the number of multiprocessors too. */
static void describe_cuda(char *isa, size_t isa_bytes, char *library, size_t library_bytes) {
    int device = 0, major = 0, minor = 0, processors = 0;
    (void)cudaGetDevice(&device);
    (void)cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    (void)cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
    (void)cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    snprintf(isa, isa_bytes, "sm_%d%d, %d multiprocessors", major, minor, processors);
    snprintf(library, library_bytes, "cuBLASLt %zu", cublasLtGetVersion());
}

extern "C" const NetOps net_cuda = {true,         choose_cuda, bytes_cuda,   create_cuda,
                                    destroy_cuda, load_cuda,   forward_cuda, describe_cuda};
