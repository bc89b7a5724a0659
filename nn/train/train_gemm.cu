/* nn/train/train_gemm.cu - training's products through cuBLASLt, with one algorithm each for good.
 *
 * cuBLASLt counts by columns: what is (R, C) by rows is (C, R) to it. With W (C_in, C_out),
 * X (C_in, R) and Y (C_out, R) so seen, each product is two of them that make the third:
 *
 *   forward  Y  = W^T X       back  dX = W dY       weight  dW = X dY^T
 *
 * The algorithm is the heuristic's first without split-K, so that a sum has one order. A weight's
 * gradient alone is a few tiles: all layers' are one call, side by side. */
#include <stdlib.h>

#include "nn/cublaslt.cuh"
#include "train_gemm.h"
#include "train_gemm_kernels.cuh"

enum { THREADS = 128 }; /* a block */

typedef struct {
    TrainShape shape;
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t weight, x, y;
    cublasLtMatmulAlgo_t algorithm;
    bool fused; /* bias and ReLU come with the product */
} LibraryProduct;

struct TrainGemms {
    cublasLtHandle_t lt;
    void *workspace;
    int count;
    LibraryProduct *product; /* (count) owned */
};

/* The layouts in the order of cublasLtMatmul. */
typedef struct {
    cublasLtMatrixLayout_t first, second, result;
} Order;

static Order order_of(const LibraryProduct *p) {
    const Order forward = {p->weight, p->x, p->y}, back = {p->weight, p->y, p->x};
    const Order weight = {p->x, p->y, p->weight};
    return p->shape.product == TRAIN_FORWARD ? forward
           : p->shape.product == TRAIN_BACK  ? back
                                             : weight;
}

static void close_library(TrainGemms *gemms) {
    if (!gemms) return;
    for (int i = 0; gemms->product && i < gemms->count; i++) {
        LibraryProduct *p = &gemms->product[i];
        if (p->y) (void)cublasLtMatrixLayoutDestroy(p->y);
        if (p->x) (void)cublasLtMatrixLayoutDestroy(p->x);
        if (p->weight) (void)cublasLtMatrixLayoutDestroy(p->weight);
        if (p->product) (void)cublasLtMatmulDescDestroy(p->product);
    }
    if (gemms->lt) (void)cublasLtDestroy(gemms->lt);
    free(gemms->product);
    free(gemms);
}

static cudaDataType_t type_of(Precision precision) {
    return precision == PRECISION_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

static Status open_layout(cublasLtMatrixLayout_t *out, Precision precision, int rows, int columns,
                          int stride, int layers, int64_t next) {
    const int32_t count = layers;
    LT_TRY(cublasLtMatrixLayoutCreate(out, type_of(precision), (uint64_t)rows, (uint64_t)columns,
                                      stride));
    if (layers == 1) return STATUS_OK;
    LT_TRY(cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
                                            sizeof count));
    LT_TRY(cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                            &next, sizeof next));
    return STATUS_OK;
}

static Status open_layouts(LibraryProduct *p) {
    const TrainShape *s = &p->shape;
    const Precision weight = s->product == TRAIN_WEIGHT ? s->result : s->precision;
    const Precision x = s->product == TRAIN_BACK ? s->result : s->precision;
    const Precision y = s->product == TRAIN_FORWARD ? s->result : s->precision;
    TRY(open_layout(&p->weight, weight, s->in, s->out, s->in, s->layers, s->weight_next));
    TRY(open_layout(&p->x, x, s->in, s->rows, s->x_stride, s->layers, s->x_next));
    TRY(open_layout(&p->y, y, s->out, s->rows, s->y_stride, s->layers, s->y_next));
    return STATUS_OK;
}

static Status open_wish(cublasLtMatmulPreference_t wish) {
    static const cublasLtMatmulPreferenceAttributes_t aligned[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    const uint64_t workspace = GEMM_WORKSPACE_BYTES;
    const uint32_t reduction = CUBLASLT_REDUCTION_SCHEME_NONE, alignment = 16;
    LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                &workspace, sizeof workspace));
    LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                                &reduction, sizeof reduction));
    for (int i = 0; i < 4; i++)
        LT_TRY(
            cublasLtMatmulPreferenceSetAttribute(wish, aligned[i], &alignment, sizeof alignment));
    return STATUS_OK;
}

static bool algorithm_suits(cublasLtHandle_t lt, const LibraryProduct *p,
                            const cublasLtMatmulAlgo_t *algorithm) {
    const Order o = order_of(p);
    int32_t parts = 0;
    size_t written = 0;
    cublasLtMatmulHeuristicResult_t check;
    cublasStatus_t got = cublasLtMatmulAlgoConfigGetAttribute(
        algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &parts, sizeof parts, &written);
    if (got != CUBLAS_STATUS_SUCCESS || parts > 1) return false;
    got = cublasLtMatmulAlgoCheck(lt, p->product, o.first, o.second, o.result, o.result, algorithm,
                                  &check);
    return got == CUBLAS_STATUS_SUCCESS && check.workspaceSize <= GEMM_WORKSPACE_BYTES;
}

/* Tries one epilogue; *found tells whether an algorithm offers it. */
static Status choose_algorithm(cublasLtHandle_t lt, LibraryProduct *p,
                               cublasLtMatmulPreference_t wish, cublasLtEpilogue_t epilogue,
                               bool *found) {
    cublasLtMatmulHeuristicResult_t choice[GEMM_CHOICES];
    const Order o = order_of(p);
    int count = 0;
    *found = false;
    LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                          sizeof epilogue));
    cublasStatus_t asked = cublasLtMatmulAlgoGetHeuristic(
        lt, p->product, o.first, o.second, o.result, o.result, wish, GEMM_CHOICES, choice, &count);
    if (asked == CUBLAS_STATUS_NOT_SUPPORTED) return STATUS_OK;
    LT_TRY(asked);
    for (int i = 0; i < count && !*found; i++) {
        *found = choice[i].state == CUBLAS_STATUS_SUCCESS &&
                 algorithm_suits(lt, p, &choice[i].algo);
        if (*found) p->algorithm = choice[i].algo;
    }
    return STATUS_OK;
}

/* With the epilogue if the library has it for this shape, without it otherwise. */
static Status open_algorithm(cublasLtHandle_t lt, LibraryProduct *p,
                             cublasLtMatmulPreference_t wish) {
    const TrainShape *s = &p->shape;
    bool found = false;
    TRY(open_wish(wish));
    if (s->bias)
        TRY(choose_algorithm(
            lt, p, wish, s->relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS, &found));
    p->fused = found;
    if (!found) TRY(choose_algorithm(lt, p, wish, CUBLASLT_EPILOGUE_DEFAULT, &found));
    if (found) return STATUS_OK;
    fprintf(stderr, "cuBLASLt has no algorithm for product %d of %d x %d x %d\n", (int)s->product,
            s->rows, s->out, s->in);
    return STATUS_DEVICE;
}

static Status open_product(cublasLtHandle_t lt, LibraryProduct *p, const void *any_bias) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    /* COMPUTE_32F is true float32: TF32 would have to be asked for by its own name. */
    LT_TRY(cublasLtMatmulDescCreate(&p->product, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    if (p->shape.product == TRAIN_FORWARD)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                              sizeof transposed));
    if (p->shape.product == TRAIN_WEIGHT)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSB, &transposed,
                                              sizeof transposed));
    if (p->shape.bias)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &any_bias, sizeof any_bias));
    TRY(open_layouts(p));
    cublasLtMatmulPreference_t wish;
    LT_TRY(cublasLtMatmulPreferenceCreate(&wish));
    Status status = open_algorithm(lt, p, wish);
    (void)cublasLtMatmulPreferenceDestroy(wish);
    return status;
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
        gemms->product[i].shape = shapes[i];
        TRY(open_product(gemms->lt, &gemms->product[i], workspace));
    }
    return STATUS_OK;
}

static Status run_after(const LibraryProduct *p, const TrainCall *call, Stream stream) {
    const TrainShape *s = &p->shape;
    const PlainAfterArgs after = {call->result, call->bias, s->precision, s->result,
                                  s->relu,      s->rows,    s->out,       s->y_stride};
    LAUNCH(plain_after_kernel, launch_blocks(s->rows, 32, THREADS), THREADS, stream, after);
    return STATUS_OK;
}

static Status run_library(TrainGemms *gemms, int i, const TrainCall *call, Stream stream) {
    LibraryProduct *p = &gemms->product[i];
    const Order o = order_of(p);
    const float one = 1.0f, beta = call->addend ? 1.0f : 0.0f;
    const void *first = p->shape.product == TRAIN_WEIGHT ? call->x : call->weight;
    const void *second = p->shape.product == TRAIN_FORWARD ? call->x : call->y;
    if (p->fused)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &call->bias, sizeof call->bias));
    LT_TRY(cublasLtMatmul(gemms->lt, p->product, &one, first, o.first, second, o.second, &beta,
                          call->addend ? call->addend : call->result, o.result, call->result,
                          o.result, &p->algorithm, gemms->workspace, GEMM_WORKSPACE_BYTES, stream));
    if (p->shape.bias && !p->fused) TRY(run_after(p, call, stream));
    return STATUS_OK;
}

extern "C" const TrainGemmOps train_gemm_library = {GEMM_WORKSPACE_BYTES, open_library, run_library,
                                                    close_library};
