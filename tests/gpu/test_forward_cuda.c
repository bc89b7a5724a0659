/* tests/gpu/test_forward_cuda.c - the network on a GPU in every implementation and precision:
 * outputs, bits, graphs, replacing weights, the choice of an implementation.
 *
 * Skips (77) without a GPU.
 *
 *   test_forward_cuda FOLDER    with the golden files of scripts/golden.py */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/infer/forward.h"
#include "tests/support/body_net.h"
#include "tests/support/check.h"
#include "tests/support/golden.h"

/* ALL rows are more than two chunks of any GPU with up to 150 multiprocessors. */
enum { INPUTS = 256, ACTIONS = 52, VALUES = 8, ALL = 20011 };

typedef struct {
    Network network;
    Precision precision;
} Variant;

static const Variant variants[] = {{NETWORK_PLAIN, PRECISION_FLOAT32},
                                   {NETWORK_PLAIN, PRECISION_BF16},
                                   {NETWORK_PLAIN, PRECISION_INT8},
                                   {NETWORK_LAYERS, PRECISION_FLOAT32},
                                   {NETWORK_LAYERS, PRECISION_BF16}};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static float *floats(size_t n) {
    float *x = (float *)calloc(n, sizeof *x);
    if (!x) abort();
    return x;
}

/* A network on the GPU with its arrays; the row beyond the capacity must not be written. */
typedef struct {
    Net *net;
    int capacity, values;
    uint16_t *x;           /* (capacity, INPUTS) device */
    float *logits, *value; /* (capacity + 1, ..) device */
    int32_t *count;        /* device */
    Fault *fault;          /* device */
    Stream stream;
} Gpu;

static void gpu_open(Gpu *d, const Weights *w, Variant variant, int capacity) {
    const size_t rows = (size_t)capacity + 1;
    memset(d, 0, sizeof *d);
    d->capacity = capacity;
    d->values = w->config.values;
    CHECK(backend_cuda.stream_open(&d->stream) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->fault, sizeof *d->fault) == STATUS_OK);
    NetSpec spec = {.model = w->config,
                    .precision = variant.precision,
                    .network = variant.network,
                    .capacity = capacity,
                    .fault = d->fault};
    CHECK(net_cuda.create(&d->net, &spec) == STATUS_OK && net_cuda.bytes(&spec) > 1 << 20);
    CHECK(d->net && net_cuda.load(d->net, w, d->stream) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->x, rows * INPUTS * sizeof *d->x) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->logits, rows * ACTIONS * sizeof(float)) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->value, rows * VALUES * sizeof(float)) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->count, sizeof *d->count) == STATUS_OK);
    if (checks_failed) exit(check_report());
}

static void gpu_close(Gpu *d) {
    net_cuda.destroy(d->net);
    backend_cuda.release(d->x);
    backend_cuda.release(d->logits);
    backend_cuda.release(d->value);
    backend_cuda.release(d->count);
    backend_cuda.release(d->fault);
    backend_cuda.stream_close(d->stream);
}

static void gpu_put(Gpu *d, const float *x, int n) {
    const int32_t count = n;
    uint16_t *bits = malloc((size_t)n * INPUTS * sizeof *bits + 1);
    if (!bits) abort();
    for (int i = 0; i < n * INPUTS; i++) {
        bits[i] = bf16_from_float(x[i]);
        CHECK(bf16_to_float(bits[i]) == x[i]); /* as observations are */
    }
    CHECK(backend_cuda.to_device(d->x, bits, (size_t)n * INPUTS * sizeof *bits, d->stream) ==
          STATUS_OK);
    CHECK(backend_cuda.to_device(d->count, &count, sizeof count, d->stream) == STATUS_OK);
    CHECK(backend_cuda.zero(d->logits, (size_t)n * ACTIONS * sizeof(float), d->stream) ==
          STATUS_OK); /* so that a forward that does nothing is noticed */
    CHECK(backend_cuda.stream_sync(d->stream) == STATUS_OK);
    free(bits);
}

static void gpu_get(Gpu *d, float *logits, float *value, int n) {
    const size_t row = sizeof(float) * ACTIONS, values = sizeof(float) * (size_t)d->values;
    float beyond[ACTIONS + VALUES];
    CHECK(backend_cuda.to_host(logits, d->logits, (size_t)n * row, d->stream) == STATUS_OK);
    CHECK(backend_cuda.to_host(value, d->value, (size_t)n * values, d->stream) == STATUS_OK);
    CHECK(backend_cuda.to_host(beyond, d->logits + (size_t)d->capacity * ACTIONS, row, d->stream) ==
          STATUS_OK);
    CHECK(backend_cuda.to_host(beyond + ACTIONS, d->value + (size_t)(d->capacity * d->values),
                               values, d->stream) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(d->stream) == STATUS_OK);
    for (int i = 0; i < ACTIONS + d->values; i++) CHECK(beyond[i] == 0);
}

static Status gpu_forward(Gpu *d) {
    return net_cuda.forward(d->net, d->x, d->count, d->logits, d->value, d->stream);
}

static void gpu_run(Gpu *d, const float *x, int n, float *logits, float *value) {
    gpu_put(d, x, n);
    CHECK(gpu_forward(d) == STATUS_OK);
    gpu_get(d, logits, value, n);
}

/* abs: float32 as on the CPU; bf16 keeps 8 bits through 12 norms, int8 about 7; outputs are below
 * 1. */
static void agrees_with_pytorch(const char *folder, const char *name, ModelConfig c,
                                Variant variant) {
    static const double abs[PRECISION_COUNT] = {5e-6, 5e-2, 1e-1};
    static float logits[100 * ACTIONS], value[100 * VALUES];
    Golden g;
    Weights w;
    Gpu d;
    CHECK(golden_read(&g, folder, name) && weights_alloc(&w, &c) == STATUS_OK && g.rows <= 100);
    if (checks_failed) exit(check_report());
    golden_fill(&w);
    gpu_open(&d, &w, variant, g.rows);
    gpu_run(&d, g.x, g.rows, logits, value);
    double policy_off = golden_distance(logits, g.logits, (size_t)(g.rows * g.actions));
    double value_off = golden_distance(value, g.value, (size_t)(g.rows * g.values));
    if (!(policy_off <= abs[variant.precision] && value_off <= abs[variant.precision])) {
        fprintf(stderr, "%s, %s, %s: off by %g, %g\n", name, network_name(variant.network),
                precision_name(variant.precision), policy_off, value_off);
        checks_failed++;
    }
    gpu_close(&d);
    weights_free(&w);
    golden_free(&g);
}

/* All rows that the tests below use, and the variant's outputs for all of them at once. */
typedef struct {
    float *x, *logits, *values;                /* (ALL, ..) owned */
    float *some_x, *some_logits, *some_values; /* (ALL, ..) owned: a batch of them */
} Rows;

static Rows rows_new(void) {
    Rows r = {.x = floats(ALL * INPUTS),
              .logits = floats(ALL * ACTIONS),
              .values = floats(ALL * VALUES),
              .some_x = floats(ALL * INPUTS),
              .some_logits = floats(ALL * ACTIONS),
              .some_values = floats(ALL * VALUES)};
    for (int i = 0; i < ALL * INPUTS; i++) {
        uint64_t u = splitmix64((uint64_t)i);
        r.x[i] = (u & 15) < 3 ? 1.0f : (u & 15) == 3 ? (float)(u >> 8 & 15) / 32 : 0.0f;
    }
    return r;
}

static void rows_free(Rows *r) {
    float *all[] = {r->x, r->logits, r->values, r->some_x, r->some_logits, r->some_values};
    for (int i = 0; i < 6; i++) free(all[i]);
}

static int row_of(int i, int step, int shift) { return (int)(((int64_t)i * step + shift) % ALL); }

/* Row i of the batch that just ran is row_of(i) of all rows, and must have the same bits. */
static void has_the_same_bits(const Rows *r, int n, int step, int shift, const char *how) {
    int differ = 0;
    for (int i = 0; i < n; i++) {
        const int from = row_of(i, step, shift);
        differ += memcmp(r->some_logits + i * ACTIONS, r->logits + from * ACTIONS,
                         ACTIONS * sizeof(float)) != 0 ||
                  memcmp(r->some_values + i * VALUES, r->values + from * VALUES,
                         VALUES * sizeof(float)) != 0;
    }
    if (differ) fprintf(stderr, "%s, %d rows, step %d: %d differ\n", how, n, step, differ);
    CHECK(differ == 0);
}

/* Rows in another order and number, by launches or by a graph captured before. */
static void batch_has_the_same_bits(Gpu *d, Rows *r, Graph graph, int n, int step, int shift) {
    for (int i = 0; i < n; i++)
        memcpy(r->some_x + i * INPUTS, r->x + row_of(i, step, shift) * INPUTS,
               INPUTS * sizeof(float));
    gpu_put(d, r->some_x, n);
    if (graph)
        CHECK(backend_cuda.graph_launch(graph, d->stream) == STATUS_OK);
    else
        CHECK(gpu_forward(d) == STATUS_OK);
    gpu_get(d, r->some_logits, r->some_values, n);
    has_the_same_bits(r, n, step, shift, graph ? "graph" : "launches");
}

static Graph gpu_capture(Gpu *d) {
    Graph graph = NULL;
    CHECK(backend_cuda.capture_begin(d->stream, GRAPH_PLAIN) == STATUS_OK);
    CHECK(gpu_forward(d) == STATUS_OK &&
          gpu_forward(d) == STATUS_OK); /* twice, as in consecutive waves */
    CHECK(backend_cuda.capture_end(d->stream, &graph) == STATUS_OK);
    if (!graph) exit(check_report());
    return graph;
}

static void a_row_has_the_same_bits_in_any_batch(const Weights *w, Variant variant, Rows *r) {
    static const int capacities[] = {1, 33, 4096, ALL};
    static const int sizes[] = {0, 1, 2, 3, 7, 31, 33, 129, 4095, 8449, ALL};
    Gpu d;
    gpu_open(&d, w, variant, ALL);
    gpu_run(&d, r->x, ALL, r->logits, r->values);
    gpu_close(&d);
    for (size_t k = 0; k < sizeof capacities / sizeof capacities[0]; k++) {
        gpu_open(&d, w, variant, capacities[k]);
        Graph graph = gpu_capture(&d); /* before anything has run: create loads all kernels */
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (int captured = 0; captured < 2 && sizes[i] <= capacities[k]; captured++)
                batch_has_the_same_bits(&d, r, captured ? graph : NULL, sizes[i], 2 * (int)i + 1,
                                        13 * (int)i);
        backend_cuda.graph_close(graph);
        gpu_close(&d);
    }
}

/* `plain` gives the bits of its bodies, and with int8 those of the network on the CPU too. Uses the
 * first `rows` rows. */
static void plain_matches_its_bodies(const Weights *w, Precision precision, Rows *r, int rows) {
    const Variant variant = {NETWORK_PLAIN, precision};
    float logits[ACTIONS], values[VALUES];
    BodyNet body;
    Gpu d;
    gpu_open(&d, w, variant, rows);
    CHECK(body_open(&body, w, precision));
    gpu_run(&d, r->x, rows, r->some_logits, r->some_values);
    for (int i = 0; i < rows; i++) {
        body_forward(&body, r->x + i * INPUTS, logits, values);
        CHECK(memcmp(logits, r->some_logits + i * ACTIONS, sizeof logits) == 0);
        CHECK(memcmp(values, r->some_values + i * VALUES, sizeof values) == 0);
    }
    if (precision == PRECISION_INT8) {
        NetSpec spec = {.model = w->config,
                        .precision = precision,
                        .network = NETWORK_LAYERS,
                        .capacity = rows};
        Net *cpu = NULL;
        int32_t count = rows;
        CHECK(net_cpu.create(&cpu, &spec) == STATUS_OK && net_cpu.load(cpu, w, NULL) == STATUS_OK);
        CHECK(net_cpu.forward(cpu, r->x, &count, r->logits, r->values, NULL) == STATUS_OK);
        has_the_same_bits(r, rows, 1, 0, "cpu");
        net_cpu.destroy(cpu);
    }
    body_close(&body);
    gpu_close(&d);
}

/* A graph captured with other weights uses the new ones; and of two loads in a row, each holds for
 * what is enqueued after it, although the host waited for neither. */
static void a_captured_graph_uses_new_weights(const Weights *old, const Weights *w, Variant variant,
                                              Rows *r) {
    enum { N = 700 };
    const size_t bytes = N * ACTIONS * sizeof(float);
    float *between = NULL, *before = floats(N * ACTIONS), *after = floats(N * ACTIONS);
    Gpu d;
    gpu_open(&d, w, variant, N);
    gpu_run(&d, r->x, N, r->logits, r->values);
    gpu_close(&d);
    gpu_open(&d, old, variant, N);
    CHECK(backend_cuda.alloc((void **)&between, bytes) == STATUS_OK);
    Graph graph = gpu_capture(&d);
    gpu_put(&d, r->x, N);
    CHECK(backend_cuda.graph_launch(graph, d.stream) == STATUS_OK);
    gpu_get(&d, before, r->some_values, N);
    CHECK(memcmp(before, r->logits, bytes) != 0);
    CHECK(net_cuda.load(d.net, w, d.stream) == STATUS_OK);
    CHECK(net_cuda.load(d.net, old, d.stream) == STATUS_OK);
    CHECK(net_cuda.forward(d.net, d.x, d.count, between, d.value, d.stream) == STATUS_OK);
    CHECK(net_cuda.load(d.net, w, d.stream) == STATUS_OK);
    CHECK(backend_cuda.graph_launch(graph, d.stream) == STATUS_OK);
    gpu_get(&d, r->some_logits, r->some_values, N);
    has_the_same_bits(r, N, 1, 0, "new weights");
    CHECK(backend_cuda.to_host(after, between, bytes, d.stream) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(d.stream) == STATUS_OK);
    CHECK(memcmp(after, before, bytes) == 0);
    backend_cuda.graph_close(graph);
    backend_cuda.release(between);
    free(before);
    free(after);
    gpu_close(&d);
}

/* NaN stays in its row; int8 raises its fault for it. */
static void nan_stays_in_its_row(const Weights *w, Variant variant, Rows *r) {
    enum { N = 9, BAD = 4 };
    Fault fault = {0, 0, 0};
    Gpu d;

    gpu_open(&d, w, variant, N);
    gpu_run(&d, r->x, N, r->logits, r->values);
    gpu_put(&d, r->x, N);
    const uint16_t nan = 0x7FC0;
    CHECK(backend_cuda.to_device(d.x + BAD * INPUTS + 100, &nan, sizeof nan, d.stream) ==
          STATUS_OK);
    CHECK(gpu_forward(&d) == STATUS_OK);
    gpu_get(&d, r->some_logits, r->some_values, N);
    CHECK(backend_cuda.to_host(&fault, d.fault, sizeof fault, d.stream) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(d.stream) == STATUS_OK);
    const float *logits = r->some_logits + BAD * ACTIONS;
    CHECK(logits[0] != logits[0] && r->some_values[BAD * VALUES] != r->some_values[BAD * VALUES]);
    has_the_same_bits(r, BAD, 1, 0, "before it");
    CHECK(memcmp(logits + ACTIONS, r->logits + (BAD + 1) * ACTIONS,
                 (N - BAD - 1) * ACTIONS * sizeof(float)) == 0);
    CHECK(fault.code == (variant.precision == PRECISION_INT8 ? FAULT_INT8 : FAULT_NONE));
    CHECK(fault.item == (variant.precision == PRECISION_INT8 ? BAD : 0));
    gpu_close(&d);
}

static void choices_are_repeatable(const Weights *w) {
    char why[256] = "", again[256] = "";
    for (int p = 0; p < PRECISION_COUNT; p++) {
        NetSpec spec = {
            .model = w->config, .precision = (Precision)p, .network = NETWORK_AUTO, .capacity = 1};
        Network out = NETWORK_AUTO, same = NETWORK_AUTO;
        CHECK(net_cuda.choose(NETWORK_AUTO, &spec, w, &out, why, sizeof why) == STATUS_OK);
        CHECK(net_cuda.choose(NETWORK_AUTO, &spec, w, &same, again, sizeof again) == STATUS_OK);
        CHECK(out == same && strcmp(why, again) == 0);
        CHECK(out == (p == PRECISION_INT8 ? NETWORK_PLAIN : NETWORK_LAYERS));
        if (out == NETWORK_PLAIN && p != PRECISION_INT8) fprintf(stderr, "%s\n", why);
        CHECK(net_cuda.choose(NETWORK_PLAIN, &spec, w, &out, why, sizeof why) == STATUS_OK);
        CHECK(out == NETWORK_PLAIN);
    }
    fflush(stderr);
    int keep = dup(2), null = open("/dev/null", O_WRONLY); /* the lines about refusals */
    dup2(null, 2);
    Network out = NETWORK_AUTO;
    NetSpec int8 = {
        .model = w->config, .precision = PRECISION_INT8, .network = NETWORK_AUTO, .capacity = 1};
    int refused = net_cuda.choose(NETWORK_LAYERS, &int8, w, &out, why, sizeof why) == STATUS_INPUT;
    fflush(stderr);
    dup2(keep, 2);
    close(keep);
    close(null);
    CHECK(refused && out == NETWORK_AUTO);
}

int main(int argc, char **argv) {
    char device_text[256];
    if (backend_cuda.open(device_text, sizeof device_text) != STATUS_OK) return 77;
    if (argc != 2) {
        fprintf(stderr, "usage: test_forward_cuda FOLDER\n");
        return 2;
    }
    ModelConfig full = model_config_default(), tanh_shape = full;
    tanh_shape.values = 1;
    tanh_shape.value_head = VALUE_TANH;
    Weights w, old;
    CHECK(weights_alloc(&w, &full) == STATUS_OK && weights_alloc(&old, &full) == STATUS_OK);
    if (checks_failed) return check_report();
    weights_init(&w, 3);
    weights_init(&old, 4);
    Rows rows = rows_new();
    for (size_t i = 0; i < VARIANTS; i++) {
        agrees_with_pytorch(argv[1], "golden_blobnet.txt", full, variants[i]);
        agrees_with_pytorch(argv[1], "golden_tanh.txt", tanh_shape, variants[i]);
        a_row_has_the_same_bits_in_any_batch(&w, variants[i], &rows);
        a_captured_graph_uses_new_weights(&old, &w, variants[i], &rows);
        nan_stays_in_its_row(&w, variants[i], &rows);
    }
    for (int p = 0; p < PRECISION_COUNT; p++) plain_matches_its_bodies(&w, (Precision)p, &rows, 5);
    choices_are_repeatable(&w);
    rows_free(&rows);
    weights_free(&w);
    weights_free(&old);
    return check_report();
}
