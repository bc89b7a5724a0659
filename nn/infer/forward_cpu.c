/* nn/infer/forward_cpu.c - inference on the CPU in float32 or int8: all layers in order.
 *
 * The counterparts on CUDA are net_plain.cu and net_layers.cu. A thread takes a block of rows
 * through the whole network, so that the activations stay in its L2. oneDNN's bits change with the
 * number of rows of a product, so every product in float32 has BLOCK of them; the last block is
 * padded. In int8 only the products differ: their inputs are quantized, and their results are
 * float32 again (nn/ops/int8.h). */
#include <omp.h>
#include <stdlib.h>

#include "nn/ops/head.h"
#include "nn/ops/int8.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/linear.h"
#include "nn/ops/pack.h"
#include "nn/ops/relu.h"
#include "forward.h"
#include "product_cpu.h"
#include "product_int8.h"

/* With 32, 64, 96, 128, 192 and 256 rows the products ran at 462, 479, 473, 478, 479 and 478
 * GFLOP/s: the smallest of the fast ones splits small batches best. In int8 the speed is the same
 * from 48 rows to 288, and only the rows asked for are computed, rounded up to PRODUCT_ROWS. */
enum { BLOCK = 64, BLOCK_INT8 = 8 * PRODUCT_ROWS };

/* A thread's working arrays, for the rows of a block. */
typedef struct {
    float *residual[2]; /* (block, C) [0] from layer to layer, [1] between a layer's norms */
    float *sums;        /* (block, C) a product on its way into a norm */
    float *hidden;      /* (block, widest) inputs, hidden layer, the heads' hidden layers */
    float *policy;      /* (block, A) */
    float *value;       /* (block, V) */
    int8_t *q;          /* (block, widest rounded up to 4) inputs of an int8 product */
    float *scale;       /* (block, int8_blocks(widest)) of q */
} Scratch;

struct Net {
    ModelConfig config; /* spec.model */
    NetSpec spec;
    int threads;
    int block; /* rows that a thread takes at a time */
    ProductKernel kernel;
    void *memory; /* all that follows, owned */
    Packed packed;
    Scratch *scratch; /* (threads) */
};

static void net_layout(Net *net, Arena *arena) {
    const ModelConfig *c = &net->config;
    int widest = c->policy_hidden + c->value_hidden;
    if (c->hidden > widest) widest = c->hidden;
    if (c->inputs > widest) widest = c->inputs;
    if (c->width > widest) widest = c->width;
    net->block = net->spec.precision == PRECISION_INT8 ? BLOCK_INT8 : BLOCK;
    net->kernel = net->spec.network == NETWORK_PLAIN ? PRODUCT_PLAIN : product_best();
    packed_layout(&net->packed, c, net->spec.precision, arena);
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
        s.scale = NULL;
        if (net->spec.precision == PRECISION_INT8) {
            s.q = (int8_t *)arena_take(arena, (size_t)(widest + 3) / 4 * 4, block);
            s.scale = (float *)arena_take(arena, (size_t)int8_blocks(widest), row);
        }
        if (net->scratch) net->scratch[t] = s;
    }
}

/* `auto` is layers: one product per layer, by oneDNN or by vector instructions. */
static Status choose_cpu(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                         char *why, size_t why_bytes) {
    static const char *const kernels[PRODUCT_KERNEL_COUNT] = {"plain loops", "AVX-512 VNNI"};
    (void)weights;
    if (asked == NETWORK_AUTO) asked = NETWORK_LAYERS;
    *out = asked;
    snprintf(why, why_bytes, "%s, %s", network_name(asked),
             asked == NETWORK_PLAIN              ? kernels[PRODUCT_PLAIN]
             : spec->precision == PRECISION_INT8 ? kernels[product_best()]
                                                 : "oneDNN");
    return STATUS_OK;
}

static Status create_check(const NetSpec *spec) {
    TRY(model_config_check(&spec->model));
    bool known = spec->precision == PRECISION_FLOAT32 || spec->precision == PRECISION_INT8;
    known = known && (spec->network == NETWORK_LAYERS || spec->network == NETWORK_PLAIN);
    return known && spec->capacity > 0 ? STATUS_OK : STATUS_ARGUMENT;
}

static size_t bytes_cpu(const NetSpec *spec) {
    if (create_check(spec) != STATUS_OK) return 0;
    Net net = {.config = spec->model, .spec = *spec, .threads = omp_get_max_threads()};
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
    net->config = spec->model;
    net->spec = *spec;
    net->threads = omp_get_max_threads();
    Arena arena = {0};
    net_layout(net, &arena);
    Status status = backend_cpu.alloc(&net->memory, arena.used);
    if (status != STATUS_OK) {
        destroy_cpu(net);
        return status;
    }
    Arena placed = {.base = (char *)net->memory, .size = arena.used};
    net_layout(net, &placed);
    *out = net;
    return STATUS_OK;
}

static Status load_cpu(Net *net, const Weights *weights, Stream stream) {
    (void)stream;
    PackOrder order = net->spec.precision == PRECISION_INT8 ? PACK_PANELS : PACK_IN_OUT;
    TRY(packed_fill(&net->packed, &net->config, net->spec.precision, order, weights));
    return STATUS_OK;
}

/* One block on its way through the network. */
typedef struct {
    const Net *net;
    const Scratch *s;
    int64_t first; /* index of its first row in the batch */
    int rows;      /* that matter; in float32 all BLOCK are computed */
} Pass;

static void quantize_rows(const Pass *p, const float *x, int x_stride, int inputs) {
    QuantizeArgs args = {.x = x,
                         .q = p->s->q,
                         .scale = p->s->scale,
                         .fault = p->net->spec.fault,
                         .first = p->first,
                         .inputs = inputs,
                         .x_stride = x_stride,
                         .q_stride = (inputs + 3) / 4 * 4};
    for (int r = 0; r < p->rows; r++) int8_quantize_one(&args, r, TEAM_OF_ONE);
}

/* Sums in the order of the formula: the bits of `plain` on every device. */
static void product_plain(const Pass *p, const Linear *l, const float *x, int x_stride, float *y) {
    LinearArgs args = {.l = *l,
                       .x = x,
                       .y = y,
                       .precision = PRECISION_FLOAT32,
                       .result = PRECISION_FLOAT32,
                       .after = LINEAR_SUM,
                       .rows = p->rows,
                       .x_stride = x_stride};
    for (int item = 0; item < p->rows * linear_tiles(l->out); item++)
        linear_one(&args, item, TEAM_OF_ONE);
}

/* y (block, l->out) = x (block, l->in) times the weights; x has x_stride floats a row. */
static Status product(const Pass *p, const Linear *l, const float *x, int x_stride, float *y) {
    if (p->net->spec.precision == PRECISION_FLOAT32) {
        if (p->net->spec.network == NETWORK_LAYERS)
            return product_float32(l, x, x_stride, y, BLOCK);
        product_plain(p, l, x, x_stride, y);
        return STATUS_OK;
    }
    quantize_rows(p, x, x_stride, l->in);
    ProductArgs args = {.l = l,
                        .q = p->s->q,
                        .scale = p->s->scale,
                        .y = y,
                        .q_stride = (l->in + 3) / 4 * 4,
                        .y_stride = l->out,
                        .first = 0,
                        .count = l->out,
                        .rows = p->rows};
    product_int8(p->net->kernel, &args);
    return STATUS_OK;
}

static void norm_rows(const Pass *p, const Norm *norm, const Linear *from, const float *x,
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
    for (int r = 0; r < p->rows; r++) layernorm_one(&args, r, TEAM_OF_ONE);
}

static void relu_rows(const Pass *p, const Linear *from, float *x) {
    ReluArgs args = {.x = x,
                     .bias = from->bias,
                     .precision = PRECISION_FLOAT32,
                     .rows = p->rows,
                     .columns = from->out};
    for (int r = 0; r < p->rows; r++) relu_one(&args, r, TEAM_OF_ONE);
}

static void head_rows(const Pass *p, const Linear *from, const float *x, HeadFunction function,
                      float *y) {
    HeadArgs args = {.x = x,
                     .bias = from->bias,
                     .y = y,
                     .function = function,
                     .rows = p->rows,
                     .columns = from->out};
    for (int r = 0; r < p->rows; r++) head_one(&args, r, TEAM_OF_ONE);
}

/* Step 1: embed, into residual[0]. */
static Status forward_embed(const Pass *p, const float *rows) {
    const Packed *w = &p->net->packed;
    const Scratch *s = p->s;
    size_t C_in = (size_t)w->input_embedding.in, have = (size_t)p->rows * C_in;
    if (p->rows < BLOCK && p->net->spec.precision == PRECISION_FLOAT32) {
        memcpy(s->hidden, rows, have * sizeof *rows);
        memset(s->hidden + have, 0, (BLOCK * C_in - have) * sizeof *rows);
        rows = s->hidden;
    }
    TRY(product(p, &w->input_embedding, rows, w->input_embedding.in, s->sums));
    norm_rows(p, &w->input_norm, &w->input_embedding, s->sums, NULL, w->positional_encoding,
              s->residual[0]);
    return STATUS_OK;
}

/* Step 2: a layer, from residual[0] through residual[1] back to residual[0]. */
static Status forward_layer(const Pass *p, int l) {
    const Packed *w = &p->net->packed;
    const Linear *self_attn = &w->layer[l].self_attn, *linear1 = &w->layer[l].linear1;
    const Linear *linear2 = &w->layer[l].linear2;
    const Scratch *s = p->s;
    TRY(product(p, self_attn, s->residual[0], self_attn->in, s->sums));
    norm_rows(p, &w->layer[l].norm1, self_attn, s->sums, s->residual[0], NULL, s->residual[1]);
    TRY(product(p, linear1, s->residual[1], linear1->in, s->hidden));
    relu_rows(p, linear1, s->hidden);
    TRY(product(p, linear2, s->hidden, linear2->in, s->sums));
    norm_rows(p, &w->layer[l].norm2, linear2, s->sums, s->residual[1], NULL, s->residual[0]);
    return STATUS_OK;
}

/* Step 3: both heads. */
static Status forward_heads(const Pass *p, float *logits, float *values) {
    const Packed *w = &p->net->packed;
    const ModelConfig *c = &p->net->config;
    const Scratch *s = p->s;
    HeadFunction end = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    TRY(product(p, &w->fc0, s->residual[0], w->fc0.in, s->hidden));
    relu_rows(p, &w->fc0, s->hidden);
    TRY(product(p, &w->policy_fc3, s->hidden, w->fc0.out, s->policy));
    TRY(product(p, &w->value_fc3, s->hidden + c->policy_hidden, w->fc0.out, s->value));
    head_rows(p, &w->policy_fc3, s->policy, HEAD_LINEAR, logits);
    head_rows(p, &w->value_fc3, s->value, end, values);
    return STATUS_OK;
}

static Status forward_block(const Pass *p, const float *rows, float *logits, float *values) {
    TRY(forward_embed(p, rows));
    for (int l = 0; l < p->net->config.layers; l++) TRY(forward_layer(p, l));
    TRY(forward_heads(p, logits, values));
    return STATUS_OK;
}

static Status forward_cpu(Net *net, const void *rows, const int32_t *count, float *logits,
                          float *values, Stream stream) {
    (void)stream;
    const ModelConfig *c = &net->config;
    if (*count < 0 || *count > net->spec.capacity) return STATUS_ARGUMENT;
    int blocks = (*count + net->block - 1) / net->block, failed = 0;
    int threads = omp_get_max_threads() < net->threads ? omp_get_max_threads() : net->threads;
    if (threads > blocks) threads = blocks > 1 ? blocks : 1;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        /* oneDNN does not notice a team of one thread, and would open a team of its own. */
        omp_set_num_threads(1);
        const Scratch *scratch = &net->scratch[omp_get_thread_num()];
#pragma omp for schedule(dynamic, 1)
        for (int b = 0; b < blocks; b++) {
            int64_t first = (int64_t)b * net->block;
            int n = *count - (int)first < net->block ? *count - (int)first : net->block;
            Pass pass = {.net = net, .s = scratch, .first = first, .rows = n};
            failed |= forward_block(&pass, (const float *)rows + first * c->inputs,
                                    logits + first * c->actions,
                                    values + first * c->values) != STATUS_OK;
        }
    }
    return failed ? STATUS_DEVICE : STATUS_OK;
}

const NetOps net_cpu = {.bf16_rows = false,
                        .choose = choose_cpu,
                        .bytes = bytes_cpu,
                        .create = create_cpu,
                        .destroy = destroy_cpu,
                        .load = load_cpu,
                        .forward = forward_cpu,
                        .describe = product_describe};
