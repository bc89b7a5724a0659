/* device/probe/probe.h - questions for a GPU: does it compute as we do, and how fast is it?
 *
 * The first kind compares a body of the project with itself, compiled by the other compiler. Each
 * of the second tests one assumption of the design and answers with values; it has memory of its
 * own, waits for its kernels, and may fail alone. Without CUDA the list is empty. */
#ifndef DEVICE_PROBE_PROBE_H
#define DEVICE_PROBE_PROBE_H

#include "device/core/backend.h"
#include "device/core/real.h"
#include "device/core/rng.h"

enum { PROBE_DRAWS = 8 };

/* Item i: a block of Philox from raw words, or numbers of a stream as play draws them. */
typedef struct {
    uint64_t seed;
    uint32_t *out; /* (n, PROBE_DRAWS) */
    int n;
} ProbeRandomArgs;

HD void probe_random_one(const ProbeRandomArgs *a, int i) {
    uint32_t *out = a->out + (int64_t)i * PROBE_DRAWS;
    uint64_t x = splitmix64(a->seed + (uint64_t)i), y = splitmix64(x), z = splitmix64(y);
    uint32_t counter[4] = {(uint32_t)x, (uint32_t)(x >> 32), (uint32_t)y, (uint32_t)(y >> 32)};
    uint32_t key[2] = {(uint32_t)z, (uint32_t)(z >> 32)};
    philox4x32(counter, key, out);
    Rng r = rng_begin(z, x, (uint32_t)i % 100, RNG_WORLD, (uint32_t)i % 255);
    float unit = rng_unit(&r);
    memcpy(&out[4], &unit, sizeof unit);
    out[5] = rng_below(&r, 1 + (uint32_t)i % 52);
    uint64_t wide = rng_below64(&r, 1 + (y >> (i % 64)));
    out[6] = (uint32_t)wide;
    out[7] = (uint32_t)(wide >> 32);
}

typedef enum {
    PROBE_EXP,
    PROBE_LOG,
    PROBE_POW,
    PROBE_TANH,
    PROBE_SIGMOID,
    PROBE_SQRT,
    PROBE_DIVIDE,
    PROBE_ROUND,
    PROBE_ADD_PRODUCT, /* a * b + a: two roundings, unless a compiler fuses what nobody wrote */
    PROBE_FMA,
    PROBE_REAL_COUNT
} ProbeReal;

static inline const char *probe_real_name(ProbeReal f) {
    static const char *const names[PROBE_REAL_COUNT] = {
        "exp", "log", "pow", "tanh", "sigmoid", "sqrtf", "division", "rintf", "a * b + a", "fmaf"};
    return names[f];
}

typedef struct {
    const float *a, *b; /* (n) */
    float *y;           /* (n) */
    ProbeReal function;
    int n;
} ProbeRealArgs;

HD void probe_real_one(const ProbeRealArgs *p, int i) {
    const float a = p->a[i], b = p->b[i];
    float y = 0;
    switch (p->function) {
    case PROBE_EXP: y = real_exp(a); break;
    case PROBE_LOG: y = real_log(a); break;
    case PROBE_POW: y = real_pow(a, b); break;
    case PROBE_TANH: y = real_tanh(a); break;
    case PROBE_SIGMOID: y = real_sigmoid(a); break;
    case PROBE_SQRT: y = sqrtf(a); break;
    case PROBE_DIVIDE: y = a / b; break;
    case PROBE_ROUND: y = rintf(a); break;
    case PROBE_ADD_PRODUCT: y = a * b + a; break;
    case PROBE_FMA: y = fmaf(a, b, a); break;
    case PROBE_REAL_COUNT: break;
    }
    p->y[i] = y;
}

/* What a probe found, a line each. */
enum { PROBE_LINES = 8 };

typedef struct {
    const char *name; /* of the value, static */
    double value;
    const char *unit, *note; /* static; note may be NULL */
} ProbeLine;

typedef struct {
    ProbeLine line[PROBE_LINES];
    int count;
} ProbeAnswer;

typedef struct {
    const char *name;
    const char *question; /* the assumption that the values test */
    Status (*run)(ProbeAnswer *out);
} Probe;

EXTERN_C_BEGIN

/* The bodies above on the GPU; a->out, a->a, a->b, a->y are host memory.
 * STATUS_DEVICE: no GPU in this build, or it refused. */
Status probe_random(const ProbeRandomArgs *args);
Status probe_real(const ProbeRealArgs *args);

/* The next value of an answer. */
void probe_say(ProbeAnswer *out, const char *name, double value, const char *unit,
               const char *note);

/* In the order they run: those that might upset the GPU come last. A NULL name ends the list. */
extern const Probe probes[];

EXTERN_C_END

#endif
