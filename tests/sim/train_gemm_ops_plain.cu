/* tests/sim/train_gemm_ops_plain.cu - the implementation of training's products without a
 * library. */
#include "nn/train/train_gemm.h"

extern "C" const TrainGemmOps *const train_gemm_ops = &train_gemm_plain;
