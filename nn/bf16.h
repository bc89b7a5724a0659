/* nn/bf16.h - brain floats: the upper half of a float32, rounded to nearest, ties to even.
 *
 * And the one way a row-wise body reads or writes an array of either precision. */
#ifndef NN_BF16_H
#define NN_BF16_H

#include "../device/core/portable.h"
#include "config.h"

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

HD size_t element_bytes(Precision precision) {
    return precision == PRECISION_BF16 ? sizeof(uint16_t) : sizeof(float);
}

HD float element_load(const void *array, Precision precision, int64_t i) {
    if (precision == PRECISION_BF16) return bf16_to_float(((const uint16_t *)array)[i]);
    return ((const float *)array)[i];
}

HD void element_store(void *array, Precision precision, int64_t i, float x) {
    if (precision == PRECISION_BF16)
        ((uint16_t *)array)[i] = bf16_from_float(x);
    else
        ((float *)array)[i] = x;
}

#endif
