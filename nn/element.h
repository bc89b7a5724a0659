/* nn/element.h - how every row-wise body reads and writes an array of floats of any precision.
 *
 * Between layers the activations of int8 networks are float32. */
#ifndef NN_ELEMENT_H
#define NN_ELEMENT_H

#include "device/core/bf16.h"
#include "config.h"

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
