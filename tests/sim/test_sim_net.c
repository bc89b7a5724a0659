/* tests/sim/test_sim_net.c - the network on the simulated GPU has the bits of its bodies, and in
 * float32 and int8 those of the CPU.
 *
 *   test_sim_net [--full]
 *
 * A small network in every precision and several batches; --full: two rows of the real network,
 * some millions of lane steps each. */
#include <stdlib.h>

#include "tests/support/body_net.h"
#include "tests/support/check.h"
#include "sim_device.h"

enum { CAPACITY = 33 };

typedef struct {
    float rows[CAPACITY * 256]; /* (R, C_in) each exact in bf16 */
    float logits[CAPACITY * ACTIONS], values[CAPACITY * MAX_SEATS];
} Batch;

static void batch_fill(Batch *batch, uint64_t seed) {
    memset(batch, 0, sizeof *batch);
    for (int i = 0; i < CAPACITY * 256; i++) {
        uint64_t x = splitmix64(seed ^ splitmix64((uint64_t)i));
        batch->rows[i] = x % 5 < 3 ? (float)(x % 5 == 1) : ((float)(x >> 40 & 255) - 128) / 64;
    }
}

/* Row r of a batch is row (first + r) % CAPACITY of the rows. */
static const float *batch_row(const Batch *batch, int first, int r, int inputs) {
    return batch->rows + (size_t)((first + r) % CAPACITY) * (size_t)inputs;
}

/* Runs a batch of `count` rows on the device, with memory and a stream of its own. */
static void batch_run(const Device *device, Net *net, Batch *batch, int first, int32_t count) {
    const Backend *backend = device->backend;
    const size_t inputs = 256, row = inputs * (device->net->bf16_rows ? 2 : sizeof(float));
    char *block, *host = (char *)calloc(CAPACITY, row);
    float *logits, *values;
    int32_t *count_at;
    Stream stream;
    CHECK(host && backend->stream_open(&stream) == STATUS_OK);
    CHECK(backend->alloc((void **)&block, CAPACITY * row) == STATUS_OK);
    CHECK(backend->alloc((void **)&logits, sizeof batch->logits) == STATUS_OK);
    CHECK(backend->alloc((void **)&values, sizeof batch->values) == STATUS_OK);
    CHECK(backend->alloc((void **)&count_at, sizeof count) == STATUS_OK);
    if (checks_failed) return;
    for (int r = 0; r < count; r++)
        for (size_t i = 0; i < inputs; i++)
            element_store(host + (size_t)r * row,
                          device->net->bf16_rows ? PRECISION_BF16 : PRECISION_FLOAT32, (int64_t)i,
                          batch_row(batch, first, r, 256)[i]);
    CHECK(backend->to_device(block, host, CAPACITY * row, stream) == STATUS_OK);
    CHECK(backend->to_device(count_at, &count, sizeof count, stream) == STATUS_OK);
    CHECK(device->net->forward(net, block, count_at, logits, values, stream) == STATUS_OK);
    CHECK(backend->to_host(batch->logits, logits, sizeof batch->logits, stream) == STATUS_OK);
    CHECK(backend->to_host(batch->values, values, sizeof batch->values, stream) == STATUS_OK);
    CHECK(backend->stream_sync(stream) == STATUS_OK);
    backend->release(block);
    backend->release(logits);
    backend->release(values);
    backend->release(count_at);
    backend->stream_close(stream);
    free(host);
}

static Net *net_of(const Device *device, const Weights *weights, Precision precision) {
    NetSpec spec = {.model = weights->config,
                    .precision = precision,
                    .network = NETWORK_AUTO,
                    .capacity = CAPACITY};
    char why[128];
    Net *net = NULL;
    Stream stream;
    CHECK(device->net->choose(NETWORK_AUTO, &spec, weights, &spec.network, why, sizeof why) ==
          STATUS_OK);
    CHECK(device->backend->stream_open(&stream) == STATUS_OK);
    CHECK(device->net->create(&net, &spec) == STATUS_OK);
    CHECK(device->net->load(net, weights, stream) == STATUS_OK);
    CHECK(device->backend->stream_sync(stream) == STATUS_OK);
    device->backend->stream_close(stream);
    return net;
}

static bool same_rows(const Batch *a, const Batch *b, int count) {
    size_t n = (size_t)count;
    return memcmp(a->logits, b->logits, n * ACTIONS * sizeof(float)) == 0 &&
           memcmp(a->values, b->values, n * MAX_SEATS * sizeof(float)) == 0;
}

/* Runs the rows through the bodies alone, by one lane. */
static void batch_body(const BodyNet *body, Batch *batch, int first, int count) {
    for (int r = 0; r < count; r++)
        body_forward(body, batch_row(batch, first, r, 256), batch->logits + r * ACTIONS,
                     batch->values + r * MAX_SEATS);
}

static void precision_check(const Weights *weights, Precision precision, const int *counts) {
    static Batch a, b;
    BodyNet body;
    Net *net = net_of(&device_simulated, weights, precision), *cpu = NULL;
    CHECK(body_open(&body, weights, precision));
    if (precision != PRECISION_BF16) cpu = net_of(&device_processor, weights, precision);
    for (int i = 0; counts[i] && !checks_failed; i++) {
        batch_fill(&a, 7);
        batch_fill(&b, 7);
        batch_run(&device_simulated, net, &a, i, counts[i]);
        batch_body(&body, &b, i, counts[i]);
        CHECK(same_rows(&a, &b, counts[i]));
        if (cpu) batch_run(&device_processor, cpu, &b, i, counts[i]);
        CHECK(same_rows(&a, &b, counts[i]));
        if (checks_failed) fprintf(stderr, "%s, %d rows\n", precision_name(precision), counts[i]);
    }
    body_close(&body);
    device_simulated.net->destroy(net);
    if (cpu) device_processor.net->destroy(cpu);
}

int main(int argc, char **argv) {
    static const int few[] = {1, 2, 3, 7, 31, 33, 0}, two[] = {2, 0};
    bool full = argc > 1 && strcmp(argv[1], "--full") == 0;
    ModelConfig model = model_config_default();
    Weights weights;
    char device_text[256];
    if (!full) {
        model.width = 64;
        model.heads = 2;
        model.hidden = 160; /* one block of 128 inputs and a part */
        model.layers = 2;
        model.policy_hidden = 64;
        model.value_hidden = 32;
    }
    CHECK(device_processor.backend->open(device_text, sizeof device_text) == STATUS_OK);
    CHECK(device_simulated.backend->open(device_text, sizeof device_text) == STATUS_OK);
    CHECK(weights_alloc(&weights, &model) == STATUS_OK);
    if (!checks_failed) weights_init(&weights, 3);
    for (int precision = 0; precision < PRECISION_COUNT && !checks_failed; precision++)
        precision_check(&weights, (Precision)precision, full ? two : few);
    weights_free(&weights);
    return check_report();
}
