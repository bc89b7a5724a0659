/* nn/ops/product_float32_tile.h - the loops of the float32 product, compiled once for each
 * instruction set by product_float32.c, which defines
 *
 *   NAME(x)   x with the suffix of the set             TARGET   its attribute
 *   Vector    LANES floats                             SUMS     vectors that a tile may sum in
 *   ZERO()  SPREAD(x)  LOAD(p)  STORE(p, v)  FMA(x, y, sum)
 *   WIDE_1, WIDE_3, WIDE_6   panels of a tile with 1, up to 3, up to 6 rows */

/* c (rows, 16 * panels) from `depth` terms of each chain. b_k: floats from k to k + 1. Inlined with
 * constants for rows and panels, so that `sum` is registers: with sizes that vary it is memory, at
 * a third of the speed. */
TARGET INLINE void NAME(tile)(const int rows, const int panels, const int b_k, int depth,
                              const float *a, int64_t a_row, int64_t a_k, const float *b,
                              int64_t b_panel, float *c, int64_t c_row, bool add) {
    enum { EACH = PRODUCT_PANEL / LANES }; /* vectors of a panel */
    Vector sum[ROWS][SUMS], w[SUMS];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int j = 0; j < panels * EACH; j++) {
            sum[r][j] = add ? LOAD(c + r * c_row + j * LANES) : ZERO();
        }
    }
    for (int k = 0; k < depth; k++) {
        UNROLL for (int j = 0; j < panels * EACH; j++) {
            w[j] = LOAD(b + (j / EACH) * b_panel + (int64_t)k * b_k + j % EACH * LANES);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            const Vector x = SPREAD(a[r * a_row + k * a_k]);
            UNROLL for (int j = 0; j < panels * EACH; j++) sum[r][j] = FMA(x, w[j], sum[r][j]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int j = 0; j < panels * EACH; j++) STORE(c + r * c_row + j * LANES, sum[r][j]);
    }
}

#define TILE(ROWS_)                                                                               \
    case ROWS_:                                                                                   \
        if (ROWS_ * panels * PRODUCT_PANEL <= SUMS * LANES)                                       \
            NAME(tile)                                                                            \
            (ROWS_, panels, b_k, depth, a, p->a_row, p->a_k, b, (int64_t)PRODUCT_PANEL * p->k, c, \
             c_row, add);                                                                         \
        break

/* The same for any number of rows up to ROWS. */
TARGET INLINE void NAME(tile_of)(const ProductFloat32Args *p, int rows, const int panels,
                                 const int b_k, int depth, const float *a, const float *b, float *c,
                                 int64_t c_row, bool add) {
    switch (rows) {
        TILE(1);
        TILE(2);
        TILE(3);
        TILE(4);
        TILE(5);
        TILE(6);
    }
}
#undef TILE

/* All rows of `panels` whole panels from column n on, terms k .. k + depth - 1. */
TARGET INLINE void NAME(columns)(const ProductFloat32Args *p, const int panels, int n, int k,
                                 int depth) {
    const float *b = p->b + product_panel_at(p->k, p->n, k, n);
    for (int m = 0; m < p->m; m += ROWS)
        NAME(tile_of)
        (p, p->m - m < ROWS ? p->m - m : ROWS, panels, PRODUCT_PANEL, depth,
         p->a + m * p->a_row + k * p->a_k, b, p->c + m * p->c_row + n, p->c_row, p->add || k > 0);
}

/* The same for the last, narrower panel, by way of a whole one: what is read behind a row of b goes
 * into columns that are not copied. */
TARGET static void NAME(rest)(const ProductFloat32Args *p, int n, int k, int depth) {
    const int width = p->n - n;
    const float *b = p->b + product_panel_at(p->k, p->n, k, n);
    const bool add = p->add || k > 0;
    float whole[ROWS][PRODUCT_PANEL] = {{0}};
    for (int m = 0; m < p->m; m += ROWS) {
        const int rows = p->m - m < ROWS ? p->m - m : ROWS;
        float *c = p->c + m * p->c_row + n;
        for (int r = 0; add && r < rows; r++)
            memcpy(whole[r], c + r * p->c_row, (size_t)width * sizeof *c);
        NAME(tile_of)
        (p, rows, 1, width, depth, p->a + m * p->a_row + k * p->a_k, b, whole[0], PRODUCT_PANEL,
         add);
        for (int r = 0; r < rows; r++)
            memcpy(c + r * p->c_row, whole[r], (size_t)width * sizeof *c);
    }
}

TARGET static void NAME(product)(const ProductFloat32Args *p) {
    const int end = p->first + p->count, whole = p->n / PRODUCT_PANEL * PRODUCT_PANEL;
    const int widest = p->m == 1 ? WIDE_1 : p->m <= 3 ? WIDE_3 : WIDE_6;
    for (int k = 0; k < p->k; k += DEPTH) {
        const int depth = p->k - k < DEPTH ? p->k - k : DEPTH;
        for (int n = p->first; n < end;) {
            int panels = widest;
            while (panels > 1 && n + panels * PRODUCT_PANEL > (end < whole ? end : whole))
                panels /= 2;
            switch (n < whole ? panels : 0) {
            case 8: NAME(columns)(p, 8, n, k, depth); break;
            case 4: NAME(columns)(p, 4, n, k, depth); break;
            case 2: NAME(columns)(p, 2, n, k, depth); break;
            case 1: NAME(columns)(p, 1, n, k, depth); break;
            default: NAME(rest)(p, n, k, depth); break;
            }
            n += panels * PRODUCT_PANEL;
        }
    }
    if (p->k == 0 && !p->add)
        for (int m = 0; m < p->m; m++)
            memset(p->c + m * p->c_row + p->first, 0, (size_t)p->count * sizeof *p->c);
}

#undef NAME
#undef TARGET
#undef Vector
#undef LANES
#undef SUMS
#undef ZERO
#undef SPREAD
#undef LOAD
#undef STORE
#undef FMA
#undef WIDE_1
#undef WIDE_3
#undef WIDE_6
