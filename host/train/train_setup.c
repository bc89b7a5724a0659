/* host/train/train_setup.c - what the options of train_options.h mean together, checked. */
#include <stdarg.h>
#include <string.h>

#include "device/search/root.h"
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

/* What selfplay_options_check says of --worlds and --simulations, of a stage. */
static Status check_visits(const TrainOptions *o, const char *where, ScheduleStage stage) {
    int64_t visits = (int64_t)stage.worlds * stage.simulations;
    int power = train_move_powers[o->move_power];
    if (visits <= UINT16_MAX && root_power_fits((uint64_t)visits, power)) return STATUS_OK;
    return refuse("--%s %dx%d: %lld visits: must be at most 65535, and to the power of "
                  "--move-power below 2^64",
                  where, stage.worlds, stage.simulations, (long long)visits);
}

static ScheduleStage match_stage(const TrainOptions *o, ScheduleStage stage) {
    if (o->match_worlds) stage.worlds = o->match_worlds;
    if (o->match_simulations) stage.simulations = o->match_simulations;
    return stage;
}

static Status resolve_schedule(const TrainOptions *o, Schedule *s) {
    TRY(schedule_parse_curriculum(o->curriculum, s));
    for (int i = 0; i < s->stage_count; i++) TRY(check_visits(o, "curriculum", s->stages[i]));
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

static SelfplayConfig resolve_play(const TrainOptions *o, const TrainSetup *setup) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.variant = (uint8_t)o->rules;
    c.rules.players = (uint8_t)setup->mix.most_players;
    c.rules.points = (uint8_t)(o->rules == RULES_OH_HELL ? o->points : 0);
    c.rules.penalty = (uint8_t)(o->rules == RULES_OH_HELL && o->penalty);
    c.set.seed = (uint64_t)o->seed;
    c.set.cards = setup->mix.most_cards;
    c.set.full = o->format;
    c.set.explore_decisions = o->explore_decisions;
    c.set.move_power = train_move_powers[o->move_power];
    c.set.noise_alpha = (float)o->noise_alpha;
    c.set.table_count = setup->mix.count;
    memcpy(c.set.tables, setup->mix.tables, sizeof c.set.tables);
    c.parallel = o->parallel;
    c.leaves = o->leaves;
    c.c_puct = o->c_puct;
    c.fpu = o->fpu;
    c.noise_weight = o->noise_weight;
    c.graph = !o->no_graph;
    c.model = setup->model;
    return c;
}

Status train_options_resolve(const TrainOptions *o, TrainSetup *out) {
    memset(out, 0, sizeof *out);
    if (o->rules == RULES_BLOB && (o->points != 1 || o->penalty))
        return refuse("--points, --penalty: only with --rules oh-hell");
    TRY(table_mix_parse(o->players, o->cards, o->rules, &out->mix));
    TRY(resolve_model(o, &out->model));
    TRY(resolve_schedule(o, &out->schedule));
    for (int i = 0; i < out->schedule.stage_count; i++)
        TRY(check_visits(o, "arena-worlds, --arena-simulations",
                         match_stage(o, out->schedule.stages[i])));
    out->set = train_settings_default();
    out->set.value_weight = o->value_weight;
    out->set.beta1 = o->beta1;
    out->set.beta2 = o->beta2;
    out->set.decay = o->decay;
    out->set.clip = o->clip;
    out->set.ema = o->ema;
    out->play = resolve_play(o, out);
    out->play = train_setup_play(out, o, 0);
    return STATUS_OK;
}

SelfplayConfig train_setup_play(const TrainSetup *setup, const TrainOptions *o, int64_t iteration) {
    SelfplayConfig c = setup->play;
    ScheduleStage stage = schedule_stage(&setup->schedule, iteration);
    c.worlds = stage.worlds;
    c.simulations = stage.simulations;
    c.waves = o->waves ? o->waves : stage.simulations + 1;
    return c;
}

ScheduleStage train_setup_match(const TrainSetup *setup, const TrainOptions *o, int64_t iteration) {
    return match_stage(o, schedule_stage(&setup->schedule, iteration));
}
