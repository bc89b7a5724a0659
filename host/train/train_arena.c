/* host/train/train_arena.c - whether the averaged weights of an iteration beat the best so far. */
#include <string.h>

#include "host/match/arena.h"
#include "host/run/run_memory.h"
#include "host/process/signals.h"
#include "train_run.h"

enum { BLOCK = 64 }; /* deals between two looks at the sequential test */

static bool go_on(void *context, const ArenaResult *so_far) {
    (void)context;
    (void)so_far;
    return signals_asked() == 0;
}

/* Deals that no other arena of the run plays. */
static Status play(TrainRun *run, ArenaResult *result) {
    const TrainOptions *o = &run->options;
    ScheduleStage stage = train_setup_arena(&run->setup, o, run->iteration);
    ArenaConfig config;
    SelfplayBytes bytes;
    size_t free_bytes;
    memset(&config, 0, sizeof config);
    config.base = train_setup_play(&run->setup, o, run->iteration);
    config.base.worlds = stage.worlds;
    config.base.simulations = stage.simulations;
    config.base.waves = stage.simulations + 1;
    config.base.precision = run->play_precision;
    config.base.network = run->network;
    config.base.graph = !o->no_graph;
    config.kinds[ARENA_A] = config.kinds[ARENA_B] = PLAYER_NET;
    config.weights[ARENA_A] = &run->state.ema;
    config.weights[ARENA_B] = &run->best;
    config.first_deal = run->iteration * o->arena_deals;
    config.most_deals = o->arena_deals;
    config.block = BLOCK;
    config.margin = o->arena_margin;
    config.go_on = go_on;
    SelfplayConfig plan = arena_selfplay(&config);
    TRY(run_memory_choose(&plan, 2 * BLOCK, run->device, &bytes, &free_bytes));
    config.base.parallel = plan.parallel;
    TRY(arena_play(&config, run->device, result));
    return STATUS_OK;
}

static void promote(TrainRun *run) {
    memcpy(run->best.data, run->state.ema.data, run->best.count * sizeof *run->best.data);
    run->best_checkpoint = run->iteration + 1;
}

Status train_arena(TrainRun *run, TrainArena *out, bool *stop) {
    ArenaResult result;
    int64_t better = 0, asked = 0;
    memset(&result, 0, sizeof result);
    if (train_run_leads(run)) { /* the others wait: a match is short beside an iteration */
        TRY(play(run, &result));
        better = result.verdict == MATCH_ACCEPT;
        asked = signals_asked() > 0;
    }
    TRY(run->comm.ops->greatest(&run->comm, &asked));
    TRY(run->comm.ops->greatest(&run->comm, &better));
    *stop = asked > 0;
    if (*stop) return STATUS_OK;
    if (better) promote(run);
    snprintf(out->opponent, sizeof out->opponent, "best");
    snprintf(out->verdict, sizeof out->verdict, "%s",
             better                           ? "promoted"
             : result.verdict == MATCH_REJECT ? "rejected"
                                              : "undecided");
    out->deals = result.deals;
    out->difference = result.stats.mean;
    out->low = result.stats.mean - result.half_width;
    out->high = result.stats.mean + result.half_width;
    return STATUS_OK;
}
