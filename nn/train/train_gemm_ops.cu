/* nn/train/train_gemm_ops.cu - training's products in a build with all libraries. */
#include "train_gemm.h"

extern "C" const TrainWay *const train_way = &train_way_library;
