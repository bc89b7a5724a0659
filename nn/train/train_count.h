/* nn/train/train_count.h - the end of a step: whether it is sound, and the numbers of its update.
 *
 * One item. Reads the sums over rows and the squared norm of the gradient; writes the counters, the
 * report, and the numbers that adamw_one needs. */
#ifndef NN_TRAIN_TRAIN_COUNT_H
#define NN_TRAIN_TRAIN_COUNT_H

#include "device/core/real.h"
#include "nn/ops/adamw.h"
#include "nn/ops/loss.h"
#include "nn/ops/square_sums.h"
#include "train.h"

typedef struct {
    const float *metrics; /* (LOSS_COUNT) sums over all rows of the step, of all processes */
    const float *squares; /* (chunks) from square_sums_one */
    const float *rates;   /* (steps) learning rates */
    TrainCounters *counters;
    TrainReport *reports; /* (steps) out */
    AdamwStep *step;      /* (1) out */
    int32_t *at;          /* (1) index of the step in this run: read, then incremented */
    TrainSettings settings;
    float scale; /* 1 / (rows of a step, over all processes) */
    int chunks;
} TrainCountArgs;

/* beta^t, in double since 1 - beta^t is small in the first steps. */
HD double train_power(double beta, int64_t t) {
    if (beta <= 0.0) return 0.0;
    const double x = (double)t * real_log_core(beta);
    return x < -200.0 ? 0.0 : real_exp_core(x);
}

HD bool train_is_finite(float x) { return x - x == 0.0f; }

/* Counts one more step, `bad` or not, and stops the run after one bad step too many. */
HD void train_counters_add(TrainCounters *c, bool bad) {
    c->steps++;
    c->last[1] = (c->last[1] << 1 | c->last[0] >> 63) & ((1ull << (TRAIN_LAST - 64)) - 1);
    c->last[0] = c->last[0] << 1 | (bad ? 1u : 0u);
    c->bad_in_a_row = bad ? c->bad_in_a_row + 1 : 0;
    if (bad)
        c->skipped++;
    else
        c->updates++;
    if (c->bad_in_a_row >= TRAIN_BAD_IN_A_ROW ||
        bits_count(c->last[0]) + bits_count(c->last[1]) >= TRAIN_BAD_OF_LAST)
        c->stopped = 1;
}

/* The numbers of update t, counted from 1. */
HD void train_adamw_step(const TrainSettings *settings, float rate, float norm, int64_t t,
                         AdamwStep *out) {
    const double mean = (1.0 + (double)t) / (10.0 + (double)t);
    const float clip = (float)settings->clip / (norm + 1e-6f);
    out->go = 1;
    out->shrink = clip < 1.0f ? clip : 1.0f;
    out->keep = (float)(1.0 - (double)rate * settings->decay);
    out->first = (float)(1.0 - settings->beta1);
    out->second = (float)(1.0 - settings->beta2);
    out->beta2 = (float)settings->beta2;
    out->epsilon = (float)settings->epsilon;
    out->rate = (float)((double)rate / (1.0 - train_power(settings->beta1, t)));
    out->root = sqrtf((float)(1.0 - train_power(settings->beta2, t)));
    out->ema = (float)(1.0 - (settings->ema < mean ? settings->ema : mean));
}

/* By a team of 1 or 32; `item` is 0. */
HD void train_count_one(const TrainCountArgs *a, int item, Team team) {
    float p[32];
    (void)item;
    for (int j = 0; j * team.width < 32; j++) p[j] = 0.0f;
    for (int i = 0; i < a->chunks; i += 32)
        for (int j = 0; j * team.width < 32; j++) {
            const int c = i + j * team.width + team.lane;
            if (c < a->chunks) p[j] = p[j] + a->squares[c];
        }
    const float norm = sqrtf(team_sum32(team, p));
    if (team.lane != 0) return;

    TrainReport report;
    report.policy_loss = a->metrics[LOSS_POLICY] * a->scale;
    report.value_loss = a->metrics[LOSS_VALUE] * a->scale;
    report.target_entropy = a->metrics[LOSS_ENTROPY] * a->scale;
    report.accuracy = a->metrics[LOSS_ACCURACY] * a->scale;
    report.gradient_norm = norm;
    report.rate = a->rates[*a->at];
    report.clipped = a->metrics[LOSS_CLIPPED] * a->scale;
    const bool bad = !train_is_finite(report.policy_loss) || !train_is_finite(report.value_loss) ||
                     !train_is_finite(norm);
    const bool stopped = a->counters->stopped != 0;
    report.skipped = bad || stopped;
    a->step->go = 0;
    if (!stopped) train_counters_add(a->counters, bad);
    if (!stopped && !bad)
        train_adamw_step(&a->settings, report.rate, norm, a->counters->updates, a->step);
    a->reports[*a->at] = report;
    *a->at = *a->at + 1;
}

#endif
