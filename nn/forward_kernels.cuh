/* nn/forward_kernels.cuh - index, guard, body; how they are launched is elsewhere.
 *
 * Rows at or past *count are left alone. A row is a warp's: 32 lanes, one partial sum each. */
#ifndef NN_FORWARD_KERNELS_CUH
#define NN_FORWARD_KERNELS_CUH

#include "../device/core/launch.cuh"
#include "head.h"
#include "input.h"
#include "layernorm.h"
#include "relu.h"

template <Precision PRECISION>
static __global__ void input_kernel(InputArgs args, const int32_t *count) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (r < args.count && r < *count) input_one(&args, r, team_self<32>());
}

/* BARE: nothing is added to x nor to the result. Known beforehand, a row's loads are issued at
 * once instead of one by one between questions. */
template <Precision PRECISION, bool BARE>
static __global__ void layernorm_kernel(LayerNormArgs args, const int32_t *count) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (BARE) {
        args.bias = NULL;
        args.residual = NULL;
        args.after = NULL;
    }
    if (r >= args.rows || r >= *count) return;
    if (args.width == 256) { /* known width: the row's eight values a lane stay in registers */
        args.width = 256;
        layernorm_one(&args, r, team_self<32>());
    } else {
        layernorm_one(&args, r, team_self<32>());
    }
}

template <Precision PRECISION>
static __global__ void relu_kernel(ReluArgs args, const int32_t *count) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (r < args.rows && r < *count) relu_one(&args, r, team_self<32>());
}

static __global__ void head_kernel(HeadArgs args, const int32_t *count) {
    int r = team_item<32>();
    if (r < args.rows && r < *count) head_one(&args, r, team_self<32>());
}

#endif
