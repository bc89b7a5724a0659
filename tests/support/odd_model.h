/* tests/support/odd_model.h - a small network whose sizes fill neither panels, tiles nor blocks. */
#ifndef TESTS_SUPPORT_ODD_MODEL_H
#define TESTS_SUPPORT_ODD_MODEL_H

#include "nn/config.h"

static const ModelConfig ODD = {.inputs = 64,
                                .width = 96,
                                .heads = 3,
                                .hidden = 160,
                                .layers = 2,
                                .policy_hidden = 50,
                                .actions = 52,
                                .value_hidden = 30,
                                .values = 3,
                                .value_head = VALUE_TANH};

#endif
