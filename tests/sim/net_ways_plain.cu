/* tests/sim/net_ways_plain.cu - the ways through the network that need no library. */
#include "nn/infer/net_cuda.h"

extern "C" const NetWay *const net_ways[NETWORK_COUNT] = {NULL, &net_plain, NULL, NULL};
