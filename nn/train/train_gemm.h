/* nn/train/train_gemm.h - training's products on CUDA: by a library, or by their plain body.
 *
 *   train_cuda.cu ─► train_gemm_ops.cu: the table of this binary ─► train_gemm.cu   cuBLASLt
 *                                                               └─► train_plain.cu 
 *                                                               nn/ops/plain_product.h
 *
 * The simulator of a GPU has no cuBLASLt; it leaves train_gemm_ops.cu and train_gemm.cu out and
 * names train_gemm_plain instead.
 *
 *   R rows   C_in, C_out inputs and outputs of a layer   L layers whose products are one call */
#ifndef NN_TRAIN_TRAIN_GEMM_H
#define NN_TRAIN_TRAIN_GEMM_H

#include "device/core/backend.h"
#include "nn/config.h"

typedef enum {
    TRAIN_FORWARD, /* Y (R, C_out)     = X W^T, + bias, + addend, ReLU, as asked for */
    TRAIN_BACK,    /* dX (R, C_in)     = dY W, + addend */
    TRAIN_WEIGHT,  /* dW (C_out, C_in) = dY^T X, + addend; always float32 */
    TRAIN_PRODUCT_COUNT
} TrainProduct;

/* What is known when the trainer is created. Matrices lie by rows; strides are in elements, those
 * of W and dW C_in. */
typedef struct {
    TrainProduct product;
    int rows, in, out;
    int x_stride, y_stride; /* from one row of X or dX, and of Y or dY, to the next */
    int layers;             /* L: only TRAIN_WEIGHT has more than 1 */
    int64_t x_next, y_next; /* from layer to layer */
    int64_t weight_next;
    Precision precision; /* of the operands and the bias */
    Precision result;
    bool bias, relu; /* TRAIN_FORWARD only */
} TrainShape;

/* Arrays of a call, in device memory, on addresses that are multiples of 16. The result is the one
 * that the product names with =. */
typedef struct {
    const void *x, *y, *weight; /* the two that are operands are read */
    void *result;
    const void *addend; /* laid out as the result, of its kind, or NULL; may be the result */
    const void *bias;   /* (C_out), NULL where the shape has none */
} TrainCall;

typedef struct TrainGemms TrainGemms; /* products of fixed shapes */

/* How the products are computed. Nothing in `run` allocates or waits, so that it may be captured.
 *   errors  STATUS_MEMORY, STATUS_DEVICE: the library has no algorithm for a shape, or refused */
typedef struct {
    size_t workspace_bytes; /* device memory that the caller lends for good */
    Status (*open)(TrainGemms **out, const TrainShape *shapes, int count, void *workspace);
    /* Product i of those that were opened. */
    Status (*run)(TrainGemms *gemms, int i, const TrainCall *call, Stream stream);
    void (*close)(TrainGemms *gemms);
} TrainGemmOps;

EXTERN_C_BEGIN
extern const TrainGemmOps *const train_gemm_ops;
extern const TrainGemmOps train_gemm_plain, train_gemm_library;
EXTERN_C_END

#endif
