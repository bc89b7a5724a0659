/* nn/infer/forward_cpu.c - inference on the CPU in float32 or int8: all layers in order.
 *
 * The counterparts on CUDA are net_plain.cu and net_layers.cu. A thread takes a block of rows
 * through the whole network, so that the activations stay in its L2. Rows too few for that are one
 * block for all threads, which share every step: columns of a product, rows of what follows. In
 * int8 only the products differ: their inputs are quantized, and their results are float32 again
 * (nn/ops/int8.h).
 *
 * No row's bits depend on any of this: every output is one sum in a fixed order. */
#include <omp.h>
#include <stdlib.h>

#include "nn/ops/head.h"
#include "nn/ops/int8.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/linear.h"
#include "nn/ops/pack.h"
#include "nn/ops/relu.h"
#include "forward.h"
#include "product_int8.h"
#include "share.h"

/* Rows of a block. With AVX2 float32 makes 70, 77 and 84% of the peak with 48, 96 and 192, with
 * AVX-512 87, 89 and 91%; int8 is fastest with 48. Only the rows asked for are computed. Calls of up
 * to SHARED rows are one block for all threads. */
enum { BLOCK = 32 * PRODUCT_ROWS, BLOCK_INT8 = 8 * PRODUCT_ROWS, SHARED = 8 * PRODUCT_ROWS };

/* Working arrays for the rows of a block: a thread's, or shared. */
typedef struct {
    float *residual[2]; /* (block, C) [0] from layer to layer, [1] between a layer's norms */
    float *sums;        /* (block, C) a product on its way into a norm */
    float *hidden;      /* (block, widest) inputs, hidden layer, the heads' hidden layers */
    float *policy;      /* (block, A) */
    float *value;       /* (block, V) */
    int8_t *q;          /* (block, widest rounded up to 4) inputs of an int8 product */
    void *wide;         /* the same numbers, or NULL: see ProductArgs */
    float *scale;       /* (block, int8_blocks(widest)) of q */
} Scratch;

struct Net {
    ModelConfig config; /* spec.model */
    NetSpec spec;
    int threads;
    Isa isa;
    ProductKernel kernel; /* of int8 */
    int block;            /* rows at most: see BLOCK */
    PackOrder order;
    void *memory; /* all that follows, owned */
    Packed packed;
    Scratch *scratch; /* (threads) */
    ShareStep *step;  /* (steps_of(config)) */
};

/* Shared steps of a forward at most: quantize, product and what follows. */
static int steps_of(const ModelConfig *c) { return 3 * (3 * c->layers + 4); }

static void net_layout(Net *net, Arena *arena) {
    const ModelConfig *c = &net->config;
    int widest = c->policy_hidden + c->value_hidden;
    if (c->hidden > widest) widest = c->hidden;
    if (c->inputs > widest) widest = c->inputs;
    if (c->width > widest) widest = c->width;
    packed_layout(&net->packed, c, net->spec.precision, net->order, arena);
    net->step = (ShareStep *)arena_take(arena, (size_t)steps_of(c), sizeof *net->step);
    net->scratch = (Scratch *)arena_take(arena, (size_t)net->threads, sizeof *net->scratch);
    for (int t = 0; t < net->threads; t++) {
        Scratch s;
        size_t block = (size_t)net->block, row = sizeof(float) * block;
        s.residual[0] = (float *)arena_take(arena, (size_t)c->width, row);
        s.residual[1] = (float *)arena_take(arena, (size_t)c->width, row);
        s.sums = (float *)arena_take(arena, (size_t)c->width, row);
        s.hidden = (float *)arena_take(arena, (size_t)widest, row);
        s.policy = (float *)arena_take(arena, (size_t)c->actions, row);
        s.value = (float *)arena_take(arena, (size_t)c->values, row);
        s.q = NULL;
        s.wide = NULL;
        s.scale = NULL;
        if (net->spec.precision == PRECISION_INT8) {
            s.q = (int8_t *)arena_take(arena, (size_t)(widest + 3) / 4 * 4, block);
            if (pack_number(net->order) > 1)
                s.wide = arena_take(arena, (size_t)(widest + 3) / 4 * 4,
                                    pack_number(net->order) * block);
            s.scale = (float *)arena_take(arena, (size_t)int8_blocks(widest), row);
        }
        if (net->scratch) net->scratch[t] = s;
    }
}

/* `auto` is layers: every product by vector instructions. */
static Status choose_cpu(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                         char *why, size_t why_bytes) {
    Isa isa;
    (void)weights;
    TRY(isa_choose(&isa));
    if (asked == NETWORK_AUTO) asked = NETWORK_LAYERS;
    *out = asked;
    snprintf(why, why_bytes, "%s, %s", network_name(asked),
             asked == NETWORK_PLAIN              ? product_name(PRODUCT_PLAIN)
             : spec->precision == PRECISION_INT8 ? product_name(product_best(isa))
                                                 : isa_name(isa));
    return STATUS_OK;
}

static Status create_check(const NetSpec *spec) {
    TRY(model_config_check(&spec->model));
    bool known = spec->precision == PRECISION_FLOAT32 || spec->precision == PRECISION_INT8;
    known = known && (spec->network == NETWORK_LAYERS || spec->network == NETWORK_PLAIN);
    return known && spec->capacity > 0 ? STATUS_OK : STATUS_ARGUMENT;
}

/* What the sizes of the arrays depend on. STATUS_INPUT: see isa_choose. */
static Status net_begin(Net *net, const NetSpec *spec) {
    const bool plain = spec->network == NETWORK_PLAIN;
    net->config = spec->model;
    net->spec = *spec;
    net->threads = omp_get_max_threads();
    net->block = spec->precision == PRECISION_INT8 ? BLOCK_INT8 : BLOCK;
    TRY(isa_choose(&net->isa));
    net->kernel = plain ? PRODUCT_PLAIN : product_best(net->isa);
    net->order = spec->precision == PRECISION_INT8 ? product_order(net->kernel)
                 : plain                           ? PACK_IN_OUT
                                                   : PACK_PANELS;
    return STATUS_OK;
}

static size_t bytes_cpu(const NetSpec *spec) {
    Net net = {0};
    if (create_check(spec) != STATUS_OK || net_begin(&net, spec) != STATUS_OK) return 0;
    Arena dry = {0};
    net_layout(&net, &dry);
    return dry.used;
}

static void destroy_cpu(Net *net) {
    if (!net) return;
    backend_cpu.release(net->memory);
    free(net);
}

static Status create_cpu(Net **out, const NetSpec *spec) {
    *out = NULL;
    TRY(create_check(spec));
    Net *net = (Net *)calloc(1, sizeof *net);
    if (!net) return STATUS_MEMORY;
    Status status;
    Arena arena = {0};
    TRY_GOTO(status, net_begin(net, spec));
    net_layout(net, &arena);
    TRY_GOTO(status, backend_cpu.alloc(&net->memory, arena.used));
    Arena placed = {.base = (char *)net->memory, .size = arena.used};
    net_layout(net, &placed);
    *out = net;
    return STATUS_OK;
fail:
    destroy_cpu(net);
    return status;
}

static Status load_cpu(Net *net, const Weights *weights, Stream stream) {
    (void)stream;
    TRY(packed_fill(&net->packed, &net->config, net->spec.precision, net->order, weights));
    return STATUS_OK;
}

/* One block on its way through the network, as one of its threads sees it. */
typedef struct {
    const Net *net;
    const Scratch *s;
    int64_t first;   /* index of its first row in the batch */
    int rows;        /* at most net->block */
    int threads;     /* of this block */
    ShareStep *step; /* the next one; NULL: the block has one thread */
} Pass;

/* Columns of an item of a product: whole panels, two items a thread. */
static int share_columns(Pass *p, int columns, int panel) {
    const int panels = (columns + panel - 1) / panel;
    return p->step ? (panels + 2 * p->threads - 1) / (2 * p->threads) * panel : columns;
}

ISA_EACH static void quantize_rows(Pass *p, const float *x, int x_stride, int inputs) {
    QuantizeArgs args = {.x = x,
                         .q = p->s->q,
                         .scale = p->s->scale,
                         .fault = p->net->spec.fault,
                         .first = p->first,
                         .inputs = inputs,
                         .x_stride = x_stride,
                         .q_stride = (inputs + 3) / 4 * 4};
    SHARE(r, p->rows, p) {
        int8_quantize_one(&args, r, TEAM_OF_ONE);
        product_row(p->net->kernel, args.q, p->s->wide, r, args.q_stride);
    }
}

static void sums_int8(Pass *p, const Linear *l, const float *x, int x_stride, float *y) {
    ProductArgs args = {.l = l,
                        .q = p->s->q,
                        .wide = p->s->wide,
                        .scale = p->s->scale,
                        .q_stride = (l->in + 3) / 4 * 4,
                        .y_stride = l->out,
                        .rows = p->rows};
    const int columns = share_columns(p, l->out, PACK_PANEL);
    quantize_rows(p, x, x_stride, l->in);
    SHARE(i, (l->out + columns - 1) / columns, p) {
        args.first = i * columns;
        args.count = l->out - args.first < columns ? l->out - args.first : columns;
        args.y = y + args.first;
        product_int8(p->net->kernel, &args);
    }
}

static void sums_float32(Pass *p, const Linear *l, const float *x, int x_stride, float *y) {
    ProductFloat32Args args = {.a = x,
                               .b = (const float *)l->weight,
                               .c = y,
                               .a_row = x_stride,
                               .a_k = 1,
                               .c_row = l->out,
                               .m = p->rows,
                               .n = l->out,
                               .k = l->in};
    const int columns = share_columns(p, l->out, PRODUCT_PANEL);
    SHARE(i, (l->out + columns - 1) / columns, p) {
        args.first = i * columns;
        args.count = l->out - args.first < columns ? l->out - args.first : columns;
        product_float32(p->net->isa, &args);
    }
}

/* Straight from the formula, as `plain` on every device. */
ISA_EACH static void sums_plain(Pass *p, const Linear *l, const float *x, int x_stride, float *y) {
    LinearArgs args = {.l = *l,
                       .x = x,
                       .y = y,
                       .precision = PRECISION_FLOAT32,
                       .result = PRECISION_FLOAT32,
                       .after = LINEAR_SUM,
                       .rows = p->rows,
                       .x_stride = x_stride};
    const int tiles = linear_tiles(l->out);
    SHARE(i, p->rows * tiles, p) linear_one(&args, i, TEAM_OF_ONE);
}

/* y (rows, l->out) = x (rows, l->in) times the weights; x has x_stride floats a row. */
static void product(Pass *p, const Linear *l, const float *x, int x_stride, float *y) {
    if (p->net->spec.precision == PRECISION_INT8)
        sums_int8(p, l, x, x_stride, y);
    else if (p->net->spec.network == NETWORK_PLAIN)
        sums_plain(p, l, x, x_stride, y);
    else
        sums_float32(p, l, x, x_stride, y);
}

ISA_EACH static void norm_rows(Pass *p, const Norm *norm, const Linear *from, const float *x,
                               const float *residual, const float *after, float *y) {
    LayerNormArgs args = {.x = x,
                          .bias = from->bias,
                          .residual = residual,
                          .gain = norm->gain,
                          .shift = norm->shift,
                          .after = after,
                          .y = y,
                          .precision = PRECISION_FLOAT32,
                          .rows = p->rows,
                          .width = from->out};
    SHARE(r, p->rows, p) layernorm_one(&args, r, TEAM_OF_ONE);
}

ISA_EACH static void relu_rows(Pass *p, const Linear *from, float *x) {
    ReluArgs args = {.x = x,
                     .bias = from->bias,
                     .precision = PRECISION_FLOAT32,
                     .rows = p->rows,
                     .columns = from->out};
    SHARE(r, p->rows, p) relu_one(&args, r, TEAM_OF_ONE);
}

static void head_rows(Pass *p, const Linear *from, const float *x, HeadFunction function,
                      float *y) {
    HeadArgs args = {.x = x,
                     .bias = from->bias,
                     .y = y,
                     .function = function,
                     .rows = p->rows,
                     .columns = from->out};
    SHARE(r, p->rows, p) head_one(&args, r, TEAM_OF_ONE);
}

/* Step 1: embed, into residual[0]. */
static void forward_embed(Pass *p, const float *rows) {
    const Packed *w = &p->net->packed;
    const Scratch *s = p->s;
    product(p, &w->input_embedding, rows, w->input_embedding.in, s->sums);
    norm_rows(p, &w->input_norm, &w->input_embedding, s->sums, NULL, w->positional_encoding,
              s->residual[0]);
}

/* Step 2: a layer, from residual[0] through residual[1] back to residual[0]. */
static void forward_layer(Pass *p, int l) {
    const Packed *w = &p->net->packed;
    const Linear *self_attn = &w->layer[l].self_attn, *linear1 = &w->layer[l].linear1;
    const Linear *linear2 = &w->layer[l].linear2;
    const Scratch *s = p->s;
    product(p, self_attn, s->residual[0], self_attn->in, s->sums);
    norm_rows(p, &w->layer[l].norm1, self_attn, s->sums, s->residual[0], NULL, s->residual[1]);
    product(p, linear1, s->residual[1], linear1->in, s->hidden);
    relu_rows(p, linear1, s->hidden);
    product(p, linear2, s->hidden, linear2->in, s->sums);
    norm_rows(p, &w->layer[l].norm2, linear2, s->sums, s->residual[1], NULL, s->residual[0]);
}

/* Step 3: both heads. */
static void forward_heads(Pass *p, float *logits, float *values) {
    const Packed *w = &p->net->packed;
    const ModelConfig *c = &p->net->config;
    const Scratch *s = p->s;
    HeadFunction end = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    product(p, &w->fc0, s->residual[0], w->fc0.in, s->hidden);
    relu_rows(p, &w->fc0, s->hidden);
    product(p, &w->policy_fc3, s->hidden, w->fc0.out, s->policy);
    product(p, &w->value_fc3, s->hidden + c->policy_hidden, w->fc0.out, s->value);
    head_rows(p, &w->policy_fc3, s->policy, HEAD_LINEAR, logits);
    head_rows(p, &w->value_fc3, s->value, end, values);
}

static void forward_block(Pass *p, const float *rows, float *logits, float *values) {
    forward_embed(p, rows);
    for (int l = 0; l < p->net->config.layers; l++) forward_layer(p, l);
    forward_heads(p, logits, values);
}

/* The rows of a call. */
typedef struct {
    const float *rows;
    float *logits, *values;
    int count;
} Batch;

static void batch_block(const Batch *b, Pass *p, int first, int rows) {
    const ModelConfig *c = &p->net->config;
    p->first = first;
    p->rows = rows;
    forward_block(p, b->rows + p->first * c->inputs, b->logits + p->first * c->actions,
                  b->values + p->first * c->values);
}

/* One block by all threads, at most as many as a layer has panels. */
static void run_shared(const Net *net, const Batch *b, int threads) {
    const int panels = (net->config.width + PRODUCT_PANEL - 1) / PRODUCT_PANEL;
    if (threads > panels) threads = panels;
    memset(net->step, 0, (size_t)steps_of(&net->config) * sizeof *net->step);
#pragma omp parallel num_threads(threads)
    {
        Pass pass = {.net = net, .s = &net->scratch[0], .threads = omp_get_num_threads()};
        if (pass.threads > 1) pass.step = net->step;
        batch_block(b, &pass, 0, b->count);
    }
}

/* A block a thread at a time; while they are few, as many for each thread. */
static void run_blocks(const Net *net, const Batch *b, int threads) {
    int blocks = (b->count + net->block - 1) / net->block;
    if (blocks < 4 * threads) blocks = (blocks + threads - 1) / threads * threads;
    int height = (b->count + blocks - 1) / blocks;
    height = (height + PRODUCT_ROWS - 1) / PRODUCT_ROWS * PRODUCT_ROWS;
    blocks = (b->count + height - 1) / height;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads < blocks ? threads : blocks)
    for (int i = 0; i < blocks; i++) {
        Pass pass = {.net = net, .s = &net->scratch[omp_get_thread_num()], .threads = 1};
        const int left = b->count - i * height;
        batch_block(b, &pass, i * height, left < height ? left : height);
    }
}

static Status forward_cpu(Net *net, const void *rows, const int32_t *count, float *logits,
                          float *values, Stream stream) {
    (void)stream;
    const Batch batch = {
        .rows = (const float *)rows, .logits = logits, .values = values, .count = *count};
    if (*count < 0 || *count > net->spec.capacity) return STATUS_ARGUMENT;
    int threads = omp_get_max_threads() < net->threads ? omp_get_max_threads() : net->threads;
    if (*count == 0) return STATUS_OK;
    if (*count <= SHARED)
        run_shared(net, &batch, threads);
    else
        run_blocks(net, &batch, threads);
    return STATUS_OK;
}

static void arithmetic_cpu(Network network, char *text, size_t bytes) {
    (void)network;
    snprintf(text, bytes, FORWARD_FMAF);
}

const NetOps net_cpu = {.bf16_rows = false,
                        .choose = choose_cpu,
                        .bytes = bytes_cpu,
                        .create = create_cpu,
                        .destroy = destroy_cpu,
                        .load = load_cpu,
                        .forward = forward_cpu,
                        .arithmetic = arithmetic_cpu};
