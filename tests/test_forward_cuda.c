/* tests/test_forward_cuda.c - the network on a GPU: golden outputs, bits of a row, capture.
 *
 * Skips (77) without a GPU.
 *
 *   test_forward_cuda FOLDER    with the golden files of scripts/golden.py */
#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/forward.h"
#include "check.h"
#include "golden.h"

enum { CAPACITY = 300, INPUTS = 256, ACTIONS = 52 };

/* A net on the GPU, and its arrays there. */
typedef struct {
    Net *net;
    int values;
    float *x, *logits, *value; /* (CAPACITY, ..) device */
    int32_t *count;            /* device */
    Stream stream;
} Device;

static int device_open(Device *d, const Weights *w, Precision precision) {
    memset(d, 0, sizeof *d);
    d->values = w->config.values;
    CHECK(backend_cuda.stream_open(&d->stream) == STATUS_OK);
    NetSpec spec = {w->config, precision, NETWORK_LAYERS, CAPACITY, NULL};
    CHECK(net_cuda.create(&d->net, &spec) == STATUS_OK);
    CHECK(d->net && net_cuda.load(d->net, w, d->stream) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->x, CAPACITY * INPUTS * sizeof(float)) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->logits, CAPACITY * ACTIONS * sizeof(float)) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->value, CAPACITY * 8 * sizeof(float)) == STATUS_OK);
    CHECK(backend_cuda.alloc((void **)&d->count, sizeof(int32_t)) == STATUS_OK);
    return checks_failed == 0;
}

static void device_close(Device *d) {
    net_cuda.destroy(d->net);
    backend_cuda.release(d->x);
    backend_cuda.release(d->logits);
    backend_cuda.release(d->value);
    backend_cuda.release(d->count);
    backend_cuda.stream_close(d->stream);
}

static void device_put(Device *d, const float *x, int32_t n) {
    size_t row = INPUTS * sizeof *x;
    CHECK(backend_cuda.to_device(d->x, x, (size_t)n * row, d->stream) == STATUS_OK);
    CHECK(backend_cuda.to_device(d->count, &n, sizeof n, d->stream) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(d->stream) == STATUS_OK);
}

static void device_get(Device *d, float *logits, float *value, int n) {
    size_t row = sizeof(float) * ACTIONS, values = sizeof(float) * (size_t)d->values;
    CHECK(backend_cuda.to_host(logits, d->logits, (size_t)n * row, d->stream) == STATUS_OK);
    CHECK(backend_cuda.to_host(value, d->value, (size_t)n * values, d->stream) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(d->stream) == STATUS_OK);
}

static void device_run(Device *d, const float *x, int n, float *logits, float *value) {
    device_put(d, x, n);
    CHECK(net_cuda.forward(d->net, d->x, d->count, d->logits, d->value, d->stream) == STATUS_OK);
    device_get(d, logits, value, n);
}

/* abs: float32 as on the CPU; bf16 keeps 8 bits through 12 norms, outputs are below 1. */
static void agrees_with_pytorch(const char *folder, const char *name, ModelConfig c,
                                Precision precision, double abs) {
    static float logits[CAPACITY * ACTIONS], value[CAPACITY * 8];
    Golden g;
    Weights w;
    Device d;
    CHECK(golden_read(&g, folder, name) && weights_alloc(&w, &c) == STATUS_OK);
    if (checks_failed) return;
    golden_fill(&w);
    if (!device_open(&d, &w, precision)) return;
    device_run(&d, g.x, g.rows, logits, value);
    double policy_off = golden_distance(logits, g.logits, (size_t)(g.rows * g.actions));
    double value_off = golden_distance(value, g.value, (size_t)(g.rows * g.values));
    if (!(policy_off <= abs && value_off <= abs))
        fprintf(stderr, "%s, precision %d: off by %g, %g\n", name, precision, policy_off,
                value_off);
    CHECK(policy_off <= abs && value_off <= abs);
    device_close(&d);
    weights_free(&w);
    golden_free(&g);
}

static float all_x[CAPACITY * INPUTS], all_logits[CAPACITY * ACTIONS], all_values[CAPACITY * 8];
static float some_x[CAPACITY * INPUTS], some_logits[CAPACITY * ACTIONS], some_values[CAPACITY * 8];

/* Row i of the batch is row (i * step + shift) % CAPACITY of the whole. */
static void batch_has_the_same_bits(Device *d, int n, int step, int shift) {
    for (int i = 0; i < n; i++)
        memcpy(some_x + i * INPUTS, all_x + (i * step + shift) % CAPACITY * INPUTS,
               INPUTS * sizeof *some_x);
    device_run(d, some_x, n, some_logits, some_values);
    int differ = 0;
    for (int i = 0; i < n; i++) {
        int from = (i * step + shift) % CAPACITY;
        differ += memcmp(some_logits + i * ACTIONS, all_logits + from * ACTIONS,
                         ACTIONS * sizeof *all_logits) != 0;
        differ += memcmp(some_values + i * 8, all_values + from * 8, 8 * sizeof *all_values) != 0;
    }
    if (differ) fprintf(stderr, "%d rows, step %d: %d differ\n", n, step, differ);
    CHECK(differ == 0);
}

/* A captured forward gives the same bits when its graph is launched, with another count too. */
static void can_be_captured(Device *d) {
    cudaGraph_t graph;
    cudaGraphExec_t run;
    CHECK(cudaStreamBeginCapture(d->stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    CHECK(net_cuda.forward(d->net, d->x, d->count, d->logits, d->value, d->stream) == STATUS_OK);
    CHECK(cudaStreamEndCapture(d->stream, &graph) == cudaSuccess);
    if (checks_failed) return;
    CHECK(cudaGraphInstantiate(&run, graph, 0) == cudaSuccess);
    for (int n = 1; n <= CAPACITY; n += CAPACITY - 1) {
        device_put(d, all_x, n);
        CHECK(cudaGraphLaunch(run, d->stream) == cudaSuccess);
        device_get(d, some_logits, some_values, n);
        CHECK(memcmp(some_logits, all_logits, (size_t)(n * ACTIONS) * sizeof *all_logits) == 0);
        CHECK(memcmp(some_values, all_values, (size_t)(n * 8) * sizeof *all_values) == 0);
    }
    cudaGraphExecDestroy(run);
    cudaGraphDestroy(graph);
}

static void bits_of_a_row_are_its_own(const Weights *w, Precision precision) {
    static const int sizes[] = {1, 2, 3, 7, 31, 33, 129, CAPACITY};
    Device d;
    for (int i = 0; i < CAPACITY * INPUTS; i++) all_x[i] = splitmix64((uint64_t)i) % 5 == 0;
    if (!device_open(&d, w, precision)) return;
    device_run(&d, all_x, CAPACITY, all_logits, all_values);
    for (int i = 0; i < (int)(sizeof sizes / sizeof sizes[0]); i++)
        batch_has_the_same_bits(&d, sizes[i], 7 * i + 1, 13 * i);
    can_be_captured(&d);
    device_close(&d);
}

int main(int argc, char **argv) {
    int gpus = 0;
    if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0) return 77;
    if (argc != 2) {
        fprintf(stderr, "usage: test_forward_cuda FOLDER\n");
        return 2;
    }
    ModelConfig full = model_config_default(), tanh_shape = full;
    tanh_shape.values = 1;
    tanh_shape.value_head = VALUE_TANH;
    agrees_with_pytorch(argv[1], "golden_blobnet.txt", full, PRECISION_FLOAT32, 5e-6);
    agrees_with_pytorch(argv[1], "golden_tanh.txt", tanh_shape, PRECISION_FLOAT32, 5e-6);
    agrees_with_pytorch(argv[1], "golden_blobnet.txt", full, PRECISION_BF16, 5e-2);
    agrees_with_pytorch(argv[1], "golden_tanh.txt", tanh_shape, PRECISION_BF16, 5e-2);
    Weights w;
    CHECK(weights_alloc(&w, &full) == STATUS_OK);
    if (checks_failed) return check_report();
    weights_init(&w, 3);
    bits_of_a_row_are_its_own(&w, PRECISION_FLOAT32);
    bits_of_a_row_are_its_own(&w, PRECISION_BF16);
    weights_free(&w);
    return check_report();
}
