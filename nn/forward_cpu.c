/* nn/forward_cpu.c - inference in float32 through oneDNN, twin of forward_cuda.cu.
 *
 * A thread takes a block of BLOCK rows through the whole network, so that the activations stay in
 * its second cache. oneDNN's bits change with the number of rows of a product, so every product
 * has BLOCK of them; the last block is padded. */
#include <dnnl.h>
#include <dnnl_debug.h>
#include <omp.h>
#include <stdlib.h>

#include "forward.h"
#include "head.h"
#include "layernorm.h"
#include "pack.h"
#include "relu.h"

/* Of 32, 64, 96, 128, 192 and 256 rows the products ran at 462, 479, 473, 478, 479 and 478 GFLOP/s:
 * the least of the fast ones splits small batches best. */
enum { BLOCK = 64 };

/* What a thread works in. */
typedef struct {
    float *stream[2]; /* (BLOCK, C) what flows from layer to layer, before and after a norm */
    float *sums;      /* (BLOCK, C) a product on its way into a norm */
    float *wide;      /* (BLOCK, widest) inputs, hidden layer, heads' hidden layers */
    float *policy;    /* (BLOCK, A) */
    float *value;     /* (BLOCK, V) */
} Scratch;

struct Net {
    ModelConfig config; /* spec.model */
    NetSpec spec;
    int threads;
    void *memory; /* all that follows, owned */
    Packed packed;
    Scratch *scratch; /* (threads) */
};

static void net_layout(Net *net, Arena *arena) {
    const ModelConfig *c = &net->config;
    int widest = c->policy_hidden + c->value_hidden;
    if (c->hidden > widest) widest = c->hidden;
    if (c->inputs > widest) widest = c->inputs;
    packed_layout(&net->packed, c, PRECISION_FLOAT32, arena);
    net->scratch = (Scratch *)arena_take(arena, (size_t)net->threads, sizeof *net->scratch);
    for (int t = 0; t < net->threads; t++) {
        Scratch s;
        size_t row = sizeof(float) * BLOCK;
        s.stream[0] = (float *)arena_take(arena, (size_t)c->width, row);
        s.stream[1] = (float *)arena_take(arena, (size_t)c->width, row);
        s.sums = (float *)arena_take(arena, (size_t)c->width, row);
        s.wide = (float *)arena_take(arena, (size_t)widest, row);
        s.policy = (float *)arena_take(arena, (size_t)c->actions, row);
        s.value = (float *)arena_take(arena, (size_t)c->values, row);
        if (net->scratch) net->scratch[t] = s;
    }
}

/* oneDNN's products are the fast way; they are what `auto` means. */
static Status choose_cpu(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                         char *why, size_t why_bytes) {
    (void)spec;
    (void)weights;
    if (asked == NETWORK_AUTO) asked = NETWORK_LAYERS;
    if (asked != NETWORK_LAYERS) {
        fprintf(stderr, "--network %s: not on the cpu; allowed here: auto, layers\n",
                network_name(asked));
        return STATUS_INPUT;
    }
    *out = asked;
    snprintf(why, why_bytes, "layers, oneDNN");
    return STATUS_OK;
}

static Status create_check(const NetSpec *spec) {
    TRY(model_config_check(&spec->model));
    bool known = spec->precision == PRECISION_FLOAT32 && spec->network == NETWORK_LAYERS;
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
    Arena placed = {(char *)net->memory, 0, arena.used};
    net_layout(net, &placed);
    *out = net;
    return STATUS_OK;
}

static Status load_cpu(Net *net, const Weights *weights, Stream stream) {
    (void)stream;
    TRY(packed_fill(&net->packed, &net->config, PRECISION_FLOAT32, PACK_IN_OUT, weights));
    return STATUS_OK;
}

/* y (BLOCK, l->out) = x (BLOCK, l->in) times the weights; x has x_stride floats a row. */
static int product(const Linear *l, const float *x, int x_stride, float *y) {
    return dnnl_sgemm('N', 'N', BLOCK, l->out, l->in, 1.0f, x, x_stride, (const float *)l->weight,
                      l->out, 0.0f, y, l->out) == dnnl_success;
}

static void norm_block(const Norm *norm, const Linear *from, const float *x, const float *residual,
                       const float *after, float *y) {
    LayerNormArgs args = {x,     from->bias, residual,          norm->gain, norm->shift,
                          after, y,          PRECISION_FLOAT32, BLOCK,      from->out};
    for (int r = 0; r < BLOCK; r++) layernorm_one(&args, r, TEAM_OF_ONE);
}

static void relu_block(const Linear *from, float *x) {
    ReluArgs args = {x, from->bias, PRECISION_FLOAT32, BLOCK, from->out};
    for (int r = 0; r < BLOCK; r++) relu_one(&args, r, TEAM_OF_ONE);
}

static void head_rows(const Linear *from, const float *x, HeadFunction function, float *y, int n) {
    HeadArgs args = {x, from->bias, y, function, n, from->out};
    for (int r = 0; r < n; r++) head_one(&args, r, TEAM_OF_ONE);
}

/* n <= BLOCK rows through the whole network; 0 if oneDNN refused. */
static int forward_block(const Net *net, const Scratch *s, const float *rows, int n, float *logits,
                         float *values) {
    const Packed *p = &net->packed;
    const ModelConfig *c = &net->config;

    /* Step 1: embed. */
    if (n < BLOCK) {
        size_t have = (size_t)n * (size_t)c->inputs;
        memcpy(s->wide, rows, have * sizeof *rows);
        memset(s->wide + have, 0, ((size_t)BLOCK * (size_t)c->inputs - have) * sizeof *rows);
        rows = s->wide;
    }
    int ok = product(&p->embed, rows, c->inputs, s->sums);
    norm_block(&p->embed_norm, &p->embed, s->sums, NULL, p->position, s->stream[0]);

    /* Step 2: the layers, each from stream[0] by stream[1] back to stream[0]. */
    for (int l = 0; l < c->layers; l++) {
        const Linear *attention = &p->layer[l].attention, *up = &p->layer[l].up;
        const Linear *down = &p->layer[l].down;
        ok &= product(attention, s->stream[0], c->width, s->sums);
        norm_block(&p->layer[l].norm1, attention, s->sums, s->stream[0], NULL, s->stream[1]);
        ok &= product(up, s->stream[1], c->width, s->wide);
        relu_block(up, s->wide);
        ok &= product(down, s->wide, c->hidden, s->sums);
        norm_block(&p->layer[l].norm2, down, s->sums, s->stream[1], NULL, s->stream[0]);
    }

    /* Step 3: both heads. */
    ok &= product(&p->head, s->stream[0], c->width, s->wide);
    relu_block(&p->head, s->wide);
    ok &= product(&p->policy, s->wide, p->head.out, s->policy);
    ok &= product(&p->value, s->wide + c->policy_hidden, p->head.out, s->value);
    head_rows(&p->policy, s->policy, HEAD_LINEAR, logits, n);
    head_rows(&p->value, s->value, c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID, values,
              n);
    return ok;
}

static Status forward_cpu(Net *net, const void *rows, const int32_t *count, float *logits,
                          float *values, Stream stream) {
    (void)stream;
    const ModelConfig *c = &net->config;
    if (*count < 0 || *count > net->spec.capacity) return STATUS_ARGUMENT;
    int blocks = (*count + BLOCK - 1) / BLOCK, failed = 0;
    int threads = omp_get_max_threads() < net->threads ? omp_get_max_threads() : net->threads;
    if (threads > blocks) threads = blocks > 1 ? blocks : 1;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        /* oneDNN takes a team of one for no team at all, and would open its own. */
        omp_set_num_threads(1);
        const Scratch *scratch = &net->scratch[omp_get_thread_num()];
#pragma omp for schedule(dynamic, 1)
        for (int b = 0; b < blocks; b++) {
            int64_t first = (int64_t)b * BLOCK;
            int n = *count - (int)first < BLOCK ? *count - (int)first : BLOCK;
            failed |= !forward_block(net, scratch, (const float *)rows + first * c->inputs, n,
                                     logits + first * c->actions, values + first * c->values);
        }
    }
    return failed ? STATUS_DEVICE : STATUS_OK;
}

static void describe_cpu(char *isa, size_t isa_bytes, char *library, size_t library_bytes) {
    const dnnl_version_t *version = dnnl_version();
    snprintf(isa, isa_bytes, "onednn isa %#x", (unsigned)dnnl_get_effective_cpu_isa());
    snprintf(library, library_bytes, "onednn %d.%d.%d", version->major, version->minor,
             version->patch);
}

const NetOps net_cpu = {false,       choose_cpu, bytes_cpu,   create_cpu,
                        destroy_cpu, load_cpu,   forward_cpu, describe_cpu};
