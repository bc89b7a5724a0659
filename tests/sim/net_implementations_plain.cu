/* tests/sim/net_implementations_plain.cu - the list of the network's implementations that need no
 * library. */
#include "nn/infer/net_cuda.h"

extern "C" const NetImplementation *const net_implementations[NETWORK_COUNT] = {NULL, &net_plain,
                                                                                NULL};
