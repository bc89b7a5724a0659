/* host/options/network_options.h - which numbers a network computes in, and which way: for every
 * program. */
#ifndef HOST_OPTIONS_NETWORK_OPTIONS_H
#define HOST_OPTIONS_NETWORK_OPTIONS_H

#include "device/play/device.h"

/* Words of --precision: auto, then those of Precision; of --network: those of Network. */
extern const char *const network_precision_words[], *const network_words[];

#define NETWORK_PRECISION_HELP                                                              \
    "float32, bf16 (cuda only), int8: the same games on every device; auto: bf16 on cuda, " \
    "float32 "                                                                              \
    "on cpu (auto)"
#define NETWORK_WAY_HELP                                                                     \
    "the way through the network: plain (slow, the oracle), layers, fused; auto: of fused, " \
    "layers "                                                                                \
    "and plain the first that this device has and that agrees with plain (auto)"

/* What the option's word means on the device. STATUS_INPUT: not there, said in one line. */
Status network_precision(int word, const Device *device, Precision *out);

#endif
