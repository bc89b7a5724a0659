/* nn/infer/net_layers.cu - the network layer by layer through cuBLASLt, in float32 or bf16.
 *
 *   chunk of rows ─► embed, norm ─► L x [ self_attn, norm, linear1, linear2, norm ] ─► head,
 *   outputs
 *
 * Sums are float32; in bf16 each product's result, with bias, ReLU or residual in it, and each
 * norm's are rounded once. With 6 layers a chunk is 35 launches: 21 products and 14 kernels.
 *
 * H200, bf16, 132 multiprocessors, 50 MB of L2: 64 rows for each are 8,448, 66 tiles of 128.
 * linear1 is 66 x 4 tiles of 128 x 256 = 2 x 132, self_attn and linear2 66 x 2 tiles of 128 x 128 =
 * 132: no wave of blocks is half empty. The hidden layer has 17 MB, `residual` and `sums` 9, the
 * weights 7, which leaves room for the rows (4) and the last sums (2). 8,448 rows are 63 GFLOP, 79
 * us at 790 TFLOP/s.
 *
 * Captured, a switch before each bucket of chunks lets it run or not. 24,576 games x 3 worlds are
 * 73,728 rows, 9 chunks, buckets after 1, 3, 5, 7 and 9: 9 x 35 nodes, 5 switches and the kernel
 * that sets them = 321 nodes a wave, 9,951 an epoch of 31 waves. One switch with a case for each of
 * those counts would hold 1 + 3 + 5 + 7 + 9 = 25 chunks, 875 nodes a wave. */
#include "device/core/graph.cuh"
#include "nn/cublaslt.cuh"
#include "forward_kernels.cuh"
#include "net_cuda.h"

enum { THREADS = 128 }; /* a block */

enum { WORKSPACE_BYTES = 32 << 20, LEAST_ROWS = 64 };

/* The products by shape; those of the layers are shared by all layers. */
typedef enum {
    GEMM_INPUT_EMBEDDING,
    GEMM_SELF_ATTN,
    GEMM_LINEAR1,
    GEMM_LINEAR2,
    GEMM_FC0,
    GEMM_FC3,
    GEMM_COUNT
} GemmKind;

typedef struct {
    Net net;
    int full;        /* rows of a chunk if there are enough */
    int height;      /* rows of a chunk: full, or what the capacity takes */
    int chunks;      /* that cover the capacity */
    void *residual;  /* (height, C) elements: what flows from layer to layer */
    void *sums;      /* (height, C) elements: a product on its way into a norm */
    void *hidden;    /* (height, widest) elements: inputs, hidden layer, heads' hidden layers */
    float *last;     /* (height, columns) the last layers' sums */
    int32_t *none;   /* 0: the count of the rehearsal */
    void *workspace; /* (WORKSPACE_BYTES) */
    cublasLtHandle_t lt;
    LtProduct product[GEMM_COUNT];
} LayersNet;

/* One call of forward, at one chunk. */
typedef struct {
    const void *rows; /* of the whole batch, as are the three that follow */
    const int32_t *count;
    float *logits, *values;
    int first; /* row where the chunk begins */
    Stream stream;
} LayersCall;

/* Matrices are read 16 bytes at a time. */
static Status check_layers(const NetSpec *spec) {
    const ModelConfig *c = &spec->model;
    bool known = spec->precision == PRECISION_FLOAT32 || spec->precision == PRECISION_BF16;
    bool aligned = (c->policy_hidden + c->value_hidden) % 8 == 0;
    return known && aligned ? STATUS_OK : STATUS_ARGUMENT;
}

/* How the rows are cut, by the GPU that is open. */
static void cut_rows(LayersNet *n, int widest) {
    int device = 0, processors = 0, l2 = 0;
    (void)cudaGetDevice(&device);
    (void)cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    (void)cudaDeviceGetAttribute(&l2, cudaDevAttrL2CacheSize, device);
    if (processors < 1) processors = 1; /* alloc refuses a moment later */
    const int capacity = n->net.spec.capacity;
    n->full = chunk_full(processors, (size_t)l2,
                         (size_t)widest * element_bytes(n->net.spec.precision));
    n->height = chunk_height(capacity, n->full);
    n->chunks = chunk_count(capacity, n->height);
}

static void layout_layers(Net *net, Arena *arena) {
    LayersNet *n = (LayersNet *)net;
    const ModelConfig *c = &net->spec.model;
    const size_t element = element_bytes(net->spec.precision);
    int widest = c->policy_hidden + c->value_hidden;
    if (c->hidden > widest) widest = c->hidden;
    if (c->inputs > widest) widest = c->inputs;
    cut_rows(n, widest);
    const size_t rows = (size_t)n->height;
    n->residual = arena_take(arena, rows * (size_t)c->width, element);
    n->sums = arena_take(arena, rows * (size_t)c->width, element);
    n->hidden = arena_take(arena, rows * (size_t)widest, element);
    n->last = (float *)arena_take(arena, rows * (size_t)outputs_columns(c), sizeof *n->last);
    n->none = (int32_t *)arena_take(arena, 1, sizeof *n->none);
    n->workspace = arena_take(arena, WORKSPACE_BYTES, 1);
}

/* The algorithm is chosen for a number of rows that the GPU alone decides, whatever the capacity,
 * so that a row's bits depend neither on that nor on how many rows matter. */
static Status open_product(LayersNet *n, GemmKind kind, const Linear *l,
                           cublasLtEpilogue_t epilogue) {
    const Precision precision = n->net.spec.precision;
    const int rows[] = {n->full, LEAST_ROWS};
    LtShape s;
    memset(&s, 0, sizeof s);
    s.first = {
        .precision = precision, .rows = l->in, .columns = l->out, .stride = l->in, .batch = 1};
    s.second = {
        .precision = precision, .rows = l->in, .columns = n->height, .stride = l->in, .batch = 1};
    s.result = {.precision = kind == GEMM_FC3 ? PRECISION_FLOAT32 : precision, /* as heads are */
                .rows = l->out,
                .columns = n->height,
                .stride = l->out,
                .batch = 1};
    s.transpose_first = true;
    s.epilogue = epilogue;
    s.bias = l->bias_element;
    s.aligned = LT_SECOND; /* a chunk begins at any row of the observations */
    s.workspace_bytes = WORKSPACE_BYTES;
    s.one_order = true;
    s.columns = rows;
    s.column_count = 2;
    return lt_open(&n->product[kind], n->lt, &s);
}

/* Both last layers as one; its bias is added by the heads. */
static Linear outputs_linear(const LayersNet *n) {
    Linear l;
    memset(&l, 0, sizeof l);
    l.in = n->net.weights.packed.fc0.out;
    l.out = outputs_columns(&n->net.spec.model);
    l.weight = n->net.weights.outputs;
    return l;
}

/* y = x W^T + bias, + addend unless that is NULL. */
static Status product(LayersNet *n, GemmKind kind, const Linear *l, const void *x,
                      const void *addend, void *y, const LayersCall *call) {
    const LtCall lt = {
        .first = l->weight, .second = x, .bias = l->bias_element, .addend = addend, .result = y};
    return lt_run(&n->product[kind], n->lt, &lt, n->workspace, call->stream);
}

static int blocks(const LayersNet *n) { return launch_blocks(n->height, 32, THREADS); }

static bool is_bf16(const LayersNet *n) { return n->net.spec.precision == PRECISION_BF16; }

/* The chunk's observations as elements: in bf16 as they are, unless it reaches beyond them. */
static Status input_chunk(LayersNet *n, const LayersCall *call, const void **x) {
    const int C_in = n->net.spec.model.inputs;
    *x = (const uint16_t *)call->rows + (int64_t)call->first * C_in;
    if (is_bf16(n) && n->height <= n->net.spec.capacity) return STATUS_OK;
    InputArgs args = {*x, n->hidden, n->net.spec.precision, n->height, C_in};
    if (is_bf16(n))
        LAUNCH(input_kernel<PRECISION_BF16>, blocks(n), THREADS, call->stream, args, call->first,
               call->count);
    else
        LAUNCH(input_kernel<PRECISION_FLOAT32>, blocks(n), THREADS, call->stream, args, call->first,
               call->count);
    *x = n->hidden;
    return STATUS_OK;
}

typedef void (*NormKernel)(LayerNormArgs, int, const int32_t *);

static const NormKernel norm_kernels[2][2] = {
    {layernorm_kernel<PRECISION_FLOAT32, false>, layernorm_kernel<PRECISION_FLOAT32, true>},
    {layernorm_kernel<PRECISION_BF16, false>, layernorm_kernel<PRECISION_BF16, true>},
};

/* residual = norm of sums, which has the residual already, and the bias if the product could. */
static Status norm_chunk(LayersNet *n, GemmKind kind, const Linear *from, const Norm *norm,
                         const float *after, const LayersCall *call) {
    const float *bias = n->product[kind].fused ? NULL : from->bias;
    LayerNormArgs args = {
        .x = n->sums,
        .bias = bias,
        .residual = NULL,
        .gain = norm->gain,
        .shift = norm->shift,
        .after = after,
        .y = n->residual,
        .precision = n->net.spec.precision,
        .rows = n->height,
        .width = from->out,
    };
    NormKernel kernel = norm_kernels[is_bf16(n)][!bias && !after];
    LAUNCH(kernel, blocks(n), THREADS, call->stream, args, call->first, call->count);
    return STATUS_OK;
}

static Status relu_chunk(LayersNet *n, GemmKind kind, const Linear *from, const LayersCall *call) {
    if (n->product[kind].fused) return STATUS_OK;
    ReluArgs args = {n->hidden, from->bias, n->net.spec.precision, n->height, from->out};
    if (is_bf16(n))
        LAUNCH(relu_kernel<PRECISION_BF16>, blocks(n), THREADS, call->stream, args, call->first,
               call->count);
    else
        LAUNCH(relu_kernel<PRECISION_FLOAT32>, blocks(n), THREADS, call->stream, args, call->first,
               call->count);
    return STATUS_OK;
}

static Status layer_chunk(LayersNet *n, int l, const LayersCall *call) {
    const Packed *p = &n->net.weights.packed;
    const Linear *self_attn = &p->layer[l].self_attn, *linear1 = &p->layer[l].linear1;
    const Linear *linear2 = &p->layer[l].linear2;
    TRY(product(n, GEMM_SELF_ATTN, self_attn, n->residual, n->residual, n->sums, call));
    TRY(norm_chunk(n, GEMM_SELF_ATTN, self_attn, &p->layer[l].norm1, NULL, call));
    TRY(product(n, GEMM_LINEAR1, linear1, n->residual, NULL, n->hidden, call));
    TRY(relu_chunk(n, GEMM_LINEAR1, linear1, call));
    TRY(product(n, GEMM_LINEAR2, linear2, n->hidden, n->residual, n->sums, call));
    return norm_chunk(n, GEMM_LINEAR2, linear2, &p->layer[l].norm2, NULL, call);
}

static Status outputs_chunk(LayersNet *n, const LayersCall *call) {
    const Packed *p = &n->net.weights.packed;
    const ModelConfig *c = &n->net.spec.model;
    const Linear outputs = outputs_linear(n);
    OutputsArgs args;
    args.x = n->last;
    args.policy_bias = p->policy_fc3.bias;
    args.value_bias = p->value_fc3.bias;
    args.logits = call->logits + (int64_t)call->first * c->actions;
    args.values = call->values + (int64_t)call->first * c->values;
    args.residual = n->residual;
    args.precision = n->net.spec.precision;
    args.width = c->width;
    args.function = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    args.rows = n->height;
    args.columns = outputs.out;
    args.actions = c->actions;
    args.value_count = c->values;
    TRY(product(n, GEMM_FC0, &p->fc0, n->residual, NULL, n->hidden, call));
    TRY(relu_chunk(n, GEMM_FC0, &p->fc0, call));
    TRY(product(n, GEMM_FC3, &outputs, n->hidden, NULL, n->last, call));
    LAUNCH(outputs_kernel, blocks(n), THREADS, call->stream, args, call->first, call->count);
    return STATUS_OK;
}

/* Chunks from .. to - 1, whole, one after the other: they share the scratch. */
static Status run_chunks(LayersNet *n, int from, int to, LayersCall call) {
    const Packed *p = &n->net.weights.packed;
    for (int i = from; i < to; i++) {
        const void *x;
        call.first = chunk_first(n->net.spec.capacity, n->height, i);

        /* Step 1: embed. */
        TRY(input_chunk(n, &call, &x));
        TRY(product(n, GEMM_INPUT_EMBEDDING, &p->input_embedding, x, NULL, n->sums, &call));
        TRY(norm_chunk(n, GEMM_INPUT_EMBEDDING, &p->input_embedding, &p->input_norm,
                       p->positional_encoding, &call));

        /* Step 2: the layers. */
        for (int l = 0; l < n->net.spec.model.layers; l++) TRY(layer_chunk(n, l, &call));

        /* Step 3: both heads. */
        TRY(outputs_chunk(n, &call));
    }
    return STATUS_OK;
}

/* A bucket runs if a row of its first chunk matters. */
typedef struct {
    cudaGraphConditionalHandle handle[CHUNK_BUCKETS_MAX];
    int first[CHUNK_BUCKETS_MAX]; /* row where the bucket begins */
    int buckets;
} BucketsArgs;

static __global__ void buckets_kernel(BucketsArgs args, const int32_t *count) {
    for (int j = 0; j < args.buckets; j++) /* case 0 runs it; there is no case 1 */
        cudaGraphSetConditional(args.handle[j], *count > args.first[j] ? 0u : 1u);
}

static Status capture_buckets(LayersNet *n, const LayersCall *call) {
    GraphSwitch bucket[CHUNK_BUCKETS_MAX];
    BucketsArgs args;
    int end[CHUNK_BUCKETS_MAX];
    memset(&args, 0, sizeof args);
    args.buckets = chunk_buckets(n->chunks, end);
    for (int j = 0; j < args.buckets; j++) {
        TRY(graph_switch_open(&bucket[j], call->stream, 1));
        args.handle[j] = bucket[j].handle;
        args.first[j] = j == 0 ? 0 : end[j - 1] * n->height;
    }
    LAUNCH(buckets_kernel, 1, 1, call->stream, args, call->count);
    LayersCall inside = *call;
    inside.stream = n->net.side;
    for (int j = 0; j < args.buckets; j++) {
        TRY(graph_switch_add(&bucket[j], call->stream));
        TRY(graph_case_begin(&bucket[j], 0, inside.stream));
        Status status = run_chunks(n, j == 0 ? 0 : end[j - 1], end[j], inside);
        Status ended = graph_case_end(inside.stream);
        TRY(status);
        TRY(ended);
    }
    return STATUS_OK;
}

static Status forward_layers(Net *net, const void *rows, const int32_t *count, float *logits,
                             float *values, Stream stream) {
    LayersNet *n = (LayersNet *)net;
    LayersCall call = {rows, count, logits, values, 0, stream};
    if (graph_is_captured(stream) && graph_has_switch()) return capture_buckets(n, &call);
    return run_chunks(n, 0, n->chunks, call);
}

/* The first chunk of no rows; products read what they are given all the same: zeros, so far. */
static Status rehearse(LayersNet *n) {
    BucketsArgs none;
    memset(&none, 0, sizeof none);
    LayersCall call = {n->hidden, n->none, n->last, n->last, 0, n->net.side};
    LAUNCH(buckets_kernel, 1, 1, call.stream, none, n->none);
    TRY(run_chunks(n, 0, 1, call));
    return backend_cuda.stream_sync(n->net.side);
}

static Status open_layers(Net *net) {
    LayersNet *n = (LayersNet *)net;
    const Packed *p = &net->weights.packed;
    const cublasLtEpilogue_t bare = CUBLASLT_EPILOGUE_DEFAULT, bias = CUBLASLT_EPILOGUE_BIAS;
    const cublasLtEpilogue_t relu = CUBLASLT_EPILOGUE_RELU_BIAS;
    const Linear outputs = outputs_linear(n);
    LT_TRY(cublasLtCreate(&n->lt));
    TRY(open_product(n, GEMM_INPUT_EMBEDDING, &p->input_embedding, bias));
    TRY(open_product(n, GEMM_SELF_ATTN, &p->layer[0].self_attn, bias));
    TRY(open_product(n, GEMM_LINEAR1, &p->layer[0].linear1, relu));
    TRY(open_product(n, GEMM_LINEAR2, &p->layer[0].linear2, bias));
    TRY(open_product(n, GEMM_FC0, &p->fc0, relu));
    TRY(open_product(n, GEMM_FC3, &outputs, bare));
    return rehearse(n);
}

static void close_layers(Net *net) {
    LayersNet *n = (LayersNet *)net;
    for (int i = 0; i < GEMM_COUNT; i++) lt_close(&n->product[i]);
    if (n->lt) (void)cublasLtDestroy(n->lt);
}

static void product_library_layers(char *text, size_t bytes) {
    snprintf(text, bytes, "cuBLASLt %zu", cublasLtGetVersion());
}

extern "C" const NetImplementation net_layers = {
    .struct_bytes = sizeof(LayersNet),
    .joined = true,
    .order = PACK_OUT_IN,
    .order_int8 = PACK_OUT_IN,
    .check = check_layers,
    .layout = layout_layers,
    .open = open_layers,
    .close = close_layers,
    .forward = forward_layers,
    .product_library = product_library_layers,
};
