/* tests/nn/test_int8.c - int8, to the bit: quantizing, packing, products, and whole networks. */
#include <float.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "device/core/rng.h"
#include "nn/ops/int8.h"
#include "nn/infer/forward.h"
#include "nn/infer/product_int8.h"
#include "tests/support/check.h"
#include "tests/support/odd_model.h"
#include "tests/support/near.h"
#include "plain_int8.h"

static const ModelConfig SMALL = {.inputs = 256,
                                  .width = 64,
                                  .heads = 2,
                                  .hidden = 64,
                                  .layers = 2,
                                  .policy_hidden = 64,
                                  .actions = 52,
                                  .value_hidden = 32,
                                  .values = 8,
                                  .value_head = VALUE_SIGMOID};

/* One row of numbers; q and scale have room for guards behind their values. */
typedef struct {
    float x[300], scale[4];
    int8_t q[304];
    Fault fault;
} Row;

static void quantize(Row *row, int n) {
    row->fault.code = FAULT_NONE;
    memset(row->q, 99, sizeof row->q);
    for (int k = 0; k < 4; k++) row->scale[k] = 99;
    QuantizeArgs args = {.x = row->x,
                         .q = row->q,
                         .scale = row->scale,
                         .fault = &row->fault,
                         .first = 40,
                         .inputs = n,
                         .x_stride = 300,
                         .q_stride = 304};
    int8_quantize_one(&args, 0, TEAM_OF_ONE);
}

static void ties_go_to_even(void) {
    static const float x[] = {127, -127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 0.50001f, 126.5f};
    static const int q[] = {127, -127, 0, 2, 2, 0, -2, -2, 1, 126};
    Row row;
    memcpy(row.x, x, sizeof x);
    quantize(&row, 10);
    for (int i = 0; i < 10; i++) CHECK(row.q[i] == q[i]);
    CHECK(row.scale[0] == 1 && row.fault.code == FAULT_NONE);
    CHECK(row.q[10] == 0 && row.q[11] == 0 && row.q[12] == 99 && row.scale[1] == 99);
    row.x[1] = -254; /* the greatest in size is negative */
    quantize(&row, 2);
    CHECK(row.q[0] == 64 && row.q[1] == -127 && row.scale[0] == 2); /* 63.5: up to even */
}

static void blocks_are_quantized_independently(void) {
    Row row;
    for (int i = 0; i < 300; i++) row.x[i] = noise((uint64_t)i) * (i < 128 ? 1 : i < 256 ? 50 : 0);
    row.x[299] = 0x1p-100f;
    quantize(&row, 300);
    int q[300];
    for (int k = 0; k < 3; k++) {
        float scale = plain_int8_quantize(row.x + 128 * k, q + 128 * k, k < 2 ? 128 : 44);
        CHECK(memcmp(&scale, &row.scale[k], sizeof scale) == 0);
    }
    for (int i = 0; i < 300; i++) CHECK(row.q[i] == q[i]);
    CHECK(row.q[299] == 127 && row.scale[2] == 0x1p-100f / 127 && row.q[300] == 99);
    row.x[299] = 0x1.fffffep-101f; /* just too small */
    quantize(&row, 300);
    CHECK(row.q[299] == 0 && row.scale[2] == 0 && row.scale[1] > 0 && row.scale[3] == 99);
}

/* The two roundings never lead out of -127..127, for maxima of many magnitudes. */
static void no_number_needs_clamping(void) {
    for (uint64_t i = 0; i < 300000; i++) {
        uint32_t bits = (uint32_t)(splitmix64(i) >> 33); /* any size, positive */
        float amax;
        memcpy(&amax, &bits, sizeof amax);
        if (!(amax <= FLT_MAX) || amax < 0x1p-100f) continue;
        float steps = int8_steps(int8_amax(int8_size_bits(amax)));
        if (rintf(amax * steps) != 127 || int8_round(amax, steps) != 127 ||
            int8_round(-amax, steps) != -127)
            CHECK(amax != amax);
        float x = amax * noise(i);
        if (int8_round(x, steps) != (int)rintf(x * steps)) CHECK(x != x);
    }
}

static void numbers_not_finite_raise_a_fault(void) {
    static const uint32_t wrong[] = {0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0x7F800000, 0xFF800000};
    for (int i = 0; i < 5; i++)
        for (int at = 0; at < 200; at += 199) {
            Row row;
            for (int c = 0; c < 200; c++) row.x[c] = FLT_MAX;
            memcpy(&row.x[at], &wrong[i], sizeof wrong[i]);
            quantize(&row, 200);
            int k = at / 128;
            CHECK(row.fault.code == FAULT_INT8 && row.fault.item == 40);
            CHECK(row.scale[k] != row.scale[k] && row.q[at] == 0 && row.q[k * 128] == 0);
            CHECK(row.scale[1 - k] == FLT_MAX / 127 && row.q[(1 - k) * 128] == 127);
        }
}

static Packed packed_new(const Weights *w, PackOrder order, void **block) {
    Packed p;
    Arena dry = {0};
    packed_layout(&p, &w->config, PRECISION_INT8, order, &dry);
    CHECK(backend_cpu.alloc(block, dry.used) == STATUS_OK);
    Arena arena = {(char *)*block, 0, dry.used};
    packed_layout(&p, &w->config, PRECISION_INT8, order, &arena);
    CHECK(packed_fill(&p, &w->config, PRECISION_INT8, order, w) == STATUS_OK);
    return p;
}

static Weights weights_new(ModelConfig c, uint64_t seed) {
    Weights w;
    CHECK(weights_alloc(&w, &c) == STATUS_OK);
    weights_init(&w, seed);
    for (size_t i = 0; i < w.count; i++) /* no bias, gain or shift is exactly 0 or 1 */
        w.data[i] += noise(seed << 32 | i) / 16;
    return w;
}

/* A linear layer and the weights that it was packed from. */
typedef struct {
    const Linear *l;
    const float *w; /* (out, in) */
    int first, out; /* w holds `out` outputs of l from `first` on */
} Case;

static int cases(const Weights *w, const Packed *p, Case *c) {
    const ModelConfig *m = &w->config;
    Case all[] = {
        {&p->input_embedding, weights_find(w, "input_embedding.weight"), 0, m->width},
        {&p->layer[0].linear1, weights_find(w, "transformer.layers.0.linear1.weight"), 0,
         m->hidden},
        {&p->layer[0].linear2, weights_find(w, "transformer.layers.0.linear2.weight"), 0, m->width},
        {&p->fc0, weights_find(w, "policy_fc.0.weight"), 0, m->policy_hidden},
        {&p->fc0, weights_find(w, "value_fc.0.weight"), m->policy_hidden, m->value_hidden},
        {&p->policy_fc3, weights_find(w, "policy_fc.3.weight"), 0, m->actions},
        {&p->value_fc3, weights_find(w, "value_fc.3.weight"), 0, m->values},
    };
    memcpy(c, all, sizeof all);
    return (int)(sizeof all / sizeof all[0]);
}

static void weights_are_packed_by_rows(const Weights *w) {
    void *block;
    Packed p = packed_new(w, PACK_OUT_IN, &block);
    Case c[7];
    for (int n = cases(w, &p, c), i = 0; i < n; i++)
        for (int o = 0, in = c[i].l->in; o < c[i].out; o++) {
            const int8_t *row = (const int8_t *)c[i].l->weight +
                                (c[i].first + o) * linear_stride(in);
            int q[PLAIN_INT8_MAX], differ = 0;
            float scale = plain_int8_quantize(c[i].w + o * in, q, in);
            for (int k = 0; k < linear_stride(in); k++) differ += row[k] != (k < in ? q[k] : 0);
            CHECK(differ == 0 && scale == c[i].l->scale[c[i].first + o]);
        }
    backend_cpu.release(block);
}

enum { ROWS = 13 };

/* x (rows, in) through the layer, `count` outputs a call, against plain_int8_linear. */
static void product_is_exact(const Case *c, ProductKernel kernel, const float *x, int rows,
                             int count) {
    const Linear *l = c->l;
    const int blocks = int8_blocks(l->in), stride = (l->in + 3) / 4 * 4;
    int8_t *q = calloc(ROWS, (size_t)stride);
    void *wide = calloc(ROWS, (size_t)stride * sizeof(float));
    float *scale = calloc(ROWS, (size_t)blocks * sizeof *scale);
    float *y = calloc(ROWS, (size_t)l->out * sizeof *y), *plain = calloc((size_t)l->out, 4);
    QuantizeArgs quantized = {
        .x = x, .q = q, .scale = scale, .inputs = l->in, .x_stride = l->in, .q_stride = stride};
    for (int r = 0; r < rows; r++) {
        int8_quantize_one(&quantized, r, TEAM_OF_ONE);
        product_row(kernel, q, wide, r, stride);
    }
    for (int first = 0; first < l->out; first += count) {
        int n = l->out - first < count ? l->out - first : count;
        ProductArgs args = {.l = l,
                            .q = q,
                            .wide = wide,
                            .scale = scale,
                            .y = y + first,
                            .q_stride = stride,
                            .y_stride = l->out,
                            .first = first,
                            .count = n,
                            .rows = rows};
        product_int8(kernel, &args);
    }
    int differ = 0;
    for (int r = 0; r < rows; r++) {
        plain_int8_linear(c->w, x + r * l->in, plain, l->in, c->out);
        differ += memcmp(plain, y + r * l->out + c->first, (size_t)c->out * sizeof *y) != 0;
    }
    if (differ)
        fprintf(stderr, "%d x %d, kernel %d: %d rows differ\n", l->in, l->out, (int)kernel, differ);
    CHECK(differ == 0);
    free(q);
    free(wide);
    free(scale);
    free(y);
    free(plain);
}

static void products_are_exact(const Weights *w, ProductKernel kernel) {
    void *block;
    if (!product_has(kernel)) return;
    Packed p = packed_new(w, product_order(kernel), &block);
    Case c[7];
    float *x = malloc(sizeof *x * ROWS * PLAIN_INT8_MAX);
    for (int n = cases(w, &p, c), i = 0; i < n; i++) {
        int in = c[i].l->in;
        for (int k = 0; k < ROWS * in; k++) x[k] = noise((uint64_t)(k + i) << 20) * (k % 7);
        for (int k = 0; k < in; k++) x[in + k] = 0;                      /* nothing */
        for (int k = 0; k < in; k++) x[2 * in + k] = k % 3 ? 0 : 1e-38f; /* next to nothing */
        product_is_exact(&c[i], kernel, x, ROWS, c[i].l->out);
        for (int rows = 1; rows <= 6; rows++) product_is_exact(&c[i], kernel, x, rows, 64);
        product_is_exact(&c[i], kernel, x, 1, 128);
    }
    free(x);
    backend_cpu.release(block);
}

/* Operands of the greatest magnitude over 1,024 inputs, with either sign and with alternating
 * signs. */
static void nothing_saturates(void) {
    Weights w = weights_new(model_config_default(), 9);
    float *down = weights_find(&w, "transformer.layers.0.linear2.weight"), x[4 * 1024];
    for (int o = 0; o < 256; o++)
        for (int i = 0; i < 1024; i++)
            down[o * 1024 + i] = o % 3 == 0 ? 0.5f : o % 3 == 1 ? -0.5f : i % 2 ? 0.5f : -0.5f;
    for (int i = 0; i < 1024; i++) {
        x[i] = 3;
        x[1024 + i] = -3;
        x[2048 + i] = i % 2 ? 3 : -3;
        x[3072 + i] = i < 512 ? 3 : -3;
    }
    for (int kernel = 0; kernel < PRODUCT_KERNEL_COUNT; kernel++) {
        void *block;
        if (!product_has((ProductKernel)kernel)) continue;
        Packed p = packed_new(&w, product_order((ProductKernel)kernel), &block);
        Case c = {&p.layer[0].linear2, down, 0, 256};
        product_is_exact(&c, (ProductKernel)kernel, x, 4, 256);
        backend_cpu.release(block);
    }
    weights_free(&w);
}

/* The network had other weights before, of which none may remain. */
static void network_is_exact(const Weights *w, const Weights *before, int rows) {
    const ModelConfig *c = &w->config;
    NetSpec spec = {
        .model = *c, .precision = PRECISION_INT8, .network = NETWORK_LAYERS, .capacity = rows};
    Net *net = NULL;
    CHECK(net_cpu.create(&net, &spec) == STATUS_OK);
    CHECK(net && net_cpu.load(net, before, NULL) == STATUS_OK);
    CHECK(net && net_cpu.load(net, w, NULL) == STATUS_OK);
    float *x = malloc((size_t)(rows * c->inputs) * sizeof *x), l[64], v[64];
    float *logits = malloc((size_t)(rows * c->actions) * sizeof *logits);
    float *values = malloc((size_t)(rows * c->values) * sizeof *values);
    for (int i = 0; i < rows * c->inputs; i++) x[i] = i % 3 ? 0 : noise((uint64_t)i << 30);
    int32_t count = rows;
    int differ = 0;
    CHECK(net_cpu.forward(net, x, &count, logits, values, NULL) == STATUS_OK);
    for (int r = 0; r < rows; r++) {
        plain_int8_forward(w, x + r * c->inputs, l, v);
        differ += memcmp(l, logits + r * c->actions, (size_t)c->actions * sizeof *l) != 0;
        differ += memcmp(v, values + r * c->values, (size_t)c->values * sizeof *v) != 0;
    }
    CHECK(differ == 0);
    net_cpu.destroy(net);
    free(x);
    free(logits);
    free(values);
}

int main(void) {
    ties_go_to_even();
    blocks_are_quantized_independently();
    no_number_needs_clamping();
    numbers_not_finite_raise_a_fault();
    nothing_saturates();
    ModelConfig config[] = {ODD, SMALL, model_config_default()};
    for (int i = 0; i < 3; i++) {
        Weights w = weights_new(config[i], (uint64_t)i), before = weights_new(config[i], 99);
        weights_are_packed_by_rows(&w);
        for (int kernel = 0; kernel < PRODUCT_KERNEL_COUNT; kernel++)
            products_are_exact(&w, (ProductKernel)kernel);
        network_is_exact(&w, &before, i < 2 ? 50 : 2);
        weights_free(&w);
        weights_free(&before);
    }
    return check_report();
}
