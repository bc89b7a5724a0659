/* nn/infer/net_implementations.cu - the list of implementations in a build with all libraries. */
#include "net_cuda.h"

/* By Network: auto, plain, layers. C++ has no designated elements. */
extern "C" const NetImplementation *const net_implementations[NETWORK_COUNT] = {NULL, &net_plain,
                                                                                &net_layers};
