/* nn/cublaslt.cuh - a product of fixed shape through cuBLASLt: the one place that speaks to it.
 *
 *   result = f(first * second + bias) + addend
 *
 * cuBLASLt counts by columns: a matrix that is (R, C) by rows is (C, R) to it, and so are
 * LtMatrix's rows and columns. An algorithm is chosen once, at open: the heuristic's first that
 * serves.
 *
 *   nn/infer/net_layers.cu   y = x W^T        for any number of rows up to a capacity, one
 *   algorithm nn/train/train_gemm.cu   y, dx and dW     all layers' dW side by side, as a batch
 *   bench/ceiling_cuda.cu    one large square, by whatever algorithm is fastest */
#ifndef NN_CUBLASLT_CUH
#define NN_CUBLASLT_CUH

#include <cublasLt.h>

#include "device/core/launch.cuh"
#include "nn/config.h"

enum { LT_CHOICES = 16, LT_ALIGNMENT = 16 };

#define LT_TRY(call)                                                                  \
    do {                                                                              \
        cublasStatus_t lt_ = (call);                                                  \
        if (lt_ != CUBLAS_STATUS_SUCCESS) {                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,             \
                    cublasLtGetStatusName(lt_));                                      \
            return lt_ == CUBLAS_STATUS_ALLOC_FAILED ? STATUS_MEMORY : STATUS_DEVICE; \
        }                                                                             \
    } while (0)

/* As cuBLASLt counts: columns lie `stride` elements apart. */
typedef struct {
    Precision precision; /* float32 or bf16 */
    int rows, columns, stride;
    int batch;            /* matrices; 1 where there is one */
    int64_t batch_stride; /* elements from matrix to matrix */
} LtMatrix;

/* Operands, bits of LtShape.aligned: whose addresses are multiples of LT_ALIGNMENT and not, as the
 * library takes for granted, of 256 bytes. */
typedef enum { LT_FIRST = 1, LT_SECOND = 2, LT_ADDEND = 4, LT_RESULT = 8 } LtOperand;

typedef struct {
    LtMatrix first, second, result;
    bool transpose_first, transpose_second;
    cublasLtEpilogue_t epilogue; /* wanted: DEFAULT, BIAS or RELU_BIAS */
    const void *bias;            /* as aligned as later ones will be; for those two */
    int aligned;                 /* LtOperand */
    size_t workspace_bytes;
    /* One order of a sum: no split-K, whatever it costs. */
    bool one_order;
    /* Numbers of columns of second and result that the algorithm must serve besides those above;
     * the heuristic is asked for the first of them. NULL: only those above. */
    const int *columns;
    int column_count;
} LtShape;

/* All zero before lt_open. */
typedef struct {
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t first, second, result;
    cublasLtMatmulAlgo_t algorithm;
    size_t workspace_bytes;
    bool fused; /* bias and activation come with the product; if not, the caller applies them */
} LtProduct;

static void lt_close(LtProduct *p) {
    if (p->result) (void)cublasLtMatrixLayoutDestroy(p->result);
    if (p->second) (void)cublasLtMatrixLayoutDestroy(p->second);
    if (p->first) (void)cublasLtMatrixLayoutDestroy(p->first);
    if (p->product) (void)cublasLtMatmulDescDestroy(p->product);
    memset(p, 0, sizeof *p);
}

static Status lt_open_layout(cublasLtMatrixLayout_t *out, const LtMatrix *m) {
    const cudaDataType_t type = m->precision == PRECISION_BF16 ? CUDA_R_16BF : CUDA_R_32F;
    const int32_t batch = m->batch;
    LT_TRY(
        cublasLtMatrixLayoutCreate(out, type, (uint64_t)m->rows, (uint64_t)m->columns, m->stride));
    if (batch == 1) return STATUS_OK;
    LT_TRY(cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch,
                                            sizeof batch));
    LT_TRY(cublasLtMatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                            &m->batch_stride, sizeof m->batch_stride));
    return STATUS_OK;
}

static Status lt_open_preference(cublasLtMatmulPreference_t wish, const LtShape *s) {
    static const cublasLtMatmulPreferenceAttributes_t alignments[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    const uint64_t workspace = s->workspace_bytes;
    const uint32_t reduction = CUBLASLT_REDUCTION_SCHEME_NONE, alignment = LT_ALIGNMENT;
    LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                &workspace, sizeof workspace));
    if (s->one_order)
        LT_TRY(cublasLtMatmulPreferenceSetAttribute(
            wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reduction, sizeof reduction));
    for (int i = 0; i < 4; i++)
        if (s->aligned >> i & 1)
            LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, alignments[i], &alignment,
                                                        sizeof alignment));
    return STATUS_OK;
}

static Status lt_set_columns(LtProduct *p, int columns) {
    const uint64_t n = (uint64_t)columns;
    LT_TRY(cublasLtMatrixLayoutSetAttribute(p->second, CUBLASLT_MATRIX_LAYOUT_COLS, &n, sizeof n));
    LT_TRY(cublasLtMatrixLayoutSetAttribute(p->result, CUBLASLT_MATRIX_LAYOUT_COLS, &n, sizeof n));
    return STATUS_OK;
}

/* No split-K, and good for the sizes that p has now. */
static bool lt_suits_now(const LtProduct *p, cublasLtHandle_t lt,
                         const cublasLtMatmulAlgo_t *algorithm) {
    int32_t parts = 0;
    size_t written = 0;
    cublasLtMatmulHeuristicResult_t check;
    cublasStatus_t got = cublasLtMatmulAlgoConfigGetAttribute(
        algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &parts, sizeof parts, &written);
    if (got != CUBLAS_STATUS_SUCCESS || parts > 1) return false;
    got = cublasLtMatmulAlgoCheck(lt, p->product, p->first, p->second, p->result, p->result,
                                  algorithm, &check);
    return got == CUBLAS_STATUS_SUCCESS && check.workspaceSize <= p->workspace_bytes;
}

/* *suits: it serves every size that the shape names. One that served only some would be replaced by
 * another at another capacity, with other bits. */
static Status lt_suits(LtProduct *p, cublasLtHandle_t lt, const cublasLtMatmulAlgo_t *algorithm,
                       const LtShape *s, bool *suits) {
    *suits = true;
    if (!s->one_order) return STATUS_OK;
    for (int i = 0; i < s->column_count && *suits; i++) {
        TRY(lt_set_columns(p, s->columns[i]));
        *suits = lt_suits_now(p, lt, algorithm);
    }
    if (s->column_count > 0) TRY(lt_set_columns(p, s->second.columns));
    *suits = *suits && lt_suits_now(p, lt, algorithm);
    return STATUS_OK;
}

/* Tries one epilogue; *found tells whether an algorithm offers it. Leaves p with the shape's own
 * sizes. */
static Status lt_choose(LtProduct *p, cublasLtHandle_t lt, cublasLtMatmulPreference_t wish,
                        const LtShape *s, cublasLtEpilogue_t epilogue, bool *found) {
    cublasLtMatmulHeuristicResult_t choice[LT_CHOICES];
    int count = 0;
    *found = false;
    LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                          sizeof epilogue));
    if (s->column_count > 0) TRY(lt_set_columns(p, s->columns[0]));
    cublasStatus_t asked = cublasLtMatmulAlgoGetHeuristic(lt, p->product, p->first, p->second,
                                                          p->result, p->result, wish, LT_CHOICES,
                                                          choice, &count);
    if (asked != CUBLAS_STATUS_NOT_SUPPORTED) LT_TRY(asked);
    for (int i = 0; asked == CUBLAS_STATUS_SUCCESS && i < count && !*found; i++) {
        if (choice[i].state != CUBLAS_STATUS_SUCCESS) continue;
        TRY(lt_suits(p, lt, &choice[i].algo, s, found));
        if (*found) p->algorithm = choice[i].algo;
    }
    return s->column_count > 0 ? lt_set_columns(p, s->second.columns) : STATUS_OK;
}

static Status lt_open_product(LtProduct *p, const LtShape *s) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    /* COMPUTE_32F is true float32: TF32 would have to be asked for by its own name. */
    LT_TRY(cublasLtMatmulDescCreate(&p->product, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    if (s->transpose_first)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                              sizeof transposed));
    if (s->transpose_second)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSB, &transposed,
                                              sizeof transposed));
    if (s->epilogue != CUBLASLT_EPILOGUE_DEFAULT)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &s->bias, sizeof s->bias));
    TRY(lt_open_layout(&p->first, &s->first));
    TRY(lt_open_layout(&p->second, &s->second));
    return lt_open_layout(&p->result, &s->result);
}

/* With the epilogue if the library has it for this shape, without it otherwise: p->fused. The
 * caller closes p, also after an error. STATUS_DEVICE: there is no algorithm for the shape. */
static Status lt_open(LtProduct *p, cublasLtHandle_t lt, const LtShape *s) {
    const bool wanted = s->epilogue != CUBLASLT_EPILOGUE_DEFAULT;
    cublasLtMatmulPreference_t wish;
    bool found = false;
    p->workspace_bytes = s->workspace_bytes;
    TRY(lt_open_product(p, s));
    LT_TRY(cublasLtMatmulPreferenceCreate(&wish));
    Status status = lt_open_preference(wish, s);
    if (status == STATUS_OK && wanted) status = lt_choose(p, lt, wish, s, s->epilogue, &found);
    p->fused = found;
    if (status == STATUS_OK && !found)
        status = lt_choose(p, lt, wish, s, CUBLASLT_EPILOGUE_DEFAULT, &found);
    (void)cublasLtMatmulPreferenceDestroy(wish);
    if (status == STATUS_OK && !found) {
        fprintf(stderr, "cuBLASLt has no algorithm for %d x %d of %d x %d and %d x %d\n",
                s->result.rows, s->result.columns, s->first.rows, s->first.columns, s->second.rows,
                s->second.columns);
        status = STATUS_DEVICE;
    }
    return status;
}

/* Arrays of a call, in device memory. */
typedef struct {
    const void *first, *second;
    const void *bias;   /* of the result's rows; read if the product is fused */
    const void *addend; /* laid out as the result, or NULL; may be the result */
    void *result;
} LtCall;

/* Enqueues one product; workspace (workspace_bytes of the shape). */
static Status lt_run(LtProduct *p, cublasLtHandle_t lt, const LtCall *call, void *workspace,
                     cudaStream_t stream) {
    const float one = 1.0f, beta = call->addend ? 1.0f : 0.0f;
    if (p->fused)
        LT_TRY(cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &call->bias, sizeof call->bias));
    LT_TRY(cublasLtMatmul(lt, p->product, &one, call->first, p->first, call->second, p->second,
                          &beta, call->addend ? call->addend : call->result, p->result,
                          call->result, p->result, &p->algorithm, workspace, p->workspace_bytes,
                          stream));
    return STATUS_OK;
}

#endif
