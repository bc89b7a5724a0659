/* bench/bench_rows.c - the network alone: rows a second on real observations, beside plain GEMM. */
#include <stdlib.h>

#include "bench.h"

typedef struct {
    void *rows;             /* (R, 256) device memory, elements as the net wants them */
    float *logits, *values; /* (R, 52), (R, 8) device memory */
    int32_t *count;         /* (1) device memory */
    void *block;
    Net *net;
    Stream stream;
} RowsBench;

static void rows_layout(RowsBench *b, size_t R, Arena *arena) {
    b->rows = arena_take(arena, R * OBSERVE_COLUMNS, sizeof(float));
    b->logits = arena_take(arena, R * ACTIONS, sizeof *b->logits);
    b->values = arena_take(arena, R * MAX_SEATS, sizeof *b->values);
    b->count = arena_take(arena, 1, sizeof *b->count);
}

/* R observations of random positions, as floats on the device. */
static Status send_rows(RowsBench *b, const BenchOptions *o, const Device *device, int R) {
    const Backend *backend = device->backend;
    Rules rules = {RULES_BLOB, (uint8_t)o->players, 0, 0};
    Match match;
    memset(&match, 0, sizeof match);
    RoundState *states = malloc((size_t)R * sizeof *states);
    bool bf16 = device->net->bf16_rows;
    size_t row_bytes = OBSERVE_COLUMNS * (bf16 ? sizeof(uint16_t) : sizeof(float));
    char *rows = malloc((size_t)R * row_bytes);
    if (!states || !rows) return STATUS_MEMORY;
    bench_positions(&rules, o->cards, (uint64_t)o->seed, R, states);
    for (int i = 0; i < R; i++) {
        ObserveRow row = {rows + (size_t)i * row_bytes, bf16};
        observe_row(&rules, &states[i], &match, row, TEAM_OF_ONE);
    }
    int32_t count = R;
    TRY(backend->to_device(b->rows, rows, (size_t)R * row_bytes, b->stream));
    TRY(backend->to_device(b->count, &count, sizeof count, b->stream));
    TRY(backend->stream_sync(b->stream));
    free(rows);
    free(states);
    return STATUS_OK;
}

static Status rows_open(RowsBench *b, const BenchOptions *o, const Device *device, int R) {
    ModelConfig model = model_config_default();
    Weights weights;
    memset(b, 0, sizeof *b);
    Arena dry = {0};
    rows_layout(b, (size_t)R, &dry);
    TRY(device->backend->alloc(&b->block, dry.used));
    Arena arena = {(char *)b->block, 0, dry.used};
    rows_layout(b, (size_t)R, &arena);
    TRY(device->backend->stream_open(&b->stream));
    TRY(send_rows(b, o, device, R));
    TRY(weights_alloc(&weights, &model));
    weights_init(&weights, 1);
    NetSpec spec = {model, (Precision)o->precision, NETWORK_AUTO, R, NULL};
    char why[256];
    TRY(device->net->choose(NETWORK_AUTO, &spec, &weights, &spec.network, why, sizeof why));
    TRY(device->net->create(&b->net, &spec));
    TRY(device->net->load(b->net, &weights, b->stream));
    weights_free(&weights);
    return device->backend->stream_sync(b->stream);
}

static void rows_close(RowsBench *b, const Device *device) {
    if (b->net) device->net->destroy(b->net);
    if (b->stream) device->backend->stream_close(b->stream);
    if (b->block) device->backend->release(b->block);
}

/* Rows a second over about `seconds`. */
static Status rows_rate(RowsBench *b, const Device *device, int R, double seconds, double *rate) {
    double start = bench_clock(), end = start;
    int64_t rows = 0;
    for (; end - start < seconds; end = bench_clock()) {
        TRY(device->net->forward(b->net, b->rows, b->count, b->logits, b->values, b->stream));
        TRY(device->backend->stream_sync(b->stream));
        rows += R;
    }
    *rate = (double)rows / (end - start);
    return STATUS_OK;
}

Status bench_rows(const BenchOptions *o) {
    static const int counts[] = {1, 128, 1024, 4096};
    const Device *device;
    char what[256], name[96];
    TRY(device_open(o->device, &device, what, sizeof what));
    bool cpu = strcmp(device->backend->name, "cpu") == 0;
    ModelConfig model = model_config_default();
    for (int i = 0; i < 5; i++) {
        int R = i < 4 ? counts[i] : o->rows;
        RowsBench b;
        double rate[16], ceiling[16], x = 0;
        if (R == 0) continue;
        Status status = rows_open(&b, o, device, R);
        if (status == STATUS_OK) status = rows_rate(&b, device, R, 0.1, &x); /* warm up */
        for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
            ceiling[k] = cpu ? bench_gemm_ceiling(o->seconds) / bench_row_flops(&model) : 0;
            status = rows_rate(&b, device, R, o->seconds, &rate[k]);
        }
        rows_close(&b, device);
        TRY(status);
        snprintf(name, sizeof name, "network, %s, %d rows a call", device->backend->name, R);
        bench_report(o, name, bench_median(rate, o->repeats), "rows/s",
                     bench_median(ceiling, o->repeats), "GEMM / 7.43 MFLOP");
    }
    return STATUS_OK;
}
