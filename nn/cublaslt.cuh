/* nn/cublaslt.cuh - a linear layer of fixed shape through cuBLASLt, with one algorithm for good.
 *
 *   y (R, out) = f(x (R, in) W^T + bias) + beta * addend        W (out, in), all by rows
 *
 * cuBLASLt counts by columns: what is (R, out) by rows is (out, R) to it, and W its transposed
 * first operand. The algorithm is the heuristic's first without split-K for a number of rows that
 * the GPU alone decides, whatever R is, so that a row's bits depend neither on R nor on how many
 * rows matter. */
#ifndef NN_CUBLASLT_CUH
#define NN_CUBLASLT_CUH

#include <cublasLt.h>

#include "device/core/launch.cuh"

enum { GEMM_WORKSPACE_BYTES = 32 << 20, GEMM_CHOICES = 16, GEMM_LEAST_ROWS = 64 };

#define LT_TRY(call)                                                                  \
    do {                                                                              \
        cublasStatus_t lt_ = (call);                                                  \
        if (lt_ != CUBLAS_STATUS_SUCCESS) {                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,             \
                    cublasLtGetStatusName(lt_));                                      \
            return lt_ == CUBLAS_STATUS_ALLOC_FAILED ? STATUS_MEMORY : STATUS_DEVICE; \
        }                                                                             \
    } while (0)

typedef struct {
    int in, out, rows;
    int asked_rows;              /* what the heuristic is asked for */
    int stride;                  /* elements from one row of x to the next */
    cudaDataType_t type, result; /* of x, W and, when fused, bias; of y and addend */
    cublasLtEpilogue_t epilogue; /* wished for: DEFAULT, BIAS or RELU_BIAS */
    float beta;                  /* 0 or 1 */
    const void *bias;            /* (out) of type result, as aligned as later ones will be */
} GemmShape;

typedef struct {
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t weight, x, y;
    cublasLtMatmulAlgo_t algorithm;
    float beta;
    bool fused; /* bias and activation come with the product; if not, the caller applies them */
} Gemm;

static void gemm_close(Gemm *g) {
    if (g->y) cublasLtMatrixLayoutDestroy(g->y);
    if (g->x) cublasLtMatrixLayoutDestroy(g->x);
    if (g->weight) cublasLtMatrixLayoutDestroy(g->weight);
    if (g->product) cublasLtMatmulDescDestroy(g->product);
    memset(g, 0, sizeof *g);
}

static Status gemm_wish(cublasLtMatmulPreference_t wish) {
    uint64_t workspace = GEMM_WORKSPACE_BYTES;
    uint32_t reduction = CUBLASLT_REDUCTION_SCHEME_NONE, alignment = 16;
    LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                &workspace, sizeof workspace));
    LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                                &reduction, sizeof reduction));
    /* A chunk begins at any row of the observations. */
    LT_TRY(cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                                                &alignment, sizeof alignment));
    return STATUS_OK;
}

static Status gemm_set_rows(Gemm *g, int rows) {
    uint64_t columns = (uint64_t)rows;
    LT_TRY(cublasLtMatrixLayoutSetAttribute(g->x, CUBLASLT_MATRIX_LAYOUT_COLS, &columns,
                                            sizeof columns));
    LT_TRY(cublasLtMatrixLayoutSetAttribute(g->y, CUBLASLT_MATRIX_LAYOUT_COLS, &columns,
                                            sizeof columns));
    return STATUS_OK;
}

/* No split-K, and good for the rows that g has now. */
static bool gemm_suits(const Gemm *g, cublasLtHandle_t lt, const cublasLtMatmulAlgo_t *algorithm) {
    int32_t parts = 0;
    size_t written = 0;
    cublasLtMatmulHeuristicResult_t check;
    cublasStatus_t got = cublasLtMatmulAlgoConfigGetAttribute(
        algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &parts, sizeof parts, &written);
    if (got != CUBLAS_STATUS_SUCCESS || parts > 1) return false;
    got = cublasLtMatmulAlgoCheck(lt, g->product, g->weight, g->x, g->y, g->y, algorithm, &check);
    return got == CUBLAS_STATUS_SUCCESS && check.workspaceSize <= GEMM_WORKSPACE_BYTES;
}

/* *suits: it can do the fewest rows, the most and those that g is opened for. One that could do
 * only some would be another at another capacity, with other bits. */
static Status gemm_suits_all(Gemm *g, cublasLtHandle_t lt, const cublasLtMatmulAlgo_t *algorithm,
                             const GemmShape *s, bool *suits) {
    const int rows[] = {GEMM_LEAST_ROWS, s->asked_rows, s->rows};
    *suits = true;
    for (int i = 0; i < 3 && *suits; i++) {
        TRY(gemm_set_rows(g, rows[i]));
        *suits = gemm_suits(g, lt, algorithm);
    }
    return STATUS_OK;
}

/* Tries one epilogue; *found tells whether an algorithm offers it. Leaves g with s->rows. */
static Status gemm_choose(Gemm *g, cublasLtHandle_t lt, cublasLtMatmulPreference_t wish,
                          const GemmShape *s, cublasLtEpilogue_t epilogue, bool *found) {
    cublasLtMatmulHeuristicResult_t choice[GEMM_CHOICES];
    int count = 0;
    *found = false;
    LT_TRY(cublasLtMatmulDescSetAttribute(g->product, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                          sizeof epilogue));
    TRY(gemm_set_rows(g, s->asked_rows));
    cublasStatus_t asked = cublasLtMatmulAlgoGetHeuristic(lt, g->product, g->weight, g->x, g->y,
                                                          g->y, wish, GEMM_CHOICES, choice, &count);
    if (asked != CUBLAS_STATUS_NOT_SUPPORTED) LT_TRY(asked);
    for (int i = 0; asked == CUBLAS_STATUS_SUCCESS && i < count && !*found; i++) {
        if (choice[i].state != CUBLAS_STATUS_SUCCESS) continue;
        TRY(gemm_suits_all(g, lt, &choice[i].algo, s, found));
        if (*found) g->algorithm = choice[i].algo;
    }
    return gemm_set_rows(g, s->rows);
}

/* Opens g (all zero); the caller closes it, also after an error. STATUS_DEVICE: cuBLASLt has no
 * algorithm for the shape. */
static Status gemm_open(Gemm *g, cublasLtHandle_t lt, const GemmShape *s) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    const uint64_t in = (uint64_t)s->in, out = (uint64_t)s->out, rows = (uint64_t)s->rows;
    g->beta = s->beta;
    /* COMPUTE_32F is true float32: TF32 would have to be asked for by its own name. */
    LT_TRY(cublasLtMatmulDescCreate(&g->product, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    LT_TRY(cublasLtMatmulDescSetAttribute(g->product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                          sizeof transposed));
    LT_TRY(cublasLtMatmulDescSetAttribute(g->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &s->bias,
                                          sizeof s->bias));
    LT_TRY(cublasLtMatrixLayoutCreate(&g->weight, s->type, in, out, s->in));
    LT_TRY(cublasLtMatrixLayoutCreate(&g->x, s->type, in, rows, s->stride));
    LT_TRY(cublasLtMatrixLayoutCreate(&g->y, s->result, out, rows, s->out));

    cublasLtMatmulPreference_t wish;
    bool found = false;
    LT_TRY(cublasLtMatmulPreferenceCreate(&wish));
    Status status = gemm_wish(wish);
    if (status == STATUS_OK) status = gemm_choose(g, lt, wish, s, s->epilogue, &found);
    g->fused = found && s->epilogue != CUBLASLT_EPILOGUE_DEFAULT;
    if (status == STATUS_OK && !found)
        status = gemm_choose(g, lt, wish, s, CUBLASLT_EPILOGUE_DEFAULT, &found);
    (void)cublasLtMatmulPreferenceDestroy(wish);
    if (status == STATUS_OK && !found) {
        fprintf(stderr, "cuBLASLt has no algorithm for %d x %d x %d\n", s->rows, s->out, s->in);
        status = STATUS_DEVICE;
    }
    return status;
}

/* Enqueues one product. bias (out) of the result's type; addend (R, out), NULL where beta is 0. */
static Status gemm_run(Gemm *g, cublasLtHandle_t lt, const void *weight, const void *bias,
                       const void *x, const void *addend, void *y, void *workspace,
                       cudaStream_t stream) {
    const float one = 1.0f;
    if (g->fused)
        LT_TRY(cublasLtMatmulDescSetAttribute(g->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias,
                                              sizeof bias));
    LT_TRY(cublasLtMatmul(lt, g->product, &one, weight, g->weight, x, g->x, &g->beta,
                          addend ? addend : y, g->y, y, g->y, &g->algorithm, workspace,
                          GEMM_WORKSPACE_BYTES, stream));
    return STATUS_OK;
}

#endif
