/* nn/config.h - the shape of a network: `blobnet`, a Transformer encoder (Vaswani et al. 2017) over
 * one token. */
#ifndef NN_CONFIG_H
#define NN_CONFIG_H

#include "device/core/status.h"

typedef enum { VALUE_SIGMOID, VALUE_TANH, VALUE_COUNT } ValueHead;

/* How the operands of a product are stored; a network's outputs are always float32. Products are
 * summed in float32, with int8 as exact integers (nn/ops/int8.h). */
typedef enum { PRECISION_FLOAT32, PRECISION_BF16, PRECISION_INT8, PRECISION_COUNT } Precision;

static inline const char *precision_name(Precision precision) {
    static const char *const names[PRECISION_COUNT] = {"float32", "bf16", "int8"};
    return names[precision];
}

/* Implementations of a network: `plain` computes each output with one body and is the oracle of
 * `layers`, which calls a library's product for each layer. A backend may lack either. */
typedef enum { NETWORK_AUTO, NETWORK_PLAIN, NETWORK_LAYERS, NETWORK_COUNT } Network;

static inline const char *network_name(Network network) {
    static const char *const names[NETWORK_COUNT] = {"auto", "plain", "layers"};
    return names[network];
}

enum { MODEL_LAYERS_MAX = 64 };

typedef struct {
    int inputs;        /* C_in, floats of an observation: 256 */
    int width;         /* C, a multiple of 32: 256 */
    int heads;         /* H, divides C: 8 */
    int hidden;        /* feed-forward width, a multiple of 32: 1024 */
    int layers;        /* L, 1..MODEL_LAYERS_MAX: 6 */
    int policy_hidden; /* 256 */
    int actions;       /* A: 52 */
    int value_hidden;  /* 128 */
    int values;        /* V: 8 relative seats; 1 only serves to count parameters */
    ValueHead value_head;
} ModelConfig;

static inline ModelConfig model_config_default(void) {
    ModelConfig c = {.inputs = 256,
                     .width = 256,
                     .heads = 8,
                     .hidden = 1024,
                     .layers = 6,
                     .policy_hidden = 256,
                     .actions = 52,
                     .value_hidden = 128,
                     .values = 8,
                     .value_head = VALUE_SIGMOID};
    return c;
}

/* STATUS_ARGUMENT: a size out of range. */
static inline Status model_config_check(const ModelConfig *c) {
    int fits = c->inputs > 0 && c->inputs % 32 == 0 && c->width > 0 && c->width % 32 == 0 &&
               c->heads > 0 && c->width % c->heads == 0 && c->hidden > 0 && c->hidden % 32 == 0 &&
               c->layers > 0 && c->layers <= MODEL_LAYERS_MAX && c->policy_hidden > 0 &&
               c->actions > 0 && c->value_hidden > 0 && c->values > 0;
    return fits ? STATUS_OK : STATUS_ARGUMENT;
}

#endif
