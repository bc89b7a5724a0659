/* bench/bench_rows.c - the network alone: rows a second on real observations, beside the ceiling.
 *
 * Where the device has graphs, a call is a graph of one forward, as self-play launches it. */
#include <omp.h>
#include <stdlib.h>

#include "host/options/network_options.h"
#include "host/games/positions.h"
#include "bench_gemm.h"
#include "ceiling.h"

typedef struct {
    const Device *device;
    NetSpec spec;           /* what was chosen; capacity R */
    void *rows;             /* (R, 256) device memory, elements as the net wants them */
    float *logits, *values; /* (R, 52), (R, 8) device memory */
    int32_t *count;         /* (1) device memory */
    void *block;
    Net *net;
    Graph graph; /* a forward, or NULL */
    Stream stream;
} RowsBench;

static void rows_layout(RowsBench *b, Arena *arena) {
    size_t R = (size_t)b->spec.capacity;
    b->rows = arena_take(arena, R * OBSERVE_COLUMNS, sizeof(float));
    b->logits = (float *)arena_take(arena, R * ACTIONS, sizeof *b->logits);
    b->values = (float *)arena_take(arena, R * MAX_SEATS, sizeof *b->values);
    b->count = (int32_t *)arena_take(arena, 1, sizeof *b->count);
}

/* R observations of random positions, as the net wants them, on the device. */
static Status send_rows(RowsBench *b, const BenchOptions *o) {
    const Backend *backend = b->device->backend;
    Rules rules = {RULES_BLOB, (uint8_t)o->players, 0, 0};
    Standing standing;
    int32_t R = b->spec.capacity;
    bool bf16 = b->device->net->bf16_rows;
    size_t row_bytes = OBSERVE_COLUMNS * (bf16 ? sizeof(uint16_t) : sizeof(float));
    memset(&standing, 0, sizeof standing);
    RoundState *states = malloc((size_t)R * sizeof *states);
    char *rows = malloc((size_t)R * row_bytes);
    Status status = states && rows ? STATUS_OK : STATUS_MEMORY;
    if (status == STATUS_OK) {
        positions_draw(&rules, o->cards, (uint64_t)o->seed, R, states);
        for (int i = 0; i < R; i++) {
            ObserveRow row = {rows + (size_t)i * row_bytes, bf16};
            observe_row(&rules, &states[i], &standing, row, TEAM_OF_ONE);
        }
        status = backend->to_device(b->rows, rows, (size_t)R * row_bytes, b->stream);
    }
    if (status == STATUS_OK) status = backend->to_device(b->count, &R, sizeof R, b->stream);
    Status passed = backend->stream_sync(b->stream); /* before the memory goes */
    free(rows);
    free(states);
    return status == STATUS_OK ? passed : status;
}

static Status call_forward(RowsBench *b) {
    return b->device->net->forward(b->net, b->rows, b->count, b->logits, b->values, b->stream);
}

/* The first call runs plain: kernels are loaded. */
static Status capture(RowsBench *b) {
    const Backend *backend = b->device->backend;
    TRY(call_forward(b));
    TRY(backend->stream_sync(b->stream));
    if (!backend->graphs) return STATUS_OK;
    TRY(backend->capture_begin(b->stream, GRAPH_PLAIN));
    Status status = call_forward(b);
    Status ended = backend->capture_end(b->stream, &b->graph);
    return status == STATUS_OK ? ended : status;
}

/* weights: of the spec's model. STATUS_MEMORY: that many rows do not fit. */
static Status rows_open(RowsBench *b, const BenchOptions *o, const NetSpec *spec,
                        const Weights *weights) {
    const Backend *backend = o->device->backend;
    size_t free_bytes, total_bytes;
    memset(b, 0, sizeof *b);
    b->device = o->device;
    b->spec = *spec;
    Arena dry = {0};
    rows_layout(b, &dry);
    TRY(backend->memory(&free_bytes, &total_bytes));
    if (dry.used + o->device->net->bytes(spec) > free_bytes / 10 * 9) return STATUS_MEMORY;
    TRY(backend->alloc(&b->block, dry.used));
    Arena arena = {(char *)b->block, 0, dry.used};
    rows_layout(b, &arena);
    TRY(backend->stream_open(&b->stream));
    TRY(send_rows(b, o));
    TRY(o->device->net->create(&b->net, spec));
    TRY(o->device->net->load(b->net, weights, b->stream));
    TRY(backend->stream_sync(b->stream));
    return capture(b);
}

static void rows_close(RowsBench *b) {
    if (b->graph) b->device->backend->graph_close(b->graph);
    if (b->net) b->device->net->destroy(b->net);
    if (b->stream) b->device->backend->stream_close(b->stream);
    if (b->block) b->device->backend->release(b->block);
}

/* Rows a second over about `seconds`. */
static Status rows_rate(RowsBench *b, double seconds, double *rate) {
    const Backend *backend = b->device->backend;
    double start = bench_clock(), end = start;
    int64_t rows = 0;
    for (; end - start < seconds; end = bench_clock()) {
        TRY(b->graph ? backend->graph_launch(b->graph, b->stream) : call_forward(b));
        TRY(backend->stream_sync(b->stream));
        rows += b->spec.capacity;
    }
    *rate = (double)rows / (end - start);
    return STATUS_OK;
}

/* What a library's product alone would allow for as many rows, shared among the threads; nothing in
 * a build without it. */
static void report_library(const BenchOptions *o, const NetSpec *spec) {
    const int threads = omp_get_max_threads(), rows = (spec->capacity + threads - 1) / threads;
    double rate[BENCH_REPEATS_MAX];
    for (int k = 0; k < o->repeats; k++)
        rate[k] = bench_gemm_rate(GEMM_LIBRARY, rows, o->seconds / 2);
    const double median = bench_median(rate, o->repeats) / bench_row_flops(&spec->model);
    if (median > 0)
        bench_report(o, "  its products alone by oneDNN's sgemm", median, "rows/s", 0, NULL);
}

static Status measure(const BenchOptions *o, const NetSpec *spec, const Weights *weights) {
    RowsBench b;
    double rate[BENCH_REPEATS_MAX], ceiling[BENCH_REPEATS_MAX], warm;
    char name[96], of[64];
    Status status = rows_open(&b, o, spec, weights);
    if (status == STATUS_OK) status = rows_rate(&b, 0.1, &warm);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        status = ceiling_gemm(o, spec->precision, o->seconds, &ceiling[k]);
        ceiling[k] /= bench_row_flops(&spec->model);
        if (status == STATUS_OK) status = rows_rate(&b, o->seconds, &rate[k]);
    }
    rows_close(&b);
    snprintf(name, sizeof name, "network, %s %s %s, %d rows a call", o->device->backend->name,
             precision_name(spec->precision), network_name(spec->network), spec->capacity);
    if (status == STATUS_MEMORY) {
        printf("%-56s does not fit into memory\n", name);
        return STATUS_OK;
    }
    TRY(status);
    snprintf(of, sizeof of, "%s / 7.43 MFLOP", ceiling_gemm_name(o, spec->precision));
    bench_report(o, name, bench_median(rate, o->repeats), "rows/s",
                 bench_median(ceiling, o->repeats), of);
    if (bench_is_cpu(o) && spec->precision == PRECISION_FLOAT32) report_library(o, spec);
    return STATUS_OK;
}

Status bench_rows(const BenchOptions *o) {
    static const int counts[] = {1, 8, 32, 128, 512, 1024, 4096, 16384};
    enum { COUNTS = sizeof counts / sizeof counts[0] };
    char why[256];
    Weights weights;
    memset(&weights, 0, sizeof weights);
    NetSpec spec = {model_config_default(), PRECISION_FLOAT32, NETWORK_AUTO, 1, NULL};
    TRY(network_precision(o->precision, o->device, &spec.precision));
    TRY(weights_alloc(&weights, &spec.model));
    weights_init(&weights, 1);
    Status status = o->device->net->choose((Network)o->network, &spec, &weights, &spec.network, why,
                                           sizeof why);
    for (int i = 0; status == STATUS_OK && i < COUNTS + (o->rows > 0); i++) {
        spec.capacity = i < COUNTS ? counts[i] : o->rows;
        status = measure(o, &spec, &weights);
    }
    weights_free(&weights);
    return status;
}
