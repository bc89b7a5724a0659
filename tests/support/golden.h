/* tests/support/golden.h - the golden outputs of scripts/golden.py, and the weights behind them. */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include <stdlib.h>
#include <string.h>

#include "device/core/rng.h"
#include "nn/weights.h"
#include "check.h"

typedef struct {
    int rows, inputs, actions, values;
    float *x;               /* (rows, inputs), owned */
    double *logits, *value; /* (rows, actions), (rows, values), owned */
} Golden;

/* The formula of golden_tensor() in scripts/golden.py. */
static inline void golden_fill(Weights *w) {
    for (int t = 0; t < weights_tensor_count(&w->config); t++) {
        WeightTensor tensor = weights_tensor(&w->config, t);
        size_t end = strlen(tensor.name);
        int gain = strstr(tensor.name, "norm") && strcmp(tensor.name + end - 6, "weight") == 0;
        for (size_t i = 0; i < tensor.count; i++) {
            int k = (int)(splitmix64((uint64_t)t << 32 | i) >> 48) - 32768;
            w->data[tensor.offset + i] = (gain ? 1.0f : 0.0f) + (float)k / 524288;
        }
    }
}

static inline int golden_read(Golden *g, const char *folder, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    memset(g, 0, sizeof *g);
    if (!f) return 0;
    int ok = fscanf(f, "%d %d %d %d", &g->rows, &g->inputs, &g->actions, &g->values) == 4;
    if (ok) {
        size_t rows = (size_t)g->rows;
        g->x = (float *)calloc(rows * (size_t)g->inputs, sizeof *g->x);
        g->logits = (double *)calloc(rows * (size_t)g->actions, sizeof *g->logits);
        g->value = (double *)calloc(rows * (size_t)g->values, sizeof *g->value);
        ok = g->x && g->logits && g->value;
    }
    for (int r = 0; ok && r < g->rows; r++) {
        for (int i = 0; ok && i < g->inputs; i++)
            ok = fscanf(f, "%f", &g->x[r * g->inputs + i]) == 1;
        for (int i = 0; ok && i < g->actions; i++)
            ok = fscanf(f, "%lf", &g->logits[r * g->actions + i]) == 1;
        for (int i = 0; ok && i < g->values; i++)
            ok = fscanf(f, "%lf", &g->value[r * g->values + i]) == 1;
    }
    fclose(f);
    return ok;
}

static inline void golden_free(Golden *g) {
    free(g->x);
    free(g->logits);
    free(g->value);
}

/* The greatest |got - want|. */
static inline double golden_distance(const float *got, const double *want, size_t n) {
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)got[i] - want[i];
        if (d < 0) d = -d;
        if (!(d <= worst)) worst = d == d ? d : 1e30;
    }
    return worst;
}

#endif
