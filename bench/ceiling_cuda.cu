/* bench/ceiling_cuda.cu - the ceilings of a GPU: one large product by cuBLASLt, one large copy.
 *
 *   C = A B^T   with M = N = K = 8192: 1.1 TFLOP a call, and 256 operations a byte and more
 *
 * Operands are random: a product of zeros draws less power and runs at a higher clock. */
#include "nn/cublaslt.cuh"
#include "ceiling.h"

enum {
    SIDE = 8192,
    CALLS = 8, /* between two looks at the clock */
    THREADS = 256,
    WORKSPACE_BYTES = 64 << 20
};
static const size_t COPY_BYTES = (size_t)1 << 30;

/* Numbers in [-1/2, 1/2); bf16 takes the upper half of a float32. */
static __global__ void fill_kernel(void *x, int n, bool bf16, uint64_t seed) {
    int i = team_item<1>();
    if (i >= n) return;
    float value = (float)(splitmix64(seed + (uint64_t)i) >> 40) * (1.0f / 16777216) - 0.5f;
    if (bf16)
        ((uint16_t *)x)[i] = (uint16_t)(__float_as_uint(value) >> 16);
    else
        ((float *)x)[i] = value;
}

/* Everything of one measurement; zero at first. */
typedef struct {
    cublasLtHandle_t lt;
    LtProduct product;
    void *a, *b, *c, *workspace;
    cudaStream_t stream;
} Product;

static Status product_open(Product *p, Precision precision) {
    const bool bf16 = precision == PRECISION_BF16;
    const size_t bytes = (size_t)SIDE * SIDE * (bf16 ? 2 : 4);
    const int blocks = launch_blocks((int64_t)SIDE * SIDE, 1, THREADS);
    CUDA_TRY(cudaStreamCreateWithFlags(&p->stream, cudaStreamNonBlocking));
    CUDA_TRY(cudaMalloc(&p->a, bytes));
    CUDA_TRY(cudaMalloc(&p->b, bytes));
    CUDA_TRY(cudaMalloc(&p->c, bytes));
    CUDA_TRY(cudaMalloc(&p->workspace, WORKSPACE_BYTES));
    LAUNCH(fill_kernel, blocks, THREADS, p->stream, p->a, SIDE * SIDE, bf16, 1);
    LAUNCH(fill_kernel, blocks, THREADS, p->stream, p->b, SIDE * SIDE, bf16, 2);
    LT_TRY(cublasLtCreate(&p->lt));
    const LtMatrix square = {
        .precision = precision, .rows = SIDE, .columns = SIDE, .stride = SIDE, .batch = 1};
    LtShape s;
    memset(&s, 0, sizeof s);
    s.first = s.second = s.result = square;
    s.transpose_first = true;
    s.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    s.workspace_bytes = WORKSPACE_BYTES;
    return lt_open(&p->product, p->lt, &s);
}

static void product_close(Product *p) {
    lt_close(&p->product);
    if (p->lt) (void)cublasLtDestroy(p->lt);
    (void)cudaFree(p->workspace);
    (void)cudaFree(p->c);
    (void)cudaFree(p->b);
    (void)cudaFree(p->a);
    if (p->stream) (void)cudaStreamDestroy(p->stream);
}

static Status product_calls(Product *p, int calls) {
    const LtCall call = {
        .first = p->a, .second = p->b, .bias = NULL, .addend = NULL, .result = p->c};
    for (int i = 0; i < calls; i++) TRY(lt_run(&p->product, p->lt, &call, p->workspace, p->stream));
    CUDA_TRY(cudaStreamSynchronize(p->stream));
    return STATUS_OK;
}

static Status product_rate(Product *p, double seconds, double *flops) {
    TRY(product_calls(p, CALLS)); /* warm up */
    double start = bench_clock(), end = start, calls = 0;
    for (; end - start < seconds; end = bench_clock(), calls += CALLS) TRY(product_calls(p, CALLS));
    *flops = 2.0 * SIDE * SIDE * SIDE * calls / (end - start);
    return STATUS_OK;
}

extern "C" Status ceiling_gemm_cuda(Precision precision, double seconds, double *flops) {
    Product p;
    memset(&p, 0, sizeof p);
    Status status = product_open(&p, precision == PRECISION_FLOAT32 ? precision : PRECISION_BF16);
    if (status == STATUS_OK) status = product_rate(&p, seconds, flops);
    product_close(&p);
    return status;
}

static Status copy_rate(char *from, char *to, double seconds, double *bytes) {
    double start = 0, end = 0, copied = 0;
    for (int round = 0; round == 0 || end - start < seconds; round++) {
        for (int i = 0; i < CALLS; i++)
            CUDA_TRY(cudaMemcpyAsync(to, from, COPY_BYTES, cudaMemcpyDeviceToDevice, 0));
        CUDA_TRY(cudaStreamSynchronize(0));
        end = bench_clock();
        if (round == 0)
            start = end; /* it warmed up */
        else
            copied += 2.0 * CALLS * (double)COPY_BYTES;
    }
    *bytes = copied / (end - start);
    return STATUS_OK;
}

extern "C" Status ceiling_copy_cuda(double seconds, double *bytes) {
    char *block = NULL;
    CUDA_TRY(cudaMalloc((void **)&block, 2 * COPY_BYTES));
    cudaError_t filled = cudaMemset(block, 37, 2 * COPY_BYTES);
    Status status = filled == cudaSuccess ? copy_rate(block, block + COPY_BYTES, seconds, bytes)
                                          : STATUS_DEVICE;
    (void)cudaFree(block);
    return status;
}
