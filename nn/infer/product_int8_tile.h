/* nn/infer/product_int8_tile.h - the loops of the int8 product, compiled once for each instruction
 * by product_int8.c, which defines
 *
 *   NAME(x)   x with the suffix of the kernel            TARGET   its attribute
 *   Ints, Floats   vectors of LANES sums                 VECTORS  of a tile's columns
 *   Number    of q and weights: int8_t, int16_t, float   STEP     inputs that one instruction adds
 *   PANEL     outputs of a panel of weights, (C_out / PANEL, C_in / STEP, PANEL, STEP)
 *   ROW(a)    q as the kernel reads it: see product_row
 *   START(offset)  LOAD(p)  SPREAD(p)  MULTIPLY(sum, x, w)  CONVERT(sum)  SET(s)  STORE(p, v)
 *   MUL_ADD(x, y, sum)   with two roundings: see int8_add */

/* Adds a block of n inputs to `sum`, `rows` of ROWS. Inlined with constant rows, so that `acc` is
 * registers. */
TARGET INLINE void NAME(tile)(const int rows, const Number *q, int64_t q_stride, const Number *w,
                              const int32_t *offset, int n, const float *scale, int blocks,
                              Floats sum[ROWS][VECTORS]) {
    Ints acc[ROWS][VECTORS];
    (void)offset;
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int j = 0; j < VECTORS; j++) acc[r][j] = START(offset + j * LANES);
    }
    for (int i = 0; i < n; i += STEP) {
        Ints b[VECTORS];
        UNROLL for (int j = 0; j < VECTORS; j++) b[j] = LOAD(w + i * PANEL + j * LANES * STEP);
        UNROLL for (int r = 0; r < rows; r++) {
            const Ints x = SPREAD(q + r * q_stride + i);
            UNROLL for (int j = 0; j < VECTORS; j++) MULTIPLY(acc[r][j], x, b[j]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        const Floats s = SET(scale[r * blocks]);
        UNROLL for (int j = 0; j < VECTORS; j++) {
            sum[r][j] = MUL_ADD(CONVERT(acc[r][j]), s, sum[r][j]);
        }
    }
}

#define TILE(rows_)                                                                               \
    case rows_:                                                                                   \
        NAME(tile)                                                                                \
        (rows_, q + at, a->q_stride, w + (int64_t)at * PANEL, offset, n, scale + k, blocks, sum); \
        break

/* Outputs `column`, counted from a->first, and up to VECTORS * LANES - 1 more of some rows. */
TARGET static void NAME(columns)(const ProductArgs *a, int row, int rows, int column) {
    const Linear *l = a->l;
    const int blocks = int8_blocks(l->in), in4 = (l->in + 3) / 4 * 4, output = a->first + column;
    const Number *q = ROW(a) + (int64_t)row * a->q_stride;
    const Number *w = (const Number *)l->weight + (int64_t)(output / PANEL * PANEL) * in4 +
                      output % PANEL * STEP;
    const float *scale = a->scale + (int64_t)row * blocks;
    Floats sum[ROWS][VECTORS];
    float y[VECTORS * LANES];
    memset(sum, 0, sizeof sum);
    for (int k = 0; k < blocks; k++) {
        const int at = k * INT8_BLOCK, n = in4 - at < INT8_BLOCK ? in4 - at : INT8_BLOCK;
        const int32_t *offset = l->offset + (int64_t)k * linear_padded(l->out) + output;
        switch (rows) {
            TILE(1);
            TILE(2);
            TILE(3);
            TILE(4);
            TILE(5);
            TILE(6);
        }
    }
    const int count = a->count - column < VECTORS * LANES ? a->count - column : VECTORS * LANES;
    for (int r = 0; r < rows; r++) {
        float *to = a->y + (int64_t)(row + r) * a->y_stride + column;
        for (int j = 0; j < VECTORS; j++) STORE(y + j * LANES, sum[r][j]);
        for (int o = 0; o < count; o++) to[o] = int8_output(y[o], l->scale[output + o]);
    }
}
#undef TILE

TARGET static void NAME(product)(const ProductArgs *a) {
    for (int column = 0; column < a->count; column += VECTORS * LANES)
        for (int row = 0; row < a->rows; row += ROWS)
            NAME(columns)(a, row, a->rows - row < ROWS ? a->rows - row : ROWS, column);
}

#undef NAME
#undef TARGET
#undef Ints
#undef Floats
#undef LANES
#undef VECTORS
#undef Number
#undef STEP
#undef PANEL
#undef ROW
#undef START
#undef LOAD
#undef SPREAD
#undef MULTIPLY
#undef CONVERT
#undef SET
#undef MUL_ADD
#undef STORE
