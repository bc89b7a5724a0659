/* nn/infer/net_cuda.h - the implementations of the network on CUDA, behind the table net_cuda.
 *
 *   forward_cuda.cu   memory, loading of weights ─► net_implementations[spec.network]
 *   choose_cuda.cu    which implementation               ├─► net_plain.cu
 *                                                        └─► net_layers.cu
 *
 * The linker decides which of them a binary has: net_implementations.cu lists all. The simulator of
 * a GPU has no cuBLASLt; it leaves that file and net_layers.cu out and brings a list of its own. */
#ifndef NN_INFER_NET_CUDA_H
#define NN_INFER_NET_CUDA_H

#include "nn/ops/pack.h"
#include "forward.h"

/* What load fills and forward reads. */
typedef struct {
    Packed packed;
    void *outputs; /* outputs.h: (columns, policy_hidden + value_hidden); NULL if not joined */
} NetWeights;

typedef struct NetImplementation NetImplementation;

/* The beginning of every implementation's own struct. */
struct Net {
    const NetImplementation *implementation;
    NetSpec spec;
    NetWeights weights; /* at the start of `memory` */
    size_t weights_bytes;
    void *memory;  /* device memory: weights, then the implementation's scratch; owned */
    void *staging; /* (weights_bytes) pinned, the source of load's copies; owned */
    Event copied;  /* from then on staging may be written again; owned */
    Stream side;   /* for rehearsals and the cases of a switch; idle otherwise; owned */
};

/* An implementation. Functions named as in NetOps have the same contract. */
struct NetImplementation {
    size_t struct_bytes; /* of the struct that begins with Net */
    bool joined;         /* whether it reads NetWeights.outputs */
    PackOrder order, order_int8;
    /* STATUS_ARGUMENT: a precision or shape that this implementation does not have. */
    Status (*check)(const NetSpec *spec);
    /* Lists the scratch arrays: run dry it measures, run again it places. */
    void (*layout)(Net *net, Arena *arena);
    /* Called after the memory is placed. Ends by running every kernel once and waiting, since none
     * may be loaded while a graph is captured. close follows, also after an error. */
    Status (*open)(Net *net);
    void (*close)(Net *net);
    Status (*forward)(Net *net, const void *rows, const int32_t *count, float *logits,
                      float *values, Stream stream);
    /* The library that computes sums, and its version. NULL: none does, see FORWARD_FMAF. */
    void (*product_library)(char *text, size_t bytes);
};

EXTERN_C_BEGIN

/* NULL: this binary does not have it. */
extern const NetImplementation *const net_implementations[NETWORK_COUNT];
extern const NetImplementation net_plain, net_layers;

/* NetOps.choose of net_cuda. */
Status choose_cuda(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                   char *why, size_t why_bytes);

EXTERN_C_END

#endif
