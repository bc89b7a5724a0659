/* host/match/match_options.c - the table of options, defaults, checks. */
#include "match_options.h"

#include "host/options/option_number.h"

#define AT(field) offsetof(MatchOptions, field)
#define PLAY      AT(play)

/* clang-format off */
static const Option match_options[] = {
    OPTION_GROUP("Match:"),
    {.name = "deals", .arg = "N", .kind = OPTION_INT64, .offset = AT(deals), .min = 1, .max = 1e9,
     .help = "deals, of two games each; with --margin, at most (1000)"},
    {.name = "margin", .arg = "X", .kind = OPTION_REAL, .offset = AT(margin), .min = 0,
     .max = 1000,
     .help = "a sequential test ends the match once it tells whether A is X points a round "
             "better or not better at all; 0: plays all deals (0)"},
    {.name = "block", .arg = "N", .kind = OPTION_INT, .offset = AT(block), .min = 1,
     .max = 1048576,
     .help = "deals between two looks at the result (256)"},
    PLAY_SEED_ROW(PLAY, "the same seed deals the same cards (1)"),
    OPTION_GROUP("Games:"),
    PLAY_TABLE_ROWS(PLAY,
                    "players at a table: a number, or a mix such as 4:0.15,5:0.85 (4)",

                    "cards dealt to each player, likewise; with --format full, in the first "
                    "round (5)"),
    PLAY_RULES_ROWS(PLAY),
    PLAY_FORMAT_ROW(PLAY, "round"),
    OPTION_GROUP("Search, of networks:"),
    PLAY_BUDGET_ROWS(PLAY),
    PLAY_SEARCH_ROWS(PLAY),
    OPTION_GROUP("Network:"),
    PLAY_NETWORK_ROWS(PLAY, "precision", ""),
    OPTION_GROUP("Device and output:"),
    {.name = "json", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(json),
     .writes = 1,
     .help = "also writes the result to this file, as a JSON object"},
    PLAY_DEVICE_ROWS(PLAY, "prints the line of the result only, no progress and no heading"),
    {.name = NULL}};
/* clang-format on */

const OptionTable match_option_table = {
    .program = "blob-arena",
    .about =
        "Lets two players of Blob (Oh Hell) play the same deals and tells which one scores more.\v"
        "A and B are each one of\n"
        "  FILE      a network's weights, as blob-train writes them\n"
        "  net:SEED  a network with random weights\n"
        "  rule      bids on high cards and trumps, plays for its bid, then ducks\n"
        "  random    any legal move\n"
        "  pimc:N    solves N guessed deals with open hands, takes the best mean; on the CPU "
        "alone\n"
        "  cheat:pimc    solves the true deal: a ceiling; on the CPU alone\n\n"
        "  blob-arena run/best.safetensors rule --deals 2000\n"
        "  blob-arena new.safetensors old.safetensors --players 3:1,4:2 --cards 3,4,5\n"
        "  blob-arena new.safetensors old.safetensors --deals 20000 --margin 0.2\n\n"
        "Defaults are in parentheses. A and B sit alternately; every deal is played twice, the "
        "second time with the seats swapped. Points are those of a seat in a round. Of matches "
        "with a fixed number of deals, 95 in 100 have the true difference in their interval. With "
        "--margin the match ends when the sequential test accepts (difference >= X) or rejects "
        "(<= 0) with 5% error either way; the interval then only describes what was seen. Networks "
        "search without noise and play the best move; both must have the same "
        "shape. " NETWORK_ISA_HELP "Exit status: "
        "0 played, whoever won; 1 failed; 2 an option or a file that it names was refused.",
    .files = "A B",
    .words = "rule random cheat:pimc",
    .options = match_options};

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

static Status refuse_number(const char *word, const char *what, double low, double high) {
    fprintf(stderr, "%s: the %s must be a whole number in %.0f..%.0f\n", word, what, low, high);
    return STATUS_INPUT;
}

Status match_player_parse(const char *word, MatchPlayer *out) {
    int64_t number;
    memset(out, 0, sizeof *out);
    out->kind = PLAYER_NET;
    if (strcmp(word, "random") == 0) {
        out->kind = PLAYER_RANDOM;
    } else if (strcmp(word, "rule") == 0) {
        out->kind = PLAYER_RULE;
    } else if (strncmp(word, "net:", 4) == 0) {
        if (!option_number_whole(word + 4, &number) || number < 0 ||
            (double)number > OPTION_SEED_MAX)
            return refuse_number(word, "seed", 0, OPTION_SEED_MAX);
        out->seed = (uint64_t)number;
    } else if (strncmp(word, "pimc:", 5) == 0) {
        if (!option_number_whole(word + 5, &number) || number < 1 || number > PIMC_WORLDS_MAX)
            return refuse_number(word, "number of worlds", 1, PIMC_WORLDS_MAX);
        out->kind = PLAYER_PIMC;
        out->worlds = (int)number;
    } else if (strcmp(word, "cheat:pimc") == 0) {
        out->kind = PLAYER_CHEAT;
    } else {
        out->file = word;
    }
    return STATUS_OK;
}
