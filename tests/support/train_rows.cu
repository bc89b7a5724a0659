/* tests/support/train_rows.cu - rows from a formula, and a sum over processes, as kernels. */
#include "train_rows.h"

#include "device/core/launch.cuh"

static __global__ void train_rows_kernel(TrainRowsArgs args) {
    int i = team_item<32>();
    if (i < args.count) train_rows_one(&args, i, team_self<32>());
}

static __global__ void train_twice_kernel(float *data, int count) {
    int i = team_item<1>();
    if (i < count) data[i] = data[i] + data[i];
}

extern "C" Status train_rows_fill_cuda(void *context, const int64_t *batch, int first, int rows,
                                       const TrainBatch *out, Stream stream) {
    const TrainRowsArgs args = {.of = *(const TrainRows *)context,
                                .batch = batch,
                                .out = *out,
                                .precision = PRECISION_BF16,
                                .first = first,
                                .count = rows};
    LAUNCH(train_rows_kernel, launch_blocks(rows, 32, 128), 128, stream, args);
    return STATUS_OK;
}

extern "C" Status train_rows_twice_cuda(void *context, float *data, size_t count, Stream stream) {
    if (context) ++*(int *)context;
    LAUNCH(train_twice_kernel, launch_blocks((int64_t)count, 1, 128), 128, stream, data,
           (int)count);
    return STATUS_OK;
}
