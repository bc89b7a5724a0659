/* nn/train/train_gemm_kernels.cuh - the kernels of training's plain product and of the bias and
 * ReLU after a library's: index, guard, body. */
#ifndef NN_TRAIN_TRAIN_GEMM_KERNELS_CUH
#define NN_TRAIN_TRAIN_GEMM_KERNELS_CUH

#include "device/core/launch.cuh"
#include "nn/ops/plain_product.h"

/* One warp per tile of outputs. */
template <Precision PRECISION, Precision RESULT>
static __global__ void plain_product_kernel(PlainProductArgs args) {
    int item = team_item<32>();
    args.precision = PRECISION;
    args.result = RESULT;
    if (item < plain_product_items(&args)) plain_product_one(&args, item, team_self<32>());
}

static __global__ void plain_after_kernel(PlainAfterArgs args) {
    int r = team_item<32>();
    if (r < args.rows) plain_after_one(&args, r, team_self<32>());
}

#endif
