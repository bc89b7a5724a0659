/* nn/train/train_plain.cu - training's products by their plain body, a launch each. */
#include <stdlib.h>

#include "train_gemm.h"
#include "train_gemm_kernels.cuh"

enum { THREADS = 128 }; /* a block */

struct TrainGemms {
    TrainShape *shape; /* (count) owned */
};

static void close_plain(TrainGemms *gemms) {
    if (!gemms) return;
    free(gemms->shape);
    free(gemms);
}

static Status open_plain(TrainGemms **out, const TrainShape *shapes, int count, void *workspace) {
    (void)workspace;
    const size_t bytes = (size_t)count * sizeof *shapes;
    TrainGemms *gemms = (TrainGemms *)calloc(1, sizeof *gemms);
    if (gemms) gemms->shape = (TrainShape *)malloc(bytes);
    *out = gemms;
    if (!gemms || !gemms->shape) return STATUS_MEMORY;
    memcpy(gemms->shape, shapes, bytes);
    return STATUS_OK;
}

/* The strides that make the body this product. */
static PlainProductArgs product_args(const TrainShape *s, const TrainCall *call) {
    PlainOperand x = {call->x, s->x_next, s->x_stride, 1};
    PlainOperand y = {call->y, s->y_next, s->y_stride, 1};
    PlainOperand w = {call->weight, s->weight_next, s->in, 1};
    const PlainOperand x_sideways = {x.p, x.next, 1, s->x_stride};
    const PlainOperand y_sideways = {y.p, y.next, 1, s->y_stride};
    const PlainOperand w_sideways = {w.p, w.next, 1, s->in};
    PlainProductArgs a;
    memset(&a, 0, sizeof a);
    switch (s->product) {
    case TRAIN_FORWARD:
        a.a = x, a.b = w, a.m = s->rows, a.n = s->out, a.k = s->in;
        a.y_stride = s->y_stride, a.y_next = s->y_next;
        break;
    case TRAIN_BACK:
        a.a = y, a.b = w_sideways, a.m = s->rows, a.n = s->in, a.k = s->out;
        a.y_stride = s->x_stride, a.y_next = s->x_next;
        break;
    default:
        a.a = y_sideways, a.b = x_sideways, a.m = s->out, a.n = s->in, a.k = s->rows;
        a.y_stride = s->in, a.y_next = s->weight_next;
        break;
    }
    a.bias = call->bias;
    a.addend = call->addend;
    a.y = call->result;
    a.precision = s->precision;
    a.result = s->result;
    a.relu = s->relu;
    a.products = s->layers;
    return a;
}

static Status run_plain(TrainGemms *gemms, int i, const TrainCall *call, Stream stream) {
    const PlainProductArgs a = product_args(&gemms->shape[i], call);
    const int blocks = launch_blocks(plain_product_items(&a), 32, THREADS);
    if (a.precision == PRECISION_FLOAT32)
        LAUNCH((plain_product_kernel<PRECISION_FLOAT32, PRECISION_FLOAT32>), blocks, THREADS,
               stream, a);
    else if (a.result == PRECISION_FLOAT32)
        LAUNCH((plain_product_kernel<PRECISION_BF16, PRECISION_FLOAT32>), blocks, THREADS, stream,
               a);
    else
        LAUNCH((plain_product_kernel<PRECISION_BF16, PRECISION_BF16>), blocks, THREADS, stream, a);
    return STATUS_OK;
}

extern "C" const TrainGemmOps train_gemm_plain = {0, open_plain, run_plain, close_plain};
