/* host/options/network_options.h - a network's precision and implementation, as options of every
 * program. */
#ifndef HOST_OPTIONS_NETWORK_OPTIONS_H
#define HOST_OPTIONS_NETWORK_OPTIONS_H

#include "device/play/device.h"

/* Words of --device. Of --precision: auto, then those of Precision. Of --network: those of Network
 * that a program has. */
extern const char *const network_device_words[], *const network_precision_words[],
                                                     *const network_words[];

#define NETWORK_PRECISION_HELP                                                             \
    "number format: float32; bf16 (cuda only); int8, which plays the same games on every " \
    "device; auto: bf16 on cuda, float32 on cpu (auto)"
#define NETWORK_HELP                                                                         \
    "implementation: plain (simple loops, slow: the reference), layers (a matrix product a " \
    "layer); auto: layers where the device has it and it agrees with plain, else plain (auto)"

/* For the end of --help: of programs with --network. */
#define NETWORK_ISA_HELP                                                                         \
    "BLOB_ISA=plain, neon, avx2 or avx512 in the environment names the CPU instructions to use " \
    "instead of the best; the results are the same. "

/* The precision that the word asks for on this device. STATUS_INPUT: the device lacks it, reported
 * in one line. */
Status network_precision(int word, const Device *device, Precision *out);

#endif
