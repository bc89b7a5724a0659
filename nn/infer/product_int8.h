/* nn/infer/product_int8.h - the int8 product of the network on the CPU, scaled back to float32.
 *
 *   y[r][o] = (sum over k ascending of (float)acc_k * scale[r][k]) * l->scale[o]      nn/ops/int8.h
 *
 * Every kernel gives the same bits, from weights in the order that suits it: PACK_PANELS, four
 * inputs of an output in one 32-bit lane, as VNNI and NEON multiply them; for AVX2, which has no
 * such instruction, PACK_PAIRS of 16 bits; for plain loops PACK_FLOATS.
 *
 *   R  rows     C_in  l->in     C_out  l->out     blocks: int8_blocks(C_in) */
#ifndef NN_INFER_PRODUCT_INT8_H
#define NN_INFER_PRODUCT_INT8_H

#include "nn/ops/pack.h"

enum { PRODUCT_ROWS = 6 }; /* of a tile: multiples of them are fastest */

typedef enum {
    PRODUCT_PLAIN, /* portable loops */
    PRODUCT_DOT,   /* aarch64 with dot products of NEON */
    PRODUCT_AVX2,  /* x86-64 with AVX2 */
    PRODUCT_VNNI,  /* x86-64 with AVX-512 VNNI */
    PRODUCT_KERNEL_COUNT
} ProductKernel;

typedef struct {
    const Linear *l;
    const int8_t *q;    /* (R, q_stride) q_stride at least C_in rounded up to a multiple of 4 */
    const void *wide;   /* (R, q_stride) the same numbers as weights are; NULL where they are q */
    const float *scale; /* (R, blocks) */
    float *y;           /* (R, y_stride) out; column first + c is written to y[c] */
    int q_stride, y_stride;
    int first, count; /* outputs; first a multiple of 64 */
    int rows;         /* R */
} ProductArgs;

EXTERN_C_BEGIN

/* Whether this processor and system can run the kernel; PRODUCT_PLAIN always. */
bool product_has(ProductKernel kernel);

/* The fastest that product_has with these vectors. */
ProductKernel product_best(Isa isa);

const char *product_name(ProductKernel kernel);

/* The order of its weights. */
PackOrder product_order(ProductKernel kernel);

/* Makes quantized row r what the kernel reads: VNNI's with their highest bits flipped, AVX2's and
 * those of plain loops in `wide`. */
void product_row(ProductKernel kernel, int8_t *q, void *wide, int r, int q_stride);

void product_int8(ProductKernel kernel, const ProductArgs *a);

EXTERN_C_END

#endif
