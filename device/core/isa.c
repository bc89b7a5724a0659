/* device/core/isa.c - asks the processor, and the person. */
#include "isa.h"

#include <stdlib.h>

static const char *const names[ISA_COUNT] = {"plain", "neon", "avx2", "avx512"};

const char *isa_name(Isa isa) { return names[isa]; }

bool isa_has(Isa isa) {
#if defined(__x86_64__)
    if (isa == ISA_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == ISA_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#elif defined(__aarch64__)
    if (isa == ISA_NEON) return true;
#endif
    return isa == ISA_PLAIN;
}

static Status refuse(const char *name) {
    fprintf(stderr, "BLOB_ISA=%s: this processor has", name);
    for (int i = 0; i < ISA_COUNT; i++)
        if (isa_has((Isa)i)) fprintf(stderr, " %s", names[i]);
    fputc('\n', stderr);
    return STATUS_INPUT;
}

Status isa_choose(Isa *out) {
    const char *asked = getenv("BLOB_ISA");
    *out = ISA_PLAIN;
    for (int i = 0; i < ISA_COUNT; i++) {
        if (!isa_has((Isa)i)) continue;
        if (!asked || !*asked || strcmp(asked, names[i]) == 0) *out = (Isa)i;
    }
    if (!asked || !*asked || strcmp(asked, names[*out]) == 0) return STATUS_OK;
    return refuse(asked);
}
