/* nn/input.h - one row of observations in the precision of the network.
 *
 * Observations are bf16 numbers kept as float32, so nothing is lost.
 *
 *   R  rows     C_in  inputs */
#ifndef NN_INPUT_H
#define NN_INPUT_H

#include "bf16.h"

typedef struct {
    const float *rows;   /* (R, C_in) observations */
    void *out;           /* (R, C_in) elements */
    Precision precision; /* of out */
    int count, inputs;   /* R, C_in */
} InputArgs;

HD void input_one(const InputArgs *a, int r, Team team) {
    const int64_t at = (int64_t)r * a->inputs;
    TEAM_FOR(c, a->inputs, team) element_store(a->out, a->precision, at + c, a->rows[at + c]);
}

#endif
