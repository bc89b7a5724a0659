/* nn/train/train_state.c - the state of a trainer on the host: allocating and freeing it. */
#include "train.h"

Status train_state_alloc(TrainState *out, const ModelConfig *config) {
    memset(out, 0, sizeof *out);
    TRY(weights_alloc(&out->weights, config));
    TRY(weights_alloc(&out->ema, config));
    TRY(weights_alloc(&out->m, config));
    TRY(weights_alloc(&out->v, config));
    return STATUS_OK;
}

void train_state_free(TrainState *state) {
    weights_free(&state->weights);
    weights_free(&state->ema);
    weights_free(&state->m);
    weights_free(&state->v);
}
