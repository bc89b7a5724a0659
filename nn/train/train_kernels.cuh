/* nn/train/train_kernels.cuh - training's kernels: index, guard, body. Those of its products are in
 * train_gemm_kernels.cuh.
 *
 * A warp computes a row, a chunk or a tile of columns: 32 lanes, one partial sum each. */
#ifndef NN_TRAIN_TRAIN_KERNELS_CUH
#define NN_TRAIN_TRAIN_KERNELS_CUH

#include "device/core/launch.cuh"
#include "nn/ops/adamw.h"
#include "nn/ops/column_sums.h"
#include "nn/ops/input.h"
#include "nn/ops/layernorm.h"
#include "nn/ops/layernorm_back.h"
#include "nn/ops/loss.h"
#include "nn/ops/relu_back.h"
#include "nn/ops/square_sums.h"
#include "train_count.h"

template <Precision PRECISION>
static __global__ void train_input_kernel(InputArgs args) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (r < args.count) input_one(&args, r, team_self<32>());
}

/* x includes bias and residual already. A constant width keeps a lane's eight values in
 * registers. */
template <Precision PRECISION>
static __global__ void train_norm_kernel(LayerNormArgs args) {
    int r = team_item<32>();
    args.precision = PRECISION;
    args.bias = NULL;
    args.residual = NULL;
    if (r >= args.rows) return;
    if (args.width == 256) {
        args.width = 256;
        layernorm_one(&args, r, team_self<32>());
    } else {
        layernorm_one(&args, r, team_self<32>());
    }
}

template <Precision PRECISION>
static __global__ void train_norm_back_kernel(LayerNormBackArgs args) {
    int r = team_item<32>();
    args.norm.precision = PRECISION;
    args.norm.bias = NULL;
    args.norm.residual = NULL;
    args.dy2 = NULL;
    if (r >= args.norm.rows) return;
    if (args.norm.width == 256) {
        args.norm.width = 256;
        layernorm_back_one(&args, r, team_self<32>());
    } else {
        layernorm_back_one(&args, r, team_self<32>());
    }
}

template <Precision PRECISION>
static __global__ void train_loss_kernel(LossArgs args) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (r < args.rows) loss_one(&args, r, team_self<32>());
}

template <Precision PRECISION>
static __global__ void train_relu_back_kernel(ReluBackArgs args) {
    int r = team_item<32>();
    args.precision = PRECISION;
    if (r < args.rows) relu_back_one(&args, r, team_self<32>());
}

/* GAIN: for a norm, the gradient of its gain too. */
template <Precision PRECISION, bool GAIN>
static __global__ void train_columns_kernel(ColumnSumsArgs args) {
    int item = team_item<32>();
    args.precision = PRECISION;
    args.norm.precision = PRECISION;
    args.norm.bias = NULL;
    args.norm.residual = NULL;
    args.x2 = NULL;
    if (!GAIN) args.stats = NULL;
    if (item < column_blocks(args.rows) * column_tiles(args.columns))
        column_sums_one(&args, item, team_self<32>());
}

/* For each of `layers`, whose partial sums lie one after another and whose results are `next`
 * floats apart. */
static __global__ void train_blocks_kernel(BlockSumsArgs args, int layers, int64_t next) {
    int item = team_item<32>(), tiles = column_tiles(args.columns), l = item / tiles;
    if (l >= layers) return;
    args.partial += (int64_t)l * args.blocks * args.partial_stride;
    args.out += l * next;
    block_sums_one(&args, item % tiles, team_self<32>());
}

static __global__ void train_squares_kernel(SquareSumsArgs args) {
    int item = team_item<32>();
    if (item < train_chunks(args.count)) square_sums_one(&args, item, team_self<32>());
}

static __global__ void train_count_kernel(TrainCountArgs args) {
    int item = team_item<32>();
    if (item == 0) train_count_one(&args, item, team_self<32>());
}

static __global__ void train_adamw_kernel(AdamwArgs args) {
    int item = team_item<32>();
    if (item < train_chunks(args.count)) adamw_one(&args, item, team_self<32>());
}

static __global__ void train_next_batch_kernel(int64_t *batch) {
    if (team_item<1>() == 0) *batch = *batch + 1;
}

#endif
