/* nn/infer/net_plain.cu - the network from its bodies alone, one launch each: the oracle of the
 * other implementations.
 *
 * Grids cover the capacity; rows from the count on return at once. Activations between layers are
 * elements; with int8 they are float32 and quantized anew before every product. */
#include "forward_kernels.cuh"
#include "net_cuda.h"

enum { THREADS = 128 }; /* a block */

typedef struct {
    Net net;
    int rows;       /* that grids cover: the capacity, or 1 in the rehearsal */
    void *residual; /* (R, C) elements: from layer to layer */
    void *sums;     /* (R, C) elements: a product on its way into a norm */
    void *hidden;   /* (R, widest) elements: inputs, hidden layer, the heads' hidden layers */
    int8_t *q;      /* (R, q_stride) with int8 the input of a product; else NULL */
    float *scale;   /* (R, int8_blocks(widest)) of q */
    int32_t *none;  /* 0: the count of the rehearsal */
    int q_stride;
} PlainNet;

/* One call of forward. */
typedef struct {
    const int32_t *count;
    Stream stream;
} PlainCall;

static Status check_plain(const NetSpec *spec) {
    const ModelConfig *c = &spec->model;
    int widest = c->hidden > c->policy_hidden ? c->hidden : c->policy_hidden;
    if (c->width > widest) widest = c->width;
    if (c->value_hidden > widest) widest = c->value_hidden;
    bool fits = (int64_t)spec->capacity * linear_tiles(widest) <= INT32_MAX / 2; /* items */
    return fits ? STATUS_OK : STATUS_ARGUMENT;
}

static void layout_plain(Net *net, Arena *arena) {
    PlainNet *p = (PlainNet *)net;
    const ModelConfig *c = &net->spec.model;
    const size_t R = (size_t)net->spec.capacity, element = element_bytes(net->spec.precision);
    int widest = c->policy_hidden + c->value_hidden;
    if (c->hidden > widest) widest = c->hidden;
    if (c->inputs > widest) widest = c->inputs;
    if (c->width > widest) widest = c->width;
    p->residual = arena_take(arena, R * (size_t)c->width, element);
    p->sums = arena_take(arena, R * (size_t)c->width, element);
    p->hidden = arena_take(arena, R * (size_t)widest, element);
    p->q = NULL;
    p->scale = NULL;
    p->q_stride = linear_stride(widest);
    if (net->spec.precision == PRECISION_INT8) {
        p->q = (int8_t *)arena_take(arena, R * (size_t)p->q_stride, 1);
        p->scale = (float *)arena_take(arena, R * (size_t)int8_blocks(widest), sizeof *p->scale);
    }
    p->none = (int32_t *)arena_take(arena, 1, sizeof *p->none);
}

static int blocks(const PlainNet *p, int items) {
    return launch_blocks((int64_t)p->rows * items, 32, THREADS);
}

/* y = x W; the caller adds what follows. */
static LinearArgs linear_args(const PlainNet *p, const Linear *l, const void *x, int x_stride,
                              void *y) {
    const Precision precision = p->net.spec.precision;
    LinearArgs a;
    memset(&a, 0, sizeof a);
    a.l = *l;
    a.x = x;
    a.y = y;
    a.precision = precision;
    a.result = precision == PRECISION_BF16 ? PRECISION_BF16 : PRECISION_FLOAT32;
    a.rows = p->rows;
    a.x_stride = x_stride;
    return a;
}

static Status linear_int8(const PlainNet *p, const LinearArgs *a, const PlainCall *call) {
    QuantizeArgs quantize = {.x = (const float *)a->x,
                             .q = p->q,
                             .scale = p->scale,
                             .fault = p->net.spec.fault,
                             .first = 0,
                             .inputs = a->l.in,
                             .x_stride = a->x_stride,
                             .q_stride = p->q_stride};
    LAUNCH(quantize_kernel, blocks(p, 1), THREADS, call->stream, quantize, p->rows, call->count);
    LinearArgs product = *a;
    product.x = p->q;
    product.scale = p->scale;
    product.x_stride = p->q_stride;
    LAUNCH((linear_kernel<PRECISION_INT8, PRECISION_FLOAT32>), blocks(p, linear_tiles(a->l.out)),
           THREADS, call->stream, product, call->count);
    return STATUS_OK;
}

static Status linear_all(const PlainNet *p, const LinearArgs *a, const PlainCall *call) {
    const int grid = blocks(p, linear_tiles(a->l.out));
    if (a->precision == PRECISION_INT8)
        TRY(linear_int8(p, a, call));
    else if (a->precision == PRECISION_FLOAT32)
        LAUNCH((linear_kernel<PRECISION_FLOAT32, PRECISION_FLOAT32>), grid, THREADS, call->stream,
               *a, call->count);
    else if (a->result == PRECISION_FLOAT32)
        LAUNCH((linear_kernel<PRECISION_BF16, PRECISION_FLOAT32>), grid, THREADS, call->stream, *a,
               call->count);
    else
        LAUNCH((linear_kernel<PRECISION_BF16, PRECISION_BF16>), grid, THREADS, call->stream, *a,
               call->count);
    return STATUS_OK;
}

/* residual = the norm of sums, which include bias and residual already. */
static Status norm_all(const PlainNet *p, const Norm *norm, const float *after,
                       const PlainCall *call) {
    LayerNormArgs a;
    memset(&a, 0, sizeof a);
    a.x = p->sums;
    a.gain = norm->gain;
    a.shift = norm->shift;
    a.after = after;
    a.y = p->residual;
    a.rows = p->rows;
    a.width = p->net.spec.model.width;
    if (p->net.spec.precision == PRECISION_BF16)
        LAUNCH((layernorm_kernel<PRECISION_BF16, false>), blocks(p, 1), THREADS, call->stream, a, 0,
               call->count);
    else
        LAUNCH((layernorm_kernel<PRECISION_FLOAT32, false>), blocks(p, 1), THREADS, call->stream, a,
               0, call->count);
    return STATUS_OK;
}

static Status embed_all(const PlainNet *p, const void *rows, const PlainCall *call) {
    const Packed *w = &p->net.weights.packed;
    if (p->net.spec.precision != PRECISION_BF16) {
        InputArgs input = {.rows = rows,
                           .out = p->hidden,
                           .precision = PRECISION_FLOAT32,
                           .count = p->rows,
                           .inputs = p->net.spec.model.inputs};
        LAUNCH(input_kernel<PRECISION_FLOAT32>, blocks(p, 1), THREADS, call->stream, input, 0,
               call->count);
        rows = p->hidden;
    }
    LinearArgs embed = linear_args(p, &w->input_embedding, rows, w->input_embedding.in, p->sums);
    embed.after = LINEAR_BIAS;
    TRY(linear_all(p, &embed, call));
    return norm_all(p, &w->input_norm, w->positional_encoding, call);
}

static Status layer_all(const PlainNet *p, int l, const PlainCall *call) {
    const Packed *w = &p->net.weights.packed;
    const Linear *linear1 = &w->layer[l].linear1, *linear2 = &w->layer[l].linear2;
    LinearArgs self_attn_args = linear_args(p, &w->layer[l].self_attn, p->residual, linear1->in,
                                            p->sums);
    LinearArgs linear1_args = linear_args(p, linear1, p->residual, linear1->in, p->hidden);
    LinearArgs linear2_args = linear_args(p, linear2, p->hidden, linear2->in, p->sums);
    self_attn_args.residual = linear2_args.residual = p->residual;
    self_attn_args.after = linear2_args.after = LINEAR_BIAS;
    linear1_args.after = LINEAR_RELU;
    TRY(linear_all(p, &self_attn_args, call));
    TRY(norm_all(p, &w->layer[l].norm1, NULL, call));
    TRY(linear_all(p, &linear1_args, call));
    TRY(linear_all(p, &linear2_args, call));
    return norm_all(p, &w->layer[l].norm2, NULL, call);
}

/* A head's last layer from its hidden layer; y holds the sums in between. */
static Status head_all(const PlainNet *p, const Linear *l, const void *hidden,
                       HeadFunction function, float *y, const PlainCall *call) {
    LinearArgs last = linear_args(p, l, hidden, p->net.weights.packed.fc0.out, y);
    HeadArgs head = {
        .x = y, .bias = l->bias, .y = y, .function = function, .rows = p->rows, .columns = l->out};
    last.after = LINEAR_SUM;
    last.result = PRECISION_FLOAT32;
    TRY(linear_all(p, &last, call));
    LAUNCH(head_kernel, blocks(p, 1), THREADS, call->stream, head, call->count);
    return STATUS_OK;
}

static Status forward_plain(Net *net, const void *rows, const int32_t *count, float *logits,
                            float *values, Stream stream) {
    const PlainNet *p = (const PlainNet *)net;
    const Packed *w = &net->weights.packed;
    const ModelConfig *c = &net->spec.model;
    const PlainCall call = {count, stream};

    /* Step 1: embed. */
    TRY(embed_all(p, rows, &call));

    /* Step 2: the layers. */
    for (int l = 0; l < c->layers; l++) TRY(layer_all(p, l, &call));

    /* Step 3: both heads. */
    const char *hidden = (const char *)p->hidden;
    const size_t policy_bytes = (size_t)c->policy_hidden * element_bytes(net->spec.precision);
    LinearArgs head = linear_args(p, &w->fc0, p->residual, w->fc0.in, p->hidden);
    head.after = LINEAR_RELU;
    TRY(linear_all(p, &head, &call));
    TRY(head_all(p, &w->policy_fc3, hidden, HEAD_LINEAR, logits, &call));
    return head_all(p, &w->value_fc3, hidden + policy_bytes,
                    c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID, values, &call);
}

static Status open_plain(Net *net) {
    PlainNet *p = (PlainNet *)net;
    p->rows = 1;
    TRY(forward_plain(net, NULL, p->none, NULL, NULL, net->side));
    p->rows = net->spec.capacity;
    TRY(backend_cuda.stream_sync(net->side));
    return STATUS_OK;
}

static void close_plain(Net *net) { (void)net; }

extern "C" const NetImplementation net_plain = {.struct_bytes = sizeof(PlainNet),
                                                .joined = false,
                                                .order = PACK_IN_OUT,
                                                .order_int8 = PACK_PANELS,
                                                .check = check_plain,
                                                .layout = layout_plain,
                                                .open = open_plain,
                                                .close = close_plain,
                                                .forward = forward_plain};
