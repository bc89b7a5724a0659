/* host/train/schedule.h - how rate, search, window and steps change over a run.
 *
 * Pure functions. Iterations count from 0, and so do the steps of each; checkpoint n is the state
 * after n iterations.
 *
 *   progress = (iteration + step / steps) / iterations, at most 1
 *   rate     = warm * rate                                                       constant
 *   rate     = warm * (rate_min + (rate - rate_min) * (1 + cos(pi * progress)) / 2)   cosine
 *   warm     = min(1, (t + 1) / warmup)       t: steps since the run began
 *   window   = c * (1 + scale * ((n / c)^exponent - 1) / exponent)   games of the n played so far,
 *              within [c, window_max] and at most n; c = window_min
 *
 * The window is KataGo's (Wu, Accelerating Self-Play Learning in Go, 2019, appendix C: c 250,000,
 * exponent 0.75, scale 0.4). It grows like a power of n, with the slope `scale` where it begins. */
#ifndef HOST_TRAIN_SCHEDULE_H
#define HOST_TRAIN_SCHEDULE_H

#include <stdint.h>

#include "device/core/status.h"

typedef struct {
    int until;               /* the first iteration after it; the last stage never ends */
    int worlds, simulations; /* W 1..255, S */
} ScheduleStage;

enum { SCHEDULE_STAGES_MAX = 32, SCHEDULE_TEXT = 1024 };

typedef struct {
    int64_t iterations;
    double rate, rate_min;
    int cosine;                           /* 1: cosine, 0: constant */
    int64_t warmup;                       /* steps; 0: none */
    double epochs;                        /* passes over an iteration's new examples */
    int batch, accumulate;                /* examples per batch, batches per step */
    int64_t games;                        /* per iteration */
    int64_t window_min, window_max;       /* games; games <= window_max, window_min <= window_max */
    double window_exponent, window_scale; /* (0, 1], >= 0 */
    int stage_count;
    ScheduleStage stages[SCHEDULE_STAGES_MAX]; /* (stage_count) ascending by `until` */
} Schedule;

/* Fills stages from "1x15:50,2x25:150,5x50": worlds x simulations : until; the last `until` may be
 * left out. STATUS_INPUT: refused, one line says why. */
Status schedule_parse_curriculum(const char *text, Schedule *out);

/* The stages in canonical spelling; text (SCHEDULE_TEXT). */
void schedule_print_curriculum(const Schedule *s, char *text);

ScheduleStage schedule_stage(const Schedule *s, int64_t iteration);

/* The learning rate of step `step` of the `steps` of an iteration, `made` steps into the run. */
double schedule_rate(const Schedule *s, int64_t iteration, int step, int steps, int64_t made);

/* The same for steps first, first + 1, ..: rates (count). */
void schedule_rates(const Schedule *s, int64_t iteration, int first, int count, int steps,
                    int64_t made, float *rates);

/* Steps of an iteration with `examples` new examples: at least 1. */
int schedule_steps(const Schedule *s, int64_t examples);

/* Games in the window after `total` games, before rounding to whole iterations. */
int64_t schedule_window_games(const Schedule *s, int64_t total);

/* The first iteration of the window that iteration `iteration` trains on and ends: whole
 * iterations, at least one. Never falls as `iteration` grows. */
int64_t schedule_window_first(const Schedule *s, int64_t iteration);

#endif
