/* tests/nn/test_forward.c - nn/infer/forward.h on the CPU: golden outputs, unfolded attention, the
 * bits of a row.
 *
 * test_int8 checks the outputs of int8 to the bit; here are the promises that all precisions share.
 *
 *   test_forward FOLDER    with the golden files of scripts/golden.py */
#include <fcntl.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/infer/forward.h"
#include "tests/support/check.h"
#include "tests/support/golden.h"
#include "tests/support/odd_model.h"
#include "plain_net.h"

static float *floats(size_t n) {
    float *x = (float *)calloc(n, sizeof *x);
    if (!x) abort();
    return x;
}

/* Rows like observations: zeros, ones, some eighths. */
static float *rows_new(int rows, int inputs, uint64_t seed) {
    float *x = floats((size_t)rows * (size_t)inputs);
    for (int64_t i = 0; i < (int64_t)rows * inputs; i++) {
        uint64_t u = splitmix64(seed << 40 | (uint64_t)i);
        x[i] = (u & 15) < 3 ? 1.0f : (u & 15) == 3 ? (float)(int)(u >> 8 & 15) / 8 - 1 : 0.0f;
    }
    return x;
}

static Network network = NETWORK_LAYERS; /* the implementation under test */

static NetSpec net_spec(ModelConfig model, Precision precision, int capacity) {
    NetSpec spec = {
        .model = model, .precision = precision, .network = network, .capacity = capacity};
    return spec;
}

static Net *net_new(const Weights *w, Precision precision, int capacity, Fault *fault) {
    Net *net = NULL;
    NetSpec spec = net_spec(w->config, precision, capacity);
    spec.fault = fault;
    CHECK(net_cpu.create(&net, &spec) == STATUS_OK);
    CHECK(net && net_cpu.load(net, w, NULL) == STATUS_OK);
    return net;
}

/* Errors of 12 norms and 21 products in float32; outputs are below 1. Measured: 5e-7. */
static const double ABS = 2e-6;

static void agrees_with_pytorch(const char *folder, const char *name, ModelConfig c) {
    Golden g;
    Weights w;
    CHECK(golden_read(&g, folder, name));
    CHECK(weights_alloc(&w, &c) == STATUS_OK);
    CHECK(g.inputs == c.inputs && g.actions == c.actions && g.values == c.values);
    if (checks_failed) return;
    golden_fill(&w);
    Net *net = net_new(&w, PRECISION_FLOAT32, g.rows, NULL);
    float *logits = floats((size_t)(g.rows * g.actions)),
          *value = floats((size_t)(g.rows * g.values));
    int32_t count = g.rows;
    CHECK(net_cpu.forward(net, g.x, &count, logits, value, NULL) == STATUS_OK);
    CHECK(golden_distance(logits, g.logits, (size_t)(g.rows * g.actions)) <= ABS);
    CHECK(golden_distance(value, g.value, (size_t)(g.rows * g.values)) <= ABS);
    net_cpu.destroy(net);
    weights_free(&w);
    golden_free(&g);
    free(logits);
    free(value);
}

/* The oracle computes queries, keys and heads: folding them away must not show. */
static void agrees_with_real_attention(ModelConfig c, uint64_t seed, int rows) {
    Weights w;
    CHECK(weights_alloc(&w, &c) == STATUS_OK);
    if (checks_failed) return;
    weights_init(&w, seed);
    for (size_t i = 0; i < w.count; i++) /* so that no bias, gain or shift is exactly 0 or 1 */
        w.data[i] += (float)(splitmix64(i) >> 50) / 131072 - .0625f;
    float *x = rows_new(rows, c.inputs, seed);
    float *logits = floats((size_t)(rows * c.actions)), *value = floats((size_t)(rows * c.values));
    double *l = (double *)calloc((size_t)c.actions, sizeof *l);
    double *v = (double *)calloc((size_t)c.values, sizeof *v);
    Net *net = net_new(&w, PRECISION_FLOAT32, rows + 5, NULL);
    int32_t count = rows;
    CHECK(net_cpu.forward(net, x, &count, logits, value, NULL) == STATUS_OK);
    for (int r = 0; r < rows; r++) {
        plain_forward(&w, x + r * c.inputs, l, v);
        CHECK(golden_distance(logits + r * c.actions, l, (size_t)c.actions) <= 5 * ABS);
        CHECK(golden_distance(value + r * c.values, v, (size_t)c.values) <= 5 * ABS);
    }
    net_cpu.destroy(net);
    weights_free(&w);
    free(x);
    free(logits);
    free(value);
    free(l);
    free(v);
}

/* Under a sanitizer, plain loops over full-size networks and 1,000 rows take many minutes. */
#ifdef __SANITIZE_ADDRESS__
enum { ALL = 300, SANITIZED = 1 };
#else
enum { ALL = 1000, SANITIZED = 0 };
#endif

/* Row i of the batch is row (i * step + shift) % ALL of all rows: the bits of its outputs must be
 * the same. */
static void batch_has_the_same_bits(Net *net, const float *x, const float *logits,
                                    const float *values, int n, int step, int shift) {
    float *bx = floats((size_t)n * 256), *bl = floats((size_t)n * 52 + 1),
          *bv = floats((size_t)n * 8 + 1);
    for (int i = 0; i < n; i++)
        memcpy(bx + (size_t)i * 256, x + (size_t)((i * step + shift) % ALL) * 256,
               256 * sizeof *bx);
    bl[(size_t)n * 52] = bv[(size_t)n * 8] = 77;
    int32_t count = n;
    CHECK(net_cpu.forward(net, bx, &count, bl, bv, NULL) == STATUS_OK);
    int differ = 0;
    for (int i = 0; i < n; i++) {
        size_t from = (size_t)((i * step + shift) % ALL);
        differ += memcmp(bl + (size_t)i * 52, logits + from * 52, 52 * sizeof *bl) != 0;
        differ += memcmp(bv + (size_t)i * 8, values + from * 8, 8 * sizeof *bv) != 0;
    }
    if (differ) fprintf(stderr, "%d rows, step %d: %d differ\n", n, step, differ);
    CHECK(differ == 0);
    CHECK(bl[(size_t)n * 52] == 77 && bv[(size_t)n * 8] == 77);
    free(bx);
    free(bl);
    free(bv);
}

static void a_row_has_the_same_bits_in_any_batch(const Weights *w, Precision precision) {
    static const int sizes[] = {1, 2, 3, 7, 31, 33, 129, ALL};
    float *x = rows_new(ALL, 256, 5), *logits = floats(ALL * 52), *values = floats(ALL * 8);
    int32_t count = ALL;
    omp_set_num_threads(2);
    Net *net = net_new(w, precision, ALL, NULL);
    CHECK(net_cpu.forward(net, x, &count, logits, values, NULL) == STATUS_OK);
    for (int threads = 1; threads <= 2; threads++) {
        omp_set_num_threads(threads);
        for (int i = 0; i < (int)(sizeof sizes / sizeof sizes[0]); i++)
            batch_has_the_same_bits(net, x, logits, values, sizes[i], 7 * i * (ALL / 10) + 1,
                                    13 * i);
        batch_has_the_same_bits(net, x, logits, values, ALL, 387, 11);
        CHECK(omp_get_max_threads() == threads);
    }
    omp_set_num_threads(3);
    Net *other = net_new(w, precision, 65, NULL); /* for more threads and another capacity */
    omp_set_num_threads(2);
    batch_has_the_same_bits(other, x, logits, values, 65, 3, 500);
    net_cpu.destroy(other);
    net_cpu.destroy(net);
    free(x);
    free(logits);
    free(values);
}

/* Row WRONG is in the second block of rows, with either precision. */
static void nan_stays_in_its_row(const Weights *w, Precision precision) {
    enum { ROWS = 70, WRONG = 66, AFTER = ROWS - WRONG - 1 };
    static float a[ROWS * 52], b[ROWS * 52], v[ROWS * 8];
    float *x = rows_new(ROWS, 256, 6);
    int32_t count = ROWS;
    Fault fault = {FAULT_NONE, 0, 0};
    Net *net = net_new(w, precision, ROWS, &fault);
    CHECK(net_cpu.forward(net, x, &count, a, v, NULL) == STATUS_OK);
    CHECK(fault.code == FAULT_NONE);
    x[WRONG * 256 + 100] = NAN;
    CHECK(net_cpu.forward(net, x, &count, b, v, NULL) == STATUS_OK);
    CHECK(fault.code == (precision == PRECISION_INT8 ? FAULT_INT8 : FAULT_NONE));
    CHECK(fault.item == (precision == PRECISION_INT8 ? WRONG : 0));
    const float *l = b + WRONG * 52;
    CHECK(l[0] != l[0] && l[51] != l[51] && v[WRONG * 8] != v[WRONG * 8]);
    CHECK(memcmp(a, b, WRONG * 52 * sizeof *a) == 0);
    CHECK(memcmp(a + (WRONG + 1) * 52, b + (WRONG + 1) * 52, AFTER * 52 * sizeof *a) == 0);
    memcpy(x + WRONG * 256, x, 256 * sizeof *x);
    CHECK(net_cpu.forward(net, x, &count, b, v, NULL) ==
          STATUS_OK); /* and leaves no trace in the scratch */
    CHECK(memcmp(a, b + WRONG * 52, 52 * sizeof *a) == 0);
    net_cpu.destroy(net);
    free(x);
}

static void refusals_write_nothing(const Weights *w) {
    float x[256] = {0}, logits[52] = {77}, values[8] = {77};
    ModelConfig bad = w->config;
    bad.width = 255;
    Weights other;
    ModelConfig shape = w->config;
    shape.layers = 1;
    Net *net = net_new(w, PRECISION_FLOAT32, 5, NULL);
    CHECK(weights_alloc(&other, &shape) == STATUS_OK);
    int32_t none = 0, negative = -1, many = 6;
    CHECK(net_cpu.forward(net, x, &none, logits, values, NULL) == STATUS_OK);
    fflush(stderr);
    int keep = dup(2), null = open("/dev/null", O_WRONLY); /* the lines about refusals */
    dup2(null, 2);
    Net *out = NULL;
    NetSpec good = net_spec(w->config, PRECISION_FLOAT32, 5), wrong[4] = {good, good, good, good};
    wrong[0].precision = PRECISION_BF16;
    wrong[1].capacity = 0;
    wrong[2].model = bad;
    wrong[3].network = NETWORK_COUNT;
    int refused = 1;
    for (int i = 0; i < 4; i++) {
        refused &= net_cpu.create(&out, &wrong[i]) == STATUS_ARGUMENT && !out;
        refused &= net_cpu.bytes(&wrong[i]) == 0;
    }
    refused &= net_cpu.load(net, &other, NULL) == STATUS_ARGUMENT;
    refused &= net_cpu.forward(net, x, &negative, logits, values, NULL) == STATUS_ARGUMENT;
    refused &= net_cpu.forward(net, x, &many, logits, values, NULL) == STATUS_ARGUMENT;
    fflush(stderr);
    dup2(keep, 2);
    close(keep);
    close(null);
    CHECK(refused && logits[0] == 77 && values[0] == 77);
    CHECK(net_cpu.bytes(&good) > w->count / 4 * 3 * sizeof(float));
    weights_free(&other);
    net_cpu.destroy(net);
    net_cpu.destroy(NULL);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: test_forward FOLDER\n");
        return 2;
    }
    ModelConfig full = model_config_default(), tanh_shape = full;
    tanh_shape.values = 1;
    tanh_shape.value_head = VALUE_TANH;
    Weights w, small;
    ModelConfig few = full;
    few.layers = 1;
    CHECK(weights_alloc(&w, &full) == STATUS_OK && weights_alloc(&small, &few) == STATUS_OK);
    if (checks_failed) return check_report();
    weights_init(&w, 3);
    weights_init(&small, 4);
    for (network = NETWORK_LAYERS; network >= NETWORK_PLAIN; network--) {
        const bool slow = network == NETWORK_PLAIN || SANITIZED;
        const Weights *some = slow ? &small : &w;
        agrees_with_pytorch(argv[1], "golden_blobnet.txt", full);
        agrees_with_pytorch(argv[1], "golden_tanh.txt", tanh_shape);
        agrees_with_real_attention(ODD, 1, 70);
        agrees_with_real_attention(full, 2, 2);
        for (int precision = 0; precision < PRECISION_COUNT; precision++) {
            if (precision == PRECISION_BF16) continue;
            a_row_has_the_same_bits_in_any_batch(some, (Precision)precision);
            nan_stays_in_its_row(some, (Precision)precision);
        }
        refusals_write_nothing(&w);
    }
    weights_free(&small);
    weights_free(&w);
    return check_report();
}
