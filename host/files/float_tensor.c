/* host/files/float_tensor.c - tensors of a safetensors file as float32, each checked. */
#include "float_tensor.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

SafeTensor float_tensor_describe(const WeightTensor *parameter) {
    SafeTensor t = {.name = parameter->name, .type = SAFE_F32, .rank = parameter->rank};
    for (int d = 0; d < t.rank; d++) t.dims[d] = parameter->dims[d];
    return t;
}

void float_tensor_print_shape(char text[FLOAT_TENSOR_SHAPE], int rank, const int64_t *dims) {
    const size_t size = FLOAT_TENSOR_SHAPE;
    size_t n = (size_t)snprintf(text, size, "(");
    for (int d = 0; d < rank && n < size; d++)
        n += (size_t)snprintf(text + n, size - n, "%s%" PRId64, d ? ", " : "", dims[d]);
    if (n < size) snprintf(text + n, size - n, ")");
}

static float f16_to_float(uint16_t h) {
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float magnitude = exponent == 31  ? (mantissa ? NAN : INFINITY)
                      : exponent == 0 ? ldexpf((float)mantissa, -24)
                                      : ldexpf((float)(1024 + mantissa), exponent - 25);
    return h >> 15 ? -magnitude : magnitude;
}

/* Element i of an F32, F16 or BF16 tensor. */
static float read_float(const SafeTensor *t, int64_t i) {
    uint32_t bits;
    uint16_t short_bits;
    float x;
    if (t->type == SAFE_F32) {
        memcpy(&x, t->data + 4 * i, 4);
        return x;
    }
    memcpy(&short_bits, t->data + 2 * i, 2);
    if (t->type == SAFE_F16) return f16_to_float(short_bits);
    bits = (uint32_t)short_bits << 16;
    memcpy(&x, &bits, 4);
    return x;
}

static Status check_type(const Safetensors *file, const SafeTensor *t, FloatTensorTypes types) {
    if (t->type == SAFE_F32) return STATUS_OK;
    if (types == FLOAT_TENSOR_F32)
        return durable_refuse(file->path, "tensor %s has dtype %s, expected F32", t->name,
                              safetensors_type_name(t->type));
    if (t->type == SAFE_F16 || t->type == SAFE_BF16) return STATUS_OK;
    return durable_refuse(file->path, "tensor %s has dtype %s, allowed are F32 F16 BF16", t->name,
                          safetensors_type_name(t->type));
}

static Status check_shape(const Safetensors *file, const SafeTensor *t, const SafeTensor *want) {
    char found[FLOAT_TENSOR_SHAPE], expected[FLOAT_TENSOR_SHAPE];
    if (t->rank == want->rank &&
        memcmp(t->dims, want->dims, sizeof *t->dims * (size_t)t->rank) == 0)
        return STATUS_OK;
    float_tensor_print_shape(found, t->rank, t->dims);
    float_tensor_print_shape(expected, want->rank, want->dims);
    return durable_refuse(file->path, "tensor %s has shape %s, expected %s", t->name, found,
                          expected);
}

Status float_tensor_load(const Safetensors *file, const SafeTensor *want, FloatTensorTypes types,
                         float *to) {
    const SafeTensor *t = safetensors_find_tensor(file, want->name);
    if (!t) return durable_refuse(file->path, "has no tensor %s", want->name);
    TRY(check_type(file, t, types));
    TRY(check_shape(file, t, want));
    for (int64_t i = 0; i < t->count; i++) {
        to[i] = read_float(t, i);
        if (!isfinite(to[i]))
            return durable_refuse(
                file->path, "tensor %s is %f at index %" PRId64 ", allowed are finite numbers",
                t->name, (double)to[i], i);
    }
    return STATUS_OK;
}
