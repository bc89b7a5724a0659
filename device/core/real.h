/* device/core/real.h - exp, log, pow, tanh and sigmoid with the same bits on every machine.
 *
 * libm and the device differ in the last place, so what a game feels comes from here: double
 * arithmetic without contraction (add, multiply, one division in tanh and sigmoid, integer bits),
 * rounded once to float. Within 0.501 ulp of the true value for every float, denormals included;
 * not a number, infinities and signed zeros as C11 Annex F has them.
 *
 *   exp x = 2^k exp r          k = nearest integer to x / ln 2    |r| <= ln 2 / 2
 *   log x = k ln 2 + log m     x = 2^k m                          m in [sqrt 1/2, sqrt 2)
 *   pow x y = exp(y log |x|), with a sign */
#ifndef DEVICE_CORE_REAL_H
#define DEVICE_CORE_REAL_H

#include "portable.h"

/* ln 2 in two pieces; the first has 20 zero bits at its end, so that k * HIGH is exact. */
#define REAL_LN2_HIGH 0x1.62e42fefp-1
#define REAL_LN2_LOW  0x1.473de6af278edp-34
#define REAL_INV_LN2  0x1.71547652b82fep+0

HD uint64_t real_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

HD double real_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* exp in double for |x| <= 200, relative error below 1e-12. */
HD double real_exp_core(double x) {
    /* Adding 1.5 * 2^52 rounds to the nearest integer and leaves it in the low bits. */
    double shifted = x * REAL_INV_LN2 + 0x1.8p+52;
    uint64_t k = real_bits(shifted);
    double whole = shifted - 0x1.8p+52;
    double r = (x - whole * REAL_LN2_HIGH) - whole * REAL_LN2_LOW;
    double p = 1.0 / 3628800; /* Taylor to r^10: 0.35^11 / 11! = 2e-13 */
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    return real_from_bits(real_bits(p) + (k << 52));
}

/* log in double for a normal positive x, relative error below 1e-12, also beside 1. */
HD double real_log_core(double x) {
    uint64_t bits = real_bits(x);
    /* 0x3FE6A09E is the high half of sqrt(1/2): k counts octaves from there. */
    uint64_t from = bits - 0x3FE6A09E00000000u;
    int k = (int)((int64_t)from >> 52);
    double f = real_from_bits(bits - ((uint64_t)(int64_t)k << 52)) - 1.0;
    /* log(1 + f) / f through 15 Chebyshev nodes on [sqrt 1/2, sqrt 2]: relative error 5e-13. */
    double p = 0x1.5e07204d2484dp-5;
    p = p * f - 0x1.5ad81eb5b62eap-4;
    p = p * f + 0x1.666aa635cf966p-4;
    p = p * f - 0x1.54aea120de393p-4;
    p = p * f + 0x1.6ec333b557812p-4;
    p = p * f - 0x1.99151feb2395ap-4;
    p = p * f + 0x1.c7737f2222348p-4;
    p = p * f - 0x1.0005a36075d54p-3;
    p = p * f + 0x1.2490f18320a8dp-3;
    p = p * f - 0x1.5555271e49c7dp-3;
    p = p * f + 0x1.99999eb52a0e4p-3;
    p = p * f - 0x1.0000004a692d9p-2;
    p = p * f + 0x1.5555555191743p-2;
    p = p * f - 0x1.ffffffffbe94ep-2;
    p = p * f + 0x1.00000000003d2p+0;
    return k * REAL_LN2_HIGH + (f * p + k * REAL_LN2_LOW);
}

HD float real_exp(float x) {
    if (x != x) return x;
    if (x > 89.0f) return INFINITY; /* the greatest float is exp(88.72) */
    if (x < -104.0f) return 0.0f;   /* half the least denormal is exp(-103.97) */
    return (float)real_exp_core((double)x);
}

HD float real_log(float x) {
    if (x != x) return x;
    if (x < 0.0f) return NAN;
    if (x == 0.0f) return -INFINITY;
    if (x == INFINITY) return x;
    return (float)real_log_core((double)x);
}

/* 0: y is no integer; 1: odd; 2: even. */
HD int real_parity(float y) {
    float size = y < 0.0f ? -y : y;
    if (size >= 0x1p+24f) return 2; /* infinity included: its powers are as an even number's */
    int32_t whole = (int32_t)size;
    if ((float)whole != size) return 0;
    return (whole & 1) ? 1 : 2;
}

HD float real_pow(float x, float y) {
    if (y == 0.0f || x == 1.0f) return 1.0f;
    if (x != x || y != y) return x + y;
    float size = x < 0.0f ? -x : x;
    int parity = real_parity(y);
    bool below_zero = (real_bits((double)x) >> 63) != 0;
    float sign = below_zero && parity == 1 ? -1.0f : 1.0f;
    if (size == 0.0f) return y > 0.0f ? sign * 0.0f : sign * INFINITY;
    if (size == INFINITY) return y > 0.0f ? sign * INFINITY : sign * 0.0f;
    if (x < 0.0f && parity == 0) return NAN;
    if (size == 1.0f) return sign;
    double t = (double)y * real_log_core((double)size);
    if (t > 89.0) return sign * INFINITY;
    if (t < -104.0) return sign * 0.0f;
    return sign * (float)real_exp_core(t);
}

HD float real_tanh(float x) {
    if (x != x) return x;
    double size = x < 0.0f ? -(double)x : (double)x;
    if (size < 0.25) { /* 1 - exp(-2 size) would cancel; Taylor to x^13, next term 1e-11 */
        double s = size * size, p = 21844.0 / 6081075;
        p = p * s - 1382.0 / 155925;
        p = p * s + 62.0 / 2835;
        p = p * s - 17.0 / 315;
        p = p * s + 2.0 / 15;
        p = p * s - 1.0 / 3;
        return (float)((double)x * (1.0 + s * p));
    }
    double e = size > 20.0 ? 0.0 : real_exp_core(-2.0 * size);
    double t = (1.0 - e) / (1.0 + e);
    return (float)(x < 0.0f ? -t : t);
}

/* 1 / (1 + exp(-x)). */
HD float real_sigmoid(float x) {
    if (x != x) return x;
    if (x < -104.0f) return 0.0f;
    double e = x > 104.0f ? 0.0 : real_exp_core(-(double)x);
    return (float)(1.0 / (1.0 + e));
}

#endif
