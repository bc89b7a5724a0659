/* host/match/match_options.c - the table of options, their defaults, and what they mean
 * together. */
#include "match_options.h"

#include <errno.h>
#include <stdlib.h>

#define AT(field) offsetof(MatchOptions, field)
#define PLAY      AT(play)

/* clang-format off */
static const Option match_options[] = {
    {.name = "deals", .arg = "N", .kind = OPTION_INT64, .offset = AT(deals), .min = 1, .max = 1e9,
     .help = "deals, two games each; with --margin the most of them (1000)"},
    {.name = "margin", .arg = "X", .kind = OPTION_REAL, .offset = AT(margin), .min = 0,
     .max = 1000,
     .help = "ends the match as soon as a sequential test tells whether A is ahead by X points a "
             "round, or not at all; 0: all deals are played (0)"},
    {.name = "block", .arg = "N", .kind = OPTION_INT, .offset = AT(block), .min = 1,
     .max = 1048576,
     .help = "deals between two looks at the result (256)"},
    PLAY_SEED_ROW(PLAY, "same seed, same deals (1)"),
    PLAY_TABLE_ROWS(PLAY,
                    "seats, one number or a mix: 4:0.15,5:0.85 (4)",

                    "cards dealt to each, or a mix; of the first round with --format full (5)"),
    PLAY_RULES_ROWS(PLAY),
    PLAY_FORMAT_ROW(PLAY, "round"),
    PLAY_BUDGET_ROWS(PLAY),
    PLAY_SEARCH_ROWS(PLAY),
    PLAY_NETWORK_ROWS(PLAY, "precision", ""),
    {.name = "json", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(json),
     .help = "writes the result there as one JSON object"},
    PLAY_DEVICE_ROWS(PLAY, "no progress and no heading, only the line of the result"),
    {.name = NULL}};
/* clang-format on */

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
    MatchOptions o;
    memset(&o, 0, sizeof o);
    play_options_default(&o.play);
    o.play.players = "4";
    o.play.cards = "5";
    o.deals = 1000;
    o.block = 256;
    return o;
}

Status match_options_check(const MatchOptions *o, TableMix *mix) {
    TRY(play_options_check(&o->play));
    return table_mix_parse(o->play.players, o->play.cards, o->play.rules, mix);
}

MatchConfig match_options_config(const MatchOptions *o, const TableMix *mix) {
    MatchConfig config;
    memset(&config, 0, sizeof config);
    config.base = play_options_config(&o->play);
    play_config_tables(&config.base, mix);
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
        if (!plain || *end || errno || (double)seed > OPTION_SEED_MAX) {
            fprintf(stderr, "%s: the seed must be a whole number in 0..%.0f\n", word,
                    OPTION_SEED_MAX);
            return STATUS_INPUT;
        }
        out->seed = (uint64_t)seed;
    } else {
        out->file = word;
    }
    return STATUS_OK;
}
