/* tests/sim/train_gemm_ops_plain.cu - training's products where there is no library. */
#include "nn/train/train_gemm.h"

extern "C" const TrainWay *const train_way = &train_way_plain;
