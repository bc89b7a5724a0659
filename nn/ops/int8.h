/* nn/ops/int8.h - int8 products, defined to the bit: how floats become integers and how the sums
 * become floats again.
 *
 * A row of inputs is cut into blocks of 128, of which the last may be shorter; the weights of an
 * output are one block.
 *
 *   amax  = the greatest |x| of the block
 *   scale = amax / 127                      steps = 127 / amax       both 0 if amax < 2^-100
 *   q     = x * steps rounded to the nearest integer, ties to even: in -127..127
 *   acc_k = sum of q_x * q_w over block k   exact: at most 128 * 127^2 < 2^21
 *   y     = (sum over k ascending of (float)acc_k * scale_k) * scale_o
 *
 * Each operation is rounded to float32; acc is an integer and does not depend on the order of
 * addition. The bias and all that follows are as in the float32 network: relu.h, layernorm.h,
 * head.h.
 *
 *   R  rows     C_in  inputs     blocks: int8_blocks(C_in) of a row */
#ifndef NN_OPS_INT8_H
#define NN_OPS_INT8_H

#include "device/core/fault.h"
#include "device/core/portable.h"

enum { INT8_BLOCK = 128 };

HD int int8_blocks(int inputs) { return (inputs + INT8_BLOCK - 1) / INT8_BLOCK; }

/* The bits of |x| as an integer. They are ordered as the floats are, with infinity above all
 * numbers and NaN above infinity, and compilers vectorize their maximum, unlike that of floats. */
HD int32_t int8_size_bits(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7FFFFFFF;
}

/* amax from the greatest int8_size_bits; infinity if some x was not finite. */
HD float int8_amax(int32_t size_bits) {
    float amax;
    if (size_bits > 0x7F800000) size_bits = 0x7F800000;
    memcpy(&amax, &size_bits, sizeof amax);
    return amax;
}

/* A block that is not finite cannot be represented: it gets q = 0 and NaN as its scale, so that its
 * outputs are noticed. */
HD float int8_scale(float amax) {
    if (amax == INFINITY) return NAN;
    return amax < 0x1p-100f ? 0.0f : amax / 127.0f;
}

HD float int8_steps(float amax) {
    return amax < 0x1p-100f || amax == INFINITY ? 0.0f : 127.0f / amax;
}

/* |x| <= amax, so after two roundings |x * steps| < 127.5 and nothing needs clamping. Near
 * 1.5 * 2^23 the floats are the integers: adding it rounds, and leaves q in the low bits. rintf
 * does the same, but on a target without such an instruction it is a call for every number. */
HD int8_t int8_round(float x, float steps) {
    float shifted = x * steps + 0x1.8p+23f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return (int8_t)(uint8_t)bits;
}

HD float int8_add(float sum, int32_t acc, float scale) { return sum + (float)acc * scale; }

HD float int8_output(float sum, float scale) { return sum * scale; }

typedef struct {
    const float *x; /* (R, x_stride) activations; the first C_in of a row are read */
    int8_t *q;      /* (R, q_stride) out: C_in a row, then zeros up to a multiple of 4 */
    float *scale;   /* (R, blocks) out */
    Fault *fault;   /* FAULT_INT8, item: row first + r; or NULL */
    int64_t first;  /* index of row 0 in the batch */
    int inputs, x_stride, q_stride;
} QuantizeArgs;

/* Quantizes n <= INT8_BLOCK numbers, by a team of any width; false if one is not finite. */
HD bool int8_quantize_block(const float *x, int8_t *q, float *scale, int n, Team team) {
    int32_t size_bits = 0;
    TEAM_FOR(i, n, team) {
        int32_t bits = int8_size_bits(x[i]);
        size_bits = bits > size_bits ? bits : size_bits;
    }
    Best best;
    best.key = int8_amax(size_bits);
    best.index = 0;
    const float amax = team_best(team, best).key;
    if (amax == INFINITY) {
        TEAM_FOR(i, n, team) q[i] = 0;
    } else {
        const float steps = int8_steps(amax);
        TEAM_FOR(i, n, team) q[i] = int8_round(x[i], steps);
    }
    if (team.lane == 0) *scale = int8_scale(amax);
    return amax != INFINITY;
}

/* Row r, by a team of any width. */
HD void int8_quantize_one(const QuantizeArgs *a, int r, Team team) {
    const int blocks = int8_blocks(a->inputs);
    const float *x = a->x + (int64_t)r * a->x_stride;
    int8_t *q = a->q + (int64_t)r * a->q_stride;
    bool finite = true;
    for (int k = 0; k < blocks; k++) {
        const int at = k * INT8_BLOCK, rest = a->inputs - at;
        float *scale = a->scale + (int64_t)r * blocks + k;
        finite &= int8_quantize_block(x + at, q + at, scale, rest < INT8_BLOCK ? rest : INT8_BLOCK,
                                      team);
    }
    TEAM_FOR(i, (4 - a->inputs % 4) % 4, team) q[a->inputs + i] = 0;
    if (!finite && a->fault && team.lane == 0) fault_raise(a->fault, FAULT_INT8, a->first + r);
}

#endif
