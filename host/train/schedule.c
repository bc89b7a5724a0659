/* host/train/schedule.c - the formulas of schedule.h, and the curriculum's text. */
#include "schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/search/tree.h"

static Status refuse(const char *text, const char *item, const char *reason) {
    fprintf(stderr, "--curriculum %s: %s%s%s\n", *text ? text : "''", item, *item ? ": " : "",
            reason);
    return STATUS_INPUT;
}

/* Reads digits, a number up to `most`, and moves *at past them. -1: there is no such number. */
static int read_count(const char **at, int most) {
    int value = 0, digits = 0;
    for (; **at >= '0' && **at <= '9' && value <= most; (*at)++, digits++)
        value = 10 * value + (**at - '0');
    return digits && value <= most ? value : -1;
}

/* Reads all of `item`: "3x35:300" or "3x35". */
static Status read_stage(const char *text, const char *item, ScheduleStage *out) {
    const char *at = item;
    out->worlds = read_count(&at, 255);
    int cross = *at == 'x';
    at += cross;
    out->simulations = cross ? read_count(&at, SEARCH_MAX_SIMULATIONS) : -1;
    if (out->worlds < 1 || out->simulations < 1 || (*at && *at != ':'))
        return refuse(text, item, "must be WxS or WxS:UNTIL, worlds 1..255, simulations 1..65534");
    out->until = 0;
    if (!*at) return STATUS_OK;
    at++;
    out->until = read_count(&at, 100000000);
    if (out->until < 1 || *at)
        return refuse(text, item, "':' must be followed by an iteration, 1..100000000");
    return STATUS_OK;
}

Status schedule_parse_curriculum(const char *text, Schedule *out) {
    char copy[SCHEDULE_TEXT];
    out->stage_count = 0;
    if (strlen(text) >= sizeof copy) return refuse("", "", "is longer than 1023 characters");
    snprintf(copy, sizeof copy, "%s", text);
    for (char *item = copy, *end; item; item = end) {
        end = strchr(item, ',');
        if (end) *end++ = 0;
        if (out->stage_count == SCHEDULE_STAGES_MAX)
            return refuse(text, "", "has more than 32 stages");
        ScheduleStage *stage = &out->stages[out->stage_count];
        TRY(read_stage(text, item, stage));
        if (end && !stage->until)
            return refuse(text, item, "only the last stage may leave out ':UNTIL'");
        if (stage->until && out->stage_count && stage->until <= stage[-1].until)
            return refuse(text, item, "must end after the stage before it");
        out->stage_count++;
    }
    return STATUS_OK;
}

void schedule_print_curriculum(const Schedule *s, char *text) {
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < s->stage_count && used < SCHEDULE_TEXT; i++) {
        const ScheduleStage *stage = &s->stages[i];
        used += (size_t)snprintf(text + used, SCHEDULE_TEXT - used, "%s%dx%d", i ? "," : "",
                                 stage->worlds, stage->simulations);
        if (i < s->stage_count - 1 && used < SCHEDULE_TEXT) /* the last one has no end */
            used += (size_t)snprintf(text + used, SCHEDULE_TEXT - used, ":%d", stage->until);
    }
}

ScheduleStage schedule_stage(const Schedule *s, int64_t iteration) {
    int i = 0;
    while (i < s->stage_count - 1 && iteration >= s->stages[i].until) i++;
    return s->stages[i];
}

double schedule_rate(const Schedule *s, int64_t iteration, int step, int steps, int64_t made) {
    double warm = made + 1 < s->warmup ? (double)(made + 1) / (double)s->warmup : 1;
    if (!s->cosine) return warm * s->rate;
    double progress = ((double)iteration + (double)step / steps) / (double)s->iterations;
    if (progress > 1) progress = 1;
    double share = (1 + cos(3.14159265358979323846 * progress)) / 2;
    return warm * (s->rate_min + (s->rate - s->rate_min) * share);
}

void schedule_rates(const Schedule *s, int64_t iteration, int first, int count, int steps,
                    int64_t made, float *rates) {
    for (int i = 0; i < count; i++)
        rates[i] = (float)schedule_rate(s, iteration, first + i, steps, made + i);
}

int schedule_steps(const Schedule *s, int64_t examples) {
    double each = (double)s->batch * s->accumulate;
    double steps = rint(s->epochs * (double)examples / each);
    return steps < 1 ? 1 : steps > 1e9 ? 1000000000 : (int)steps;
}

int64_t schedule_window_games(const Schedule *s, int64_t total) {
    double c = (double)s->window_min, a = s->window_exponent;
    if (total <= s->window_min) return total;
    double size = c * (1 + s->window_scale * (pow((double)total / c, a) - 1) / a);
    int64_t most = total < s->window_max ? total : s->window_max;
    return size >= (double)most ? most : (int64_t)rint(size);
}

int64_t schedule_window_first(const Schedule *s, int64_t iteration) {
    int64_t played = iteration + 1;
    int64_t whole = schedule_window_games(s, played * s->games) / s->games;
    return played - (whole < 1 ? 1 : whole);
}
