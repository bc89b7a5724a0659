/* nn/infer/forward.h - inference: rows of observations in, logits and values out.
 *
 *   R rows   C_in inputs (256)   A actions (52)   V values (8)
 *
 * The bits of a row depend on the weights and the row alone: not on the other rows, its place
 * among them, or the number of threads. */
#ifndef NN_INFER_FORWARD_H
#define NN_INFER_FORWARD_H

#include "device/core/backend.h"
#include "device/core/fault.h"
#include "nn/config.h"
#include "nn/weights.h"

typedef struct Net Net; /* folded weights on one device, and scratch for `capacity` rows */

typedef struct {
    ModelConfig model;
    Precision precision;
    Network network; /* never NETWORK_AUTO: see choose */
    int capacity;    /* R, rows a call at most */
    Fault *fault;    /* (1) device memory, raised by int8; NULL: nobody reads it */
} NetSpec;

/* The calls of nn/, one table a backend.
 *   errors  STATUS_ARGUMENT: a shape or precision that the backend does not have, nothing ran
 *           STATUS_MEMORY:   it does not fit        STATUS_DEVICE: the device refused */
typedef struct {
    bool bf16_rows; /* elements of forward's rows: bf16, or float32 */

    /* What NETWORK_AUTO means here for this model, precision and GPU: by fixed preference the first
     * way that this device has and that agrees with `plain` on rows tried now; never by timing, so
     * that a resumed run finds the same. A way asked for by name is taken or refused. `why` gets a
     * line about it. STATUS_INPUT: no such way here, said in one line. */
    Status (*choose)(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                     char *why, size_t why_bytes);

    /* Bytes of device memory that create would take: weights, and scratch for `capacity` rows. */
    size_t (*bytes)(const NetSpec *spec);

    /* The caller owns the net and calls destroy. */
    Status (*create)(Net **out, const NetSpec *spec);
    void (*destroy)(Net *net);

    /* Folds W_o W_v in float32 (ascending over the inner index), converts, and copies the weights
     * to where forward reads them, ordered on `stream` after all that is enqueued there: a graph
     * that was captured before goes on with the new ones. `weights` may be freed on return. */
    Status (*load)(Net *net, const Weights *weights, Stream stream);

    /* rows (capacity, C_in), see bf16_rows -> logits (capacity, A), values (capacity, V), all
     * float32 in device memory and the caller's. count: device pointer to the number of rows that
     * matter, the first ones; logits and values beyond them are not to be read.
     * No allocation and, on cuda, no synchronisation: fit for the capture of a graph.
     * STATUS_ARGUMENT, on cpu: a count outside 0..capacity. STATUS_DEVICE: a library refused. */
    Status (*forward)(Net *net, const void *rows, const int32_t *count, float *logits,
                      float *values, Stream stream);

    /* What the bits of a float result depend on besides the weights: the instruction set or GPU
     * architecture, and the library with its version. */
    void (*describe)(char *isa, size_t isa_bytes, char *library, size_t library_bytes);
} NetOps;

EXTERN_C_BEGIN
extern const NetOps net_cpu, net_cuda;
EXTERN_C_END

#endif
