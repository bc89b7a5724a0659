/* device/core/bf16.h - brain floats: the upper half of a float32, rounded to nearest, ties to even.
 */
#ifndef DEVICE_CORE_BF16_H
#define DEVICE_CORE_BF16_H

#include "portable.h"

HD uint16_t bf16_from_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x) return (uint16_t)(bits >> 16 | 0x40u); /* stays not a number, made quiet */
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

HD float bf16_to_float(uint16_t h) {
    uint32_t bits = (uint32_t)h << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
