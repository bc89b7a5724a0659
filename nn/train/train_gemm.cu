/* nn/train/train_gemm.cu - training's products through cuBLASLt, with one algorithm each for good.
 *
 * As cuBLASLt counts, W is (C_in, C_out), X (C_in, R) and Y (C_out, R); each product is two of them
 * that make the third:
 *
 *   forward  Y  = W^T X       back  dX = W dY       weight  dW = X dY^T
 *
 * A weight's gradient alone is a few tiles: all layers' are one call, side by side. */
#include <stdlib.h>

#include "nn/cublaslt.cuh"
#include "train_gemm.h"
#include "train_gemm_kernels.cuh"

enum { THREADS = 128 }; /* a block */
enum { WORKSPACE_BYTES = 32 << 20 };

typedef struct {
    TrainShape shape;
    LtProduct product;
} LibraryProduct;

struct TrainGemms {
    cublasLtHandle_t lt;
    void *workspace;
    int count;
    LibraryProduct *product; /* (count) owned */
};

static void close_library(TrainGemms *gemms) {
    if (!gemms) return;
    for (int i = 0; gemms->product && i < gemms->count; i++) lt_close(&gemms->product[i].product);
    if (gemms->lt) (void)cublasLtDestroy(gemms->lt);
    free(gemms->product);
    free(gemms);
}

static LtMatrix weight_of(const TrainShape *s) {
    const LtMatrix m = {
        .precision = s->product == TRAIN_WEIGHT ? s->result : s->precision,
        .rows = s->in,
        .columns = s->out,
        .stride = s->in,
        .batch = s->layers,
        .batch_stride = s->weight_next,
    };
    return m;
}

static LtMatrix x_of(const TrainShape *s) {
    const LtMatrix m = {
        .precision = s->product == TRAIN_BACK ? s->result : s->precision,
        .rows = s->in,
        .columns = s->rows,
        .stride = s->x_stride,
        .batch = s->layers,
        .batch_stride = s->x_next,
    };
    return m;
}

static LtMatrix y_of(const TrainShape *s) {
    const LtMatrix m = {
        .precision = s->product == TRAIN_FORWARD ? s->result : s->precision,
        .rows = s->out,
        .columns = s->rows,
        .stride = s->y_stride,
        .batch = s->layers,
        .batch_stride = s->y_next,
    };
    return m;
}

/* any_bias: memory aligned as every bias is. */
static LtShape lt_shape(const TrainShape *s, const void *any_bias) {
    LtShape lt;
    memset(&lt, 0, sizeof lt);
    lt.first = s->product == TRAIN_WEIGHT ? x_of(s) : weight_of(s);
    lt.second = s->product == TRAIN_FORWARD ? x_of(s) : y_of(s);
    lt.result = s->product == TRAIN_FORWARD ? y_of(s)
                : s->product == TRAIN_BACK  ? x_of(s)
                                            : weight_of(s);
    lt.transpose_first = s->product == TRAIN_FORWARD;
    lt.transpose_second = s->product == TRAIN_WEIGHT;
    lt.epilogue = !s->bias  ? CUBLASLT_EPILOGUE_DEFAULT
                  : s->relu ? CUBLASLT_EPILOGUE_RELU_BIAS
                            : CUBLASLT_EPILOGUE_BIAS;
    lt.bias = any_bias;
    lt.aligned = LT_FIRST | LT_SECOND | LT_ADDEND | LT_RESULT;
    lt.workspace_bytes = WORKSPACE_BYTES;
    lt.one_order = true;
    return lt;
}

static Status open_library(TrainGemms **out, const TrainShape *shapes, int count, void *workspace) {
    TrainGemms *gemms = (TrainGemms *)calloc(1, sizeof *gemms);
    *out = gemms;
    if (!gemms) return STATUS_MEMORY;
    gemms->workspace = workspace;
    gemms->count = count;
    gemms->product = (LibraryProduct *)calloc((size_t)count, sizeof *gemms->product);
    if (!gemms->product) return STATUS_MEMORY;
    LT_TRY(cublasLtCreate(&gemms->lt));
    for (int i = 0; i < count; i++) {
        const LtShape shape = lt_shape(&shapes[i], workspace);
        gemms->product[i].shape = shapes[i];
        TRY(lt_open(&gemms->product[i].product, gemms->lt, &shape));
    }
    return STATUS_OK;
}

static Status run_after(const TrainShape *s, const TrainCall *call, Stream stream) {
    const PlainAfterArgs after = {
        .y = call->result,
        .bias = call->bias,
        .precision = s->precision,
        .result = s->result,
        .relu = s->relu,
        .rows = s->rows,
        .n = s->out,
        .y_stride = s->y_stride,
    };
    LAUNCH(plain_after_kernel, launch_blocks(s->rows, 32, THREADS), THREADS, stream, after);
    return STATUS_OK;
}

static Status run_library(TrainGemms *gemms, int i, const TrainCall *call, Stream stream) {
    LibraryProduct *p = &gemms->product[i];
    const LtCall lt = {
        .first = p->shape.product == TRAIN_WEIGHT ? call->x : call->weight,
        .second = p->shape.product == TRAIN_FORWARD ? call->x : call->y,
        .bias = call->bias,
        .addend = call->addend,
        .result = call->result,
    };
    TRY(lt_run(&p->product, gemms->lt, &lt, gemms->workspace, stream));
    if (p->shape.bias && !p->product.fused) TRY(run_after(&p->shape, call, stream));
    return STATUS_OK;
}

extern "C" const TrainGemmOps train_gemm_library = {
    .workspace_bytes = WORKSPACE_BYTES,
    .open = open_library,
    .run = run_library,
    .close = close_library,
};
