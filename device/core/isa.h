/* device/core/isa.h - the vector instructions that this processor has, for code that chooses its
 * kernels at run time.
 *
 * Every kernel gives the same bits; the choice is one of speed. BLOB_ISA=plain|neon|avx2|avx512 in
 * the environment forces one. */
#ifndef DEVICE_CORE_ISA_H
#define DEVICE_CORE_ISA_H

#include "portable.h"
#include "status.h"

/* Before a function: it and all that it calls are compiled for each level of x86-64, and the loader
 * chooses. For loops that compilers make vectors of, and calls of fmaf that become instructions.
 * Not in a build for one processor, nor under a sanitizer, which is not set up when the loader
 * asks. */
#if defined(__x86_64__) && !defined(__AVX2__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ISA_EACH \
    __attribute__((flatten, target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ISA_EACH
#endif

typedef enum {
    ISA_PLAIN,  /* portable C */
    ISA_NEON,   /* aarch64 */
    ISA_AVX2,   /* x86-64 with AVX2 and FMA */
    ISA_AVX512, /* x86-64 with AVX-512 F and BW */
    ISA_COUNT
} Isa;

EXTERN_C_BEGIN

const char *isa_name(Isa isa);

/* Whether this processor and its system run it; ISA_PLAIN always. */
bool isa_has(Isa isa);

/* The one that BLOB_ISA names, or else the last that isa_has. STATUS_INPUT: BLOB_ISA names none, or
 * one that this processor lacks; reported in one line. */
Status isa_choose(Isa *out);

EXTERN_C_END

#endif
