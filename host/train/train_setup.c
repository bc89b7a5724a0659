/* host/train/train_setup.c - checks the options of train_options.h together and resolves them. */
#include <stdarg.h>
#include <string.h>

#include "train_options.h"

static Status refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
static Status refuse(const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "%s\n", text);
    return STATUS_INPUT;
}

static Status check_multiple(const char *name, int size) {
    if (size % 32 == 0) return STATUS_OK;
    return refuse("--%s %d: must be a multiple of 32", name, size);
}

static Status resolve_model(const TrainOptions *o, ModelConfig *model) {
    TRY(check_multiple("width", o->width));
    TRY(check_multiple("hidden", o->hidden));
    TRY(check_multiple("policy-hidden", o->policy_hidden));
    TRY(check_multiple("value-hidden", o->value_hidden));
    if (o->width % o->heads != 0)
        return refuse("--heads %d: must divide --width %d", o->heads, o->width);
    *model = model_config_default();
    model->width = o->width;
    model->heads = o->heads;
    model->hidden = o->hidden;
    model->layers = o->layers;
    model->policy_hidden = o->policy_hidden;
    model->value_hidden = o->value_hidden;
    size_t count = weights_parameter_count(model);
    if (count <= INT32_MAX) return STATUS_OK;
    return refuse("--width %d --hidden %d --layers %d: %zu parameters: must be at most %d",
                  o->width, o->hidden, o->layers, count, INT32_MAX);
}

static Status check_visits(const char *options, ScheduleStage stage) {
    if (play_visits_fit(stage.worlds, stage.simulations)) return STATUS_OK;
    return refuse("--%s %dx%d: %lld visits: must be at most %d", options, stage.worlds,
                  stage.simulations, (long long)stage.worlds * stage.simulations, PLAY_VISITS_MAX);
}

static ScheduleStage match_stage(const TrainOptions *o, ScheduleStage stage) {
    if (o->match_worlds) stage.worlds = o->match_worlds;
    if (o->match_simulations) stage.simulations = o->match_simulations;
    return stage;
}

static Status check_match(ScheduleStage stage) {
    if (stage.worlds > 1 && stage.simulations == 0)
        return refuse("--arena-worlds %d: needs --arena-simulations", stage.worlds);
    return check_visits("arena-worlds, --arena-simulations", stage);
}

static Status resolve_schedule(const TrainOptions *o, Schedule *s) {
    if (o->method == TRAIN_POLICY) {
        s->stage_count = 1;
        s->stages[0] = (ScheduleStage){.worlds = 1, .simulations = 0};
    } else {
        TRY(schedule_parse_curriculum(o->curriculum, s));
    }
    for (int i = 0; i < s->stage_count; i++) TRY(check_visits("curriculum", s->stages[i]));
    if (o->window_min > o->window_max)
        return refuse("--window-min %lld: must be at most --window-max %lld",
                      (long long)o->window_min, (long long)o->window_max);
    if (o->games > o->window_max)
        return refuse("--window-max %lld: must be at least --games %lld, one iteration",
                      (long long)o->window_max, (long long)o->games);
    if (o->rate_schedule && o->rate_min > o->rate)
        return refuse("--rate-min %g: must be at most --rate %g", o->rate_min, o->rate);
    s->iterations = o->iterations;
    s->rate = o->rate;
    s->rate_min = o->rate_min;
    s->cosine = o->rate_schedule;
    s->warmup = o->warmup;
    s->epochs = o->epochs;
    s->batch = o->batch;
    s->accumulate = o->accumulate;
    s->games = o->games;
    s->window_min = o->window_min;
    s->window_max = o->window_max;
    s->window_exponent = o->window_exponent;
    s->window_scale = o->window_scale;
    return STATUS_OK;
}

Status train_options_resolve(const TrainOptions *o, TrainSetup *out) {
    memset(out, 0, sizeof *out);
    if (o->change && o->fresh)
        return refuse("--change: not with --fresh, which begins a run of any options");
    TRY(play_options_check(&o->play));
    TRY(table_mix_parse(o->play.players, o->play.cards, o->play.rules, &out->mix));
    TRY(resolve_model(o, &out->model));
    TRY(resolve_schedule(o, &out->schedule));
    for (int i = 0; i < out->schedule.stage_count; i++)
        TRY(check_match(match_stage(o, out->schedule.stages[i])));
    if (o->method == TRAIN_POLICY && o->match_gate)
        return refuse(
            "--arena-gate: not with --method policy, whose games the latest weights play");
    out->settings = train_settings_default();
    out->settings.value_weight = o->value_weight;
    out->settings.beta1 = o->beta1;
    out->settings.beta2 = o->beta2;
    out->settings.decay = o->decay;
    out->settings.clip = o->clip;
    out->settings.ema = o->ema;
    if (o->method == TRAIN_POLICY) out->settings.ratio_clip = o->ratio_clip;
    out->settings.entropy_weight = o->entropy_weight;
    out->settings.advantage_scale = o->advantage_scale;
    out->play = play_options_config(&o->play);
    if (o->method == TRAIN_POLICY) {
        out->play.noise_weight = 0;
        out->play.settings.explore_decisions = MAX_ROUND_PLIES; /* all are drawn */
    }
    play_config_tables(&out->play, &out->mix);
    out->play.model = out->model;
    out->play = train_setup_play(out, o, 0);
    return STATUS_OK;
}

SelfplayConfig train_setup_play(const TrainSetup *setup, const TrainOptions *o, int64_t iteration) {
    SelfplayConfig c = setup->play;
    ScheduleStage stage = schedule_stage(&setup->schedule, iteration);
    c.worlds = stage.worlds;
    c.simulations = stage.simulations;
    c.waves = o->play.waves ? o->play.waves : play_waves(stage.simulations);
    return c;
}

ScheduleStage train_setup_match(const TrainSetup *setup, const TrainOptions *o, int64_t iteration) {
    return match_stage(o, schedule_stage(&setup->schedule, iteration));
}
