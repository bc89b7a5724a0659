/* nn/infer/net_cuda.h - the implementations through the network on CUDA, behind the one table
 * net_cuda.
 *
 *   forward_cuda.cu ─ memory, weights, loading ─► net_implementations[spec.network] ─► net_plain.cu
 *   choose_cuda.cu  ─ which of them is taken                           └──► net_layers.cu
 *
 * Which implementations a binary has is decided when it is linked: net_implementations.cu lists all
 * of them. A model of the GPU, which has no cuBLASLt, leaves net_implementations.cu and
 * net_layers.cu out and brings its own list:
 *
 *   extern "C" const NetImplementation *const net_implementations[NETWORK_COUNT] = {NULL,
 *   &net_plain, NULL, NULL};
 */
#ifndef NN_INFER_NET_CUDA_H
#define NN_INFER_NET_CUDA_H

#include "nn/ops/pack.h"
#include "forward.h"

/* What load fills and forward reads. */
typedef struct {
    Packed packed;
    void *outputs; /* outputs.h: (columns, policy_hidden + value_hidden); NULL where not joined */
} NetWeights;

typedef struct NetImplementation NetImplementation;

/* The beginning of every implementation's own struct. */
struct Net {
    const NetImplementation *implementation;
    NetSpec spec;
    NetWeights weights; /* at the start of `memory` */
    size_t weights_bytes;
    void *memory;  /* device memory: weights, then the implementation's scratch; owned */
    void *staging; /* (weights_bytes) pinned: what load copies from; owned */
    Event copied;  /* staging may be written again; owned */
    Stream side;   /* for rehearsals and the cases of a switch; idle otherwise; owned */
};

/* A implementation; what is asked of it has the contract of NetOps. */
struct NetImplementation {
    size_t struct_bytes; /* of the struct that begins with Net */
    bool joined;         /* reads NetWeights.outputs */
    PackOrder order, order_int8;
    /* STATUS_ARGUMENT: a precision or shape that this implementation does not have. */
    Status (*check)(const NetSpec *spec);
    /* Lists the scratch arrays: run dry it measures, run again it places. */
    void (*layout)(Net *net, Arena *arena);
    /* After the memory is placed. Ends with a rehearsal of every kernel, waited for: none may be
     * loaded while a graph is captured. close follows in every case. */
    Status (*open)(Net *net);
    void (*close)(Net *net);
    Status (*forward)(Net *net, const void *rows, const int32_t *count, float *logits,
                      float *values, Stream stream);
    /* The library and its version. */
    void (*describe)(char *library, size_t bytes);
};

EXTERN_C_BEGIN

/* NULL: this binary has it not. */
extern const NetImplementation *const net_implementations[NETWORK_COUNT];
extern const NetImplementation net_plain, net_layers;

/* NetOps.choose of net_cuda. */
Status choose_cuda(Network asked, const NetSpec *spec, const Weights *weights, Network *out,
                   char *why, size_t why_bytes);

EXTERN_C_END

#endif
