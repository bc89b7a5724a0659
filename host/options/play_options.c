/* host/options/play_options.c - defaults and checks of the shared options, and what they mean to
 * self-play. */
#include "play_options.h"

#include <assert.h>
#include <string.h>

#include "device/search/root.h"

const char *const play_rules_words[] = {"blob", "oh-hell", NULL};
const char *const play_format_words[] = {"round", "full", NULL};
const char *const play_power_words[] = {"best", "1", "2", "4", NULL};
const char *const play_budget_words[] = {"light", "medium", "heavy", NULL};
const int play_move_powers[] = {ROOT_BEST, 1, 2, 4};

enum { POWER_MAX = 4 };

void play_budget_apply(void *options, int budget) {
    PlayOptions *o = options;
    o->worlds = selfplay_budgets[budget].worlds;
    o->simulations = selfplay_budgets[budget].simulations;
}

void play_options_default(PlayOptions *o) {
    const SelfplayConfig c = selfplay_config_default();
    o->seed = (int64_t)c.settings.seed;
    o->points = 1;
    o->worlds = c.worlds;
    o->simulations = c.simulations;
    o->leaves = c.leaves;
    o->c_puct = c.c_puct;
    o->fpu = c.fpu;
    o->noise_weight = c.noise_weight;
    o->noise_alpha = (double)c.settings.noise_alpha;
    o->explore_decisions = c.settings.explore_decisions;
    while (play_move_powers[o->move_power] != c.settings.move_power) o->move_power++;
    o->device = "auto";
}

bool play_visits_fit(int worlds, int simulations) {
    assert(root_power_fits(PLAY_VISITS_MAX, POWER_MAX));
    return (int64_t)worlds * simulations <= PLAY_VISITS_MAX;
}

Status play_options_check(const PlayOptions *o) {
    if (o->rules == RULES_BLOB && (o->points != 1 || o->penalty)) {
        fprintf(stderr, "--points, --penalty: only with --rules oh-hell\n");
        return STATUS_INPUT;
    }
    if (o->simulations == 0 && o->worlds > 1) {
        fprintf(stderr, "--simulations 0: without search --worlds must be 1, not %d\n", o->worlds);
        return STATUS_INPUT;
    }
    if (play_visits_fit(o->worlds, o->simulations)) return STATUS_OK;
    fprintf(stderr, "--simulations %d: with --worlds %d the visits reach %lld; at most %d\n",
            o->simulations, o->worlds, (long long)o->worlds * o->simulations, PLAY_VISITS_MAX);
    return STATUS_INPUT;
}

int play_waves(int simulations) { return simulations > 0 ? simulations + 1 : 32; }

SelfplayConfig play_options_config(const PlayOptions *o) {
    SelfplayConfig c = selfplay_config_default();
    bool oh_hell = o->rules == RULES_OH_HELL;
    c.rules.variant = (uint8_t)o->rules;
    c.rules.points = (uint8_t)(oh_hell ? o->points : 0);
    c.rules.penalty = (uint8_t)(oh_hell && o->penalty);
    c.settings.seed = (uint64_t)o->seed;
    c.settings.full = o->format;
    c.settings.explore_decisions = o->explore_decisions;
    c.settings.move_power = play_move_powers[o->move_power];
    c.settings.noise_alpha = (float)o->noise_alpha;
    c.parallel = o->parallel;
    c.worlds = o->worlds;
    c.simulations = o->simulations;
    c.leaves = o->leaves;
    c.waves = o->waves ? o->waves : play_waves(o->simulations);
    c.paced = o->waves == 0;
    c.c_puct = o->c_puct;
    c.fpu = o->fpu;
    c.noise_weight = o->noise_weight;
    c.graph = !o->no_graph;
    return c;
}

void play_config_tables(SelfplayConfig *c, const TableMix *mix) {
    c->rules.players = (uint8_t)mix->most_players;
    c->settings.cards = mix->most_cards;
    c->settings.table_count = mix->count;
    memcpy(c->settings.tables, mix->tables, sizeof c->settings.tables);
}

/* By rebuilding the object: cJSON_InsertItemInArray of Debian's 1.7.15 refuses every item that has
 * been detached. */
void play_options_identity(const OptionTable *table, const void *options, const char *after_search,
                           cJSON *identity) {
    options_identity(table, options, identity);
    cJSON *item = cJSON_GetObjectItemCaseSensitive(identity, after_search), *next;
    const cJSON *search = cJSON_AddStringToObject(identity, "search", "puct");
    for (; search && item && item != search; item = next) {
        next = item->next;
        cJSON_AddItemToArray(identity, cJSON_DetachItemViaPointer(identity, item));
    }
}
