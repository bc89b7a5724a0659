/* tests/gpu/test_train_cuda.c - training on a GPU: the formulas, the library's products against
 * their body, the whole network against the CPU's trainer, the same bits for every kind of run.
 *
 * Skips (77) without a GPU. */
#include "nn/train/train_gemm.h"
#include "tests/support/train_checks.h"

enum { ARRAYS = 4 }; /* of a call: X, Y, W, addend; the bias begins like X */

/* Numbers in -1..1 in either precision, as operands for both implementations. */
static Status put_numbers(void *at, Precision precision, int64_t count, uint64_t seed,
                          Stream stream) {
    void *host = malloc((size_t)count * element_bytes(precision));
    if (!host) return STATUS_MEMORY;
    for (int64_t i = 0; i < count; i++)
        element_store(host, precision, i,
                      (float)(int)(splitmix64(seed ^ (uint64_t)i) >> 48 & 255) / 128.0f - 1.0f);
    Status status = backend_cuda.to_device(at, host, (size_t)count * element_bytes(precision),
                                           stream);
    Status synced = backend_cuda.stream_sync(stream);
    free(host);
    return status != STATUS_OK ? status : synced;
}

/* Elements of X, Y and W of all layers. */
static void shape_counts(const TrainShape *s, int64_t count[3]) {
    count[0] = s->x_next * s->layers;
    count[1] = s->y_next * s->layers;
    count[2] = s->weight_next * s->layers;
}

static int result_of(const TrainShape *s) {
    return s->product == TRAIN_FORWARD ? 1 : s->product == TRAIN_BACK ? 0 : 2;
}

/* Runs one product by `ops` and brings the result to the host. */
static void product_run(const TrainGemmOps *ops, const TrainShape *s, bool add, float *out,
                        Stream stream) {
    int64_t count[3];
    void *at[ARRAYS] = {NULL}, *result = NULL, *workspace = NULL;
    TrainGemms *gemms = NULL;
    const int r = result_of(s);
    shape_counts(s, count);
    const size_t bytes = (size_t)count[r] * element_bytes(s->result);
    for (int i = 0; i < ARRAYS; i++) {
        const int64_t n = i < 3 ? count[i] : count[r];
        const Precision precision = i < 3 ? s->precision : s->result;
        CHECK(backend_cuda.alloc(&at[i], (size_t)n * sizeof(float)) == STATUS_OK);
        CHECK(put_numbers(at[i], precision, n, (uint64_t)i << 40, stream) == STATUS_OK);
    }
    CHECK(backend_cuda.alloc(&result, bytes) == STATUS_OK);
    CHECK(backend_cuda.alloc(&workspace, ops->workspace_bytes) == STATUS_OK);
    CHECK(ops->open(&gemms, s, 1, workspace) == STATUS_OK);
    const TrainCall call = {.x = at[0],
                            .y = at[1],
                            .weight = at[2],
                            .result = result,
                            .addend = add ? at[3] : NULL,
                            .bias = s->bias ? at[0] : NULL};
    if (!checks_failed) CHECK(ops->run(gemms, 0, &call, stream) == STATUS_OK);
    void *host = calloc((size_t)count[r], sizeof(float));
    CHECK(host && backend_cuda.to_host(host, result, bytes, stream) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(stream) == STATUS_OK);
    for (int64_t i = 0; host && i < count[r]; i++) out[i] = element_load(host, s->result, i);
    free(host);
    ops->close(gemms);
    backend_cuda.release(result);
    backend_cuda.release(workspace);
    for (int i = 0; i < ARRAYS; i++) backend_cuda.release(at[i]);
}

/* Sums of up to 1,024 products below 1 in another order; results in bf16 keep 8 bits. */
static void product_agrees(const TrainShape *s, bool add, Stream stream) {
    int64_t count[3];
    shape_counts(s, count);
    const size_t n = (size_t)count[result_of(s)];
    const double relative = s->result == PRECISION_BF16 ? 1.0 / 64 : 1e-4, absolute = 2e-3;
    float *x = (float *)calloc(n, sizeof *x), *y = (float *)calloc(n, sizeof *y);
    size_t off = 0;
    CHECK(x && y);
    if (x && y) {
        product_run(&train_gemm_plain, s, add, x, stream);
        product_run(&train_gemm_library, s, add, y, stream);
        for (size_t i = 0; i < n; i++)
            off += !(fabs((double)x[i] - y[i]) <= absolute + relative * fabs((double)x[i]));
    }
    CHECK(off == 0);
    if (off)
        fprintf(stderr, "product %d, %d x %d x %d, %s to %s: %zu of %zu\n", (int)s->product,
                s->rows, s->out, s->in, precision_name(s->precision), precision_name(s->result),
                off, n);
    free(x);
    free(y);
}

static void products_agree(void) {
    static const int sizes[][3] = {{64, 256, 256},    {512, 256, 1024},
                                   {1024, 1024, 256}, {128, 256, 52},
                                   {128, 128, 8},     {320, 96, 40}}; /* R, in, out */
    Stream stream;
    CHECK(backend_cuda.stream_open(&stream) == STATUS_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int p = 0; p < TRAIN_PRODUCT_COUNT * 2 * 2; p++) {
            const bool add = p % 2, bf16 = p / 2 % 2;
            TrainShape s;
            memset(&s, 0, sizeof s);
            s.product = (TrainProduct)(p / 4);
            s.rows = sizes[i][0];
            s.in = sizes[i][1];
            s.out = sizes[i][2];
            s.x_stride = s.in;
            s.y_stride = (s.out + 7) / 8 * 8;
            s.layers = s.product == TRAIN_WEIGHT && s.out >= 256 ? 3 : 1;
            s.x_next = (int64_t)s.rows * s.x_stride;
            s.y_next = (int64_t)s.rows * s.y_stride;
            s.weight_next = (int64_t)s.in * s.out + 64;
            s.precision = bf16 ? PRECISION_BF16 : PRECISION_FLOAT32;
            s.result = s.product == TRAIN_WEIGHT || s.out < 64 ? PRECISION_FLOAT32 : s.precision;
            if (s.product == TRAIN_BACK) s.result = s.precision;
            s.bias = s.product == TRAIN_FORWARD && s.out >= 64 && s.out <= s.x_next;
            s.relu = s.bias && !add;
            product_agrees(&s, add, stream);
        }
    backend_cuda.stream_close(stream);
}

int main(void) {
    const ModelConfig model = checked_model(), full = model_config_default();
    char device_text[256];
    if (backend_cuda.open(device_text, sizeof device_text) != STATUS_OK) return 77;
    sizes_are_refused();
    products_agree();
    for (int p = 0; p < 2 && !checks_failed; p++) {
        agrees_with_reference(&model, (Precision)p);
        every_kind_of_run_gives_the_same_bits(&model, (Precision)p);
        bad_batches_are_skipped(&model, (Precision)p);
        agrees_with_cpu(&full, (Precision)p, 0);
        agrees_with_cpu(&full, (Precision)p, 0.2);
    }
    batches_add_up(&model, ROWS_BY_SIZE);
    return check_report();
}
