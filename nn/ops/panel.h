/* nn/ops/panel.h - sixteen floats in portable C, of which compilers make vectors: what a product
 * computes with where it has no instructions of its own. */
#ifndef NN_OPS_PANEL_H
#define NN_OPS_PANEL_H

#include "product_float32.h"

typedef struct {
    float lane[PRODUCT_PANEL];
} Panel;

#define PANEL_INLINE static inline __attribute__((always_inline))

PANEL_INLINE Panel panel_spread(float x) {
    Panel v;
    for (int i = 0; i < PRODUCT_PANEL; i++) v.lane[i] = x;
    return v;
}

PANEL_INLINE Panel panel_load(const float *p) {
    Panel v;
    memcpy(v.lane, p, sizeof v.lane);
    return v;
}

PANEL_INLINE Panel panel_fma(Panel x, Panel y, Panel sum) {
    for (int i = 0; i < PRODUCT_PANEL; i++) sum.lane[i] = fmaf(x.lane[i], y.lane[i], sum.lane[i]);
    return sum;
}

/* Two roundings, where panel_fma has one; without an instruction for it fmaf is a call. */
PANEL_INLINE Panel panel_mul_add(Panel x, Panel y, Panel sum) {
    for (int i = 0; i < PRODUCT_PANEL; i++) sum.lane[i] += x.lane[i] * y.lane[i];
    return sum;
}

#undef PANEL_INLINE

#endif
