/* nn/infer/net_ways.cu - the ways that a build with all libraries has. */
#include "net_cuda.h"

extern "C" const NetWay *const net_ways[NETWORK_COUNT] = {NULL, &net_plain, &net_layers, NULL};
