/* host/train/train_match.c - whether the averaged weights of an iteration beat the best so far. */
#include <string.h>

#include "host/process/signals.h"
#include "host/run/outlook.h"
#include "host/run/run_memory.h"
#include "host/match/match.h"
#include "train_run.h"

enum { BLOCK = 64 }; /* deals between checks of the sequential test */

typedef struct {
    Outlook outlook;
    Progress progress;
} Watch;

static bool go_on(void *context, const MatchResult *so_far) {
    Watch *w = (Watch *)context;
    progress_show(&w->progress, so_far->games,
                  outlook_share(&w->outlook, so_far->asked, so_far->games, so_far->live));
    return signals_asked() == 0;
}

/* Plays deals that no other match of the run plays, were there ever more of them. */
static Status play(TrainRun *run, MatchResult *result) {
    const TrainOptions *o = &run->options;
    ScheduleStage stage = train_setup_match(&run->setup, o, run->iteration);
    MatchConfig config;
    Watch watch;
    SelfplayBytes bytes;
    size_t free_bytes;
    memset(&config, 0, sizeof config);
    config.base = train_setup_play(&run->setup, o, run->iteration);
    config.base.worlds = stage.worlds;
    config.base.simulations = stage.simulations;
    config.base.waves = play_waves(stage.simulations);
    config.base.precision = run->play_precision;
    config.base.network = run->network;
    config.base.graph = !o->play.no_graph;
    config.kinds[MATCH_A] = config.kinds[MATCH_B] = PLAYER_NET;
    config.weights[MATCH_A] = &run->state.ema;
    config.weights[MATCH_B] = &run->best;
    config.first_deal = run->iteration *
                        train_change_most(run->changes, "arena_deals", o->match_deals);
    config.most_deals = o->match_deals;
    config.block = BLOCK;
    config.margin = o->match_margin;
    config.go_on = go_on;
    config.context = &watch;
    SelfplayConfig plan = match_selfplay(&config);
    TRY(run_memory_choose(&plan, 2 * BLOCK, run->device, &bytes, &free_bytes));
    config.base.parallel = plan.parallel;
    watch.outlook = outlook_begin(&plan, 2 * config.most_deals);
    watch.progress = progress_begin(o->play.quiet, 0, 2 * config.most_deals);
    watch.progress.unit = "games of the match";
    Status status = match_play(&config, run->device, result);
    progress_clear(&watch.progress);
    return status;
}

static void promote(TrainRun *run) {
    memcpy(run->best.data, run->state.ema.data, run->best.count * sizeof *run->best.data);
    run->best_checkpoint = run->iteration + 1;
}

Status train_match(TrainRun *run, TrainMatch *out, bool *stop) {
    MatchResult result;
    int64_t better = 0, asked = 0;
    memset(&result, 0, sizeof result);
    if (train_run_leads(run)) { /* the others wait: a match is short compared with an iteration */
        TRY(play(run, &result));
        better = result.verdict == PAIRED_ACCEPT;
        asked = signals_asked() > 0;
    }
    TRY(run->comm.ops->all_reduce_max(&run->comm, &asked));
    TRY(run->comm.ops->all_reduce_max(&run->comm, &better));
    *stop = asked > 0;
    if (*stop) return STATUS_OK;
    if (better) promote(run);
    snprintf(out->opponent, sizeof out->opponent, "best");
    snprintf(out->verdict, sizeof out->verdict, "%s",
             better                            ? "promoted"
             : result.verdict == PAIRED_REJECT ? "rejected"
                                               : "undecided");
    out->deals = result.deals;
    out->difference = result.stats.mean;
    out->low = result.stats.mean - result.half_width;
    out->high = result.stats.mean + result.half_width;
    return STATUS_OK;
}
