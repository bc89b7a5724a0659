/* nn/infer/net_implementations.cu - the implementations that a build with all libraries has. */
#include "net_cuda.h"

extern "C" const NetImplementation *const net_implementations[NETWORK_COUNT] = {NULL, &net_plain,
                                                                                &net_layers};
