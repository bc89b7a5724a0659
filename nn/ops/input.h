/* nn/ops/input.h - converts one row of observations from bf16 to the precision of the network.
 *
 *   R  rows     C_in  inputs */
#ifndef NN_OPS_INPUT_H
#define NN_OPS_INPUT_H

#include "nn/element.h"

typedef struct {
    const void *rows;    /* (R, C_in) observations, bf16 */
    void *out;           /* (R, C_in) elements */
    Precision precision; /* of out */
    int count, inputs;   /* R, C_in */
} InputArgs;

HD void input_one(const InputArgs *a, int r, Team team) {
    const int64_t at = (int64_t)r * a->inputs;
    TEAM_FOR(c, a->inputs, team)
    element_store(a->out, a->precision, at + c, element_load(a->rows, PRECISION_BF16, at + c));
}

#endif
