/* device/core/isa.h - the vector instructions that this processor has, for code that chooses its
 * kernels at run time.
 *
 * Every kernel gives the same bits; the choice is one of speed. BLOB_ISA=plain|neon|avx2|avx512 in
 * the environment forces one. */
#ifndef DEVICE_CORE_ISA_H
#define DEVICE_CORE_ISA_H

#include "portable.h"
#include "status.h"

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
