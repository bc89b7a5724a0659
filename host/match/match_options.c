/* host/match/match_options.c - the table of options, their defaults, and what they mean
 * together. */
#include "match_options.h"

#include <errno.h>
#include <stdlib.h>

#include "host/options/network_options.h"

static const char *const rules_names[] = {"blob", "oh-hell", NULL};
static const char *const format_names[] = {"round", "full", NULL};
static const char *const budget_names[] = {"light", "medium", "heavy", NULL};

static void budget_preset(void *options, int choice) {
    MatchOptions *o = options;
    o->worlds = selfplay_budgets[choice].worlds;
    o->simulations = selfplay_budgets[choice].simulations;
}

#define AT(field) offsetof(MatchOptions, field)
#define SEED_MAX  9007199254740991.0 /* 2^53 - 1: exact in JSON */

static const Option match_options[] = {
    {"deals", "N", "deals, two games each; with --margin the most of them (1000)", OPTION_INT64,
     AT(deals), 1, 1e9, NULL, NULL, 0},
    {"margin", "X",
     "ends the match as soon as a sequential test tells whether A is ahead by X points a round, or "
     "not at all; 0: all deals are played (0)",
     OPTION_REAL, AT(margin), 0, 1000, NULL, NULL, 0},
    {"block", "N", "deals between two looks at the result (256)", OPTION_INT, AT(block), 1, 1048576,
     NULL, NULL, 0},
    {"seed", "N", "same seed, same deals (1)", OPTION_INT64, AT(seed), 0, SEED_MAX, NULL, NULL, 0},
    {"players", "LIST", "seats, one number or a mix: 4:0.15,5:0.85 (4)", OPTION_TEXT, AT(players),
     0, 0, NULL, NULL, 0},
    {"cards", "LIST", "cards dealt to each, or a mix; of the first round with --format full (5)",
     OPTION_TEXT, AT(cards), 0, 0, NULL, NULL, 0},
    {"rules", "NAME", "blob, or oh-hell as in OpenSpiel (blob)", OPTION_CHOICE, AT(rules), 0, 0,
     rules_names, NULL, 0},
    {"points", "N", "oh-hell: points a trick (1)", OPTION_INT, AT(points), 0, 255, NULL, NULL, 0},
    {"penalty", NULL, "oh-hell: a missed bid costs points a trick off", OPTION_FLAG, AT(penalty), 0,
     0, NULL, NULL, 0},
    {"format", "NAME", "round: a game is one round; full: the whole sequence (round)",
     OPTION_CHOICE, AT(format), 0, 0, format_names, NULL, 0},
    {"budget", "NAME", "light 2x20, medium 3x30, heavy 5x50 worlds x simulations (medium)",
     OPTION_PRESET, 0, 0, 0, budget_names, budget_preset, 0},
    {"worlds", "W", "deals that a network's search draws for each decision (3)", OPTION_INT,
     AT(worlds), 1, 255, NULL, NULL, 0},
    {"simulations", "S", "descents in each of its trees (30)", OPTION_INT, AT(simulations), 1,
     SEARCH_MAX_SIMULATIONS, NULL, NULL, 0},
    {"leaves", "K", "descents of a tree before its rows are evaluated together (1)", OPTION_INT,
     AT(leaves), 1, SEARCH_MAX_LEAVES, NULL, NULL, 0},
    {"c-puct", "X", "exploration (1.5)", OPTION_REAL, AT(c_puct), 1e-6, 1000, NULL, NULL, 0},
    {"fpu", "X", "first-play urgency: what an untried edge lacks (0.1)", OPTION_REAL, AT(fpu), 0,
     1000, NULL, NULL, 0},
    {"precision", "NAME", NETWORK_PRECISION_HELP, OPTION_CHOICE, AT(precision), 0, 0,
     network_precision_words, NULL, 0},
    {"network", "NAME", NETWORK_WAY_HELP, OPTION_CHOICE, AT(network), 0, 0, network_words, NULL, 0},
    {"device", "NAME", "auto, cuda, cpu (auto)", OPTION_TEXT, AT(device), 0, 0, NULL, NULL, 0},
    {"parallel", "G", "games live at once; changes no result (what fills the device)", OPTION_INT,
     AT(parallel), 1, 1048576, NULL, NULL, 0},
    {"waves", "N", "waves between two looks of the host (simulations + 1)", OPTION_INT, AT(waves),
     1, 65536, NULL, NULL, 0},
    {"no-graph", NULL, "cuda: launch kernels one by one", OPTION_FLAG, AT(no_graph), 0, 0, NULL,
     NULL, 0},
    {"threads", "N", "CPU threads (all)", OPTION_INT, AT(threads), 1, 4096, NULL, NULL, 0},
    {"json", "FILE", "writes the result there as one JSON object", OPTION_TEXT, AT(json), 0, 0,
     NULL, NULL, 0},
    {"quiet", NULL, "no progress and no heading, only the line of the result", OPTION_FLAG,
     AT(quiet), 0, 0, NULL, NULL, 0},
    {NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};

const OptionTable match_option_table = {
    "blob-arena",
    "Lets two players of Blob (Oh Hell) play the same deals and says which one scores more.\v"
    "A and B are each one of\n"
    "  FILE      the weights of a network, as blob-train writes them\n"
    "  net:SEED  a network with random weights of that seed\n"
    "  rule      bids by its high cards and trumps, plays to reach the bid, then ducks\n"
    "  random    any legal move\n\n"
    "  blob-arena run/best.safetensors rule --deals 2000\n"
    "  blob-arena new.safetensors old.safetensors --players 3:1,4:2 --cards 3,4,5\n"
    "  blob-arena new.safetensors old.safetensors --deals 20000 --margin 0.2\n\n"
    "Every deal is played twice with the sides' seats swapped; seats alternate between A and B. "
    "Points are a round's, of a seat. The interval holds the true difference in 95 of 100 matches "
    "of a fixed number of deals; with --margin the match ends when the sequential test accepts "
    "(difference >= X) or rejects (<= 0) with 5% error either way, and the interval is a "
    "description only. Networks move by their best move, with search and without noise; both must "
    "have the same shape. Exit status: 0 played, whoever won; 1 failed; 2 an option, or what it "
    "names, was refused.",
    "A B", match_options};

MatchOptions match_options_default(void) {
    const SelfplayConfig c = selfplay_config_default();
    MatchOptions o;
    memset(&o, 0, sizeof o);
    o.deals = 1000;
    o.block = 256;
    o.seed = (int64_t)c.set.seed;
    o.players = "4";
    o.cards = "5";
    o.points = 1;
    o.worlds = c.worlds;
    o.simulations = c.simulations;
    o.leaves = c.leaves;
    o.c_puct = c.c_puct;
    o.fpu = c.fpu;
    o.device = "auto";
    return o;
}

Status match_options_check(const MatchOptions *o, TableMix *mix) {
    if (o->rules == RULES_BLOB && (o->points != 1 || o->penalty)) {
        fprintf(stderr, "--points, --penalty: only with --rules oh-hell\n");
        return STATUS_INPUT;
    }
    if ((int64_t)o->worlds * o->simulations > UINT16_MAX) {
        fprintf(stderr, "--simulations %d: with --worlds %d the visits reach %lld; at most 65535\n",
                o->simulations, o->worlds, (long long)o->worlds * o->simulations);
        return STATUS_INPUT;
    }
    return table_mix_parse(o->players, o->cards, o->rules, mix);
}

MatchConfig match_options_config(const MatchOptions *o, const TableMix *mix) {
    MatchConfig config;
    memset(&config, 0, sizeof config);
    SelfplayConfig *c = &config.base;
    *c = selfplay_config_default();
    c->rules.variant = (uint8_t)o->rules;
    c->rules.players = (uint8_t)mix->most_players;
    c->rules.points = (uint8_t)(o->rules == RULES_OH_HELL ? o->points : 0);
    c->rules.penalty = (uint8_t)(o->rules == RULES_OH_HELL && o->penalty);
    c->set.seed = (uint64_t)o->seed;
    c->set.cards = mix->most_cards;
    c->set.full = o->format;
    c->set.table_count = mix->count;
    memcpy(c->set.tables, mix->tables, sizeof c->set.tables);
    c->parallel = o->parallel;
    c->worlds = o->worlds;
    c->simulations = o->simulations;
    c->leaves = o->leaves;
    c->waves = o->waves ? o->waves : o->simulations + 1;
    c->c_puct = o->c_puct;
    c->fpu = o->fpu;
    c->graph = !o->no_graph;
    config.most_deals = o->deals;
    config.block = o->block;
    config.margin = o->margin;
    return config;
}

Status match_player_parse(const char *word, MatchPlayer *out) {
    char *end = NULL;
    memset(out, 0, sizeof *out);
    out->kind = PLAYER_NET;
    if (strcmp(word, "random") == 0) {
        out->kind = PLAYER_RANDOM;
    } else if (strcmp(word, "rule") == 0) {
        out->kind = PLAYER_RULE;
    } else if (strncmp(word, "net:", 4) == 0) {
        errno = 0;
        long long seed = strtoll(word + 4, &end, 10);
        bool plain = word[4] >= '0' && word[4] <= '9';
        if (!plain || *end || errno || (double)seed > SEED_MAX) {
            fprintf(stderr, "%s: the seed must be a whole number in 0..%.0f\n", word, SEED_MAX);
            return STATUS_INPUT;
        }
        out->seed = (uint64_t)seed;
    } else {
        out->file = word;
    }
    return STATUS_OK;
}
