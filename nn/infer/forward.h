/* nn/infer/forward.h - inference: rows of observations in, logits and values out.
 *
 *   R rows   C_in inputs (256)   A actions (52)   V values (8)
 *
 * The bits of a row's outputs depend on the weights and the row alone: not on the other rows, its
 * index among them, or the number of threads. */
#ifndef NN_INFER_FORWARD_H
#define NN_INFER_FORWARD_H

#include "device/core/backend.h"
#include "device/core/fault.h"
#include "nn/config.h"
#include "nn/weights.h"

#define FORWARD_FMAF "chains of fmaf"

typedef struct Net Net; /* folded weights on one device, and scratch for `capacity` rows */

typedef struct {
    ModelConfig model;
    Precision precision;
    Network network; /* never NETWORK_AUTO: see choose */
    int capacity;    /* R, the most rows of a call */
    Fault *fault;    /* (1) device memory, raised by int8; or NULL */
} NetSpec;

/* The functions of inference, one table for each backend.
 *   errors  STATUS_ARGUMENT: a shape or precision that the backend does not have, nothing ran
 *           STATUS_MEMORY:   it does not fit        STATUS_DEVICE: the device refused */
typedef struct {
    bool bf16_rows; /* elements of forward's rows: bf16, or float32 */

    /* What NETWORK_AUTO means for this model, precision and GPU: by fixed preference, the first
     * implementation that this device has and that agrees with `plain` on trial rows; never by
     * timing, so that a resumed run makes the same choice. An implementation asked for by name is
     * taken or refused. `why` gets a line about the choice. STATUS_INPUT: the implementation is not
     * available here, reported in one line. */
    Status (*choose)(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                     char *why, size_t why_bytes);

    /* Bytes of device memory that create would take: weights, and scratch for `capacity` rows. */
    size_t (*bytes)(const NetSpec *spec);

    /* The caller owns the net and calls destroy. */
    Status (*create)(Net **out, const NetSpec *spec);
    void (*destroy)(Net *net);

    /* Folds W_o W_v in float32 (ascending over the inner index), converts, and copies the weights
     * to where forward reads them, ordered on `stream` after all that is enqueued there: a graph
     * captured earlier uses the new weights from then on. `weights` may be freed on return. */
    Status (*load)(Net *net, const Weights *weights, Stream stream);

    /* rows (capacity, C_in), see bf16_rows -> logits (capacity, A), values (capacity, V), both
     * float32; all in device memory that the caller owns. count: device pointer to the number of
     * rows that matter, the first ones; logits and values beyond them are undefined.
     * No allocation and, on cuda, no synchronization: it may be captured in a graph.
     * STATUS_ARGUMENT, on cpu: a count outside 0..capacity. STATUS_DEVICE: a library refused. */
    Status (*forward)(Net *net, const void *rows, const int32_t *count, float *logits,
                      float *values, Stream stream);

    /* What the bits of float results depend on besides weights, rows and precision: FORWARD_FMAF
     * where sums are those of product_float32.h, otherwise the library, its version and the GPU. */
    void (*arithmetic)(Network network, char *text, size_t bytes);
} NetOps;

EXTERN_C_BEGIN
extern const NetOps net_cpu, net_cuda;
EXTERN_C_END

#endif
