/* nn/train/train_gemm_ops.cu - the implementation of training's products in a build with all
 * libraries. */
#include "train_gemm.h"

extern "C" const TrainGemmOps *const train_gemm_ops = &train_gemm_library;
