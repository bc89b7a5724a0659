/* nn/infer/forward_kernels.cuh - inference's kernels: index, guard, body. net_plain.cu and
 * net_layers.cu launch them.
 *
 * A warp computes a row: 32 lanes, one partial sum each. Arrays may begin at row `first` of the
 * batch; rows of the batch from *count on are not touched. */
#ifndef NN_INFER_FORWARD_KERNELS_CUH
#define NN_INFER_FORWARD_KERNELS_CUH

#include "device/core/launch.cuh"
#include "nn/ops/head.h"
#include "nn/ops/input.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/linear.h"
#include "nn/ops/outputs.h"
#include "nn/ops/relu.h"
#include "chunk.h"

static __device__ __forceinline__ bool row_matters(int r, int rows, int first,
                                                   const int32_t *count) {
    return r < rows && first + r < *count;
}

template <Precision PRECISION>
static __global__ void input_kernel(InputArgs args, int first, const int32_t *count) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (row_matters(r, args.count, first, count)) input_one(&args, r, team_self<32>());
}

/* BARE: nothing is added to x or to the result. Known at compile time, a row's loads are issued
 * together instead of one by one between branches. */
template <Precision PRECISION, bool BARE>
static __global__ void layernorm_kernel(LayerNormArgs args, int first, const int32_t *count) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (BARE) {
        args.bias = NULL;
        args.residual = NULL;
        args.after = NULL;
    }
    if (!row_matters(r, args.rows, first, count)) return;
    if (args.width == 256) { /* a constant width keeps a lane's eight values in registers */
        args.width = 256;
        layernorm_one(&args, r, team_self<32>());
    } else {
        layernorm_one(&args, r, team_self<32>());
    }
}

template <Precision PRECISION>
static __global__ void relu_kernel(ReluArgs args, int first, const int32_t *count) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (row_matters(r, args.rows, first, count)) relu_one(&args, r, team_self<32>());
}

/* One warp per tile of outputs. */
template <Precision PRECISION, Precision RESULT>
static __global__ void linear_kernel(LinearArgs args, const int32_t *count) {
    int item = team_item<32>(), r = item / linear_tiles(args.l.out);
    args.precision = PRECISION;
    args.result = RESULT;
    if (row_matters(r, args.rows, 0, count)) linear_one(&args, item, team_self<32>());
}

static __global__ void quantize_kernel(QuantizeArgs args, int rows, const int32_t *count) {
    int r = team_item<32>();
    if (row_matters(r, rows, 0, count)) int8_quantize_one(&args, r, team_self<32>());
}

static __global__ void head_kernel(HeadArgs args, const int32_t *count) {
    int r = team_item<32>();
    if (row_matters(r, args.rows, 0, count)) head_one(&args, r, team_self<32>());
}

static __global__ void outputs_kernel(OutputsArgs args, int first, const int32_t *count) {
    int r = team_item<32>();
    if (row_matters(r, args.rows, first, count)) outputs_one(&args, r, team_self<32>());
}

#endif
