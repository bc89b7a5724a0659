/* tests/sim/train_gemm_ops_plain.cu - training's products where there is no library. */
#include "nn/train/train_gemm.h"

extern "C" const TrainGemmOps *const train_gemm_ops = &train_gemm_plain;
