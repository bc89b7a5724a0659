/* host/run/selfplay_options.c - the table of options, defaults, checks. */
#include "selfplay_options.h"

static const char *const trump_names[] = {"drawn", "S", "H", "C", "D", "N", NULL};
static const char *const evaluator_names[] = {"net", "uniform", "hash", NULL};

#define AT(field) offsetof(SelfplayOptions, field)
#define PLAY      AT(play)

/* clang-format off */
static const Option selfplay_options[] = {
    OPTION_GROUP("Output:"),
    {.name = "games", .arg = "N", .kind = OPTION_INT64, .offset = AT(games), .min = 1, .max = 1e12,
     .help = "games in total; a run that is started again plays what is missing (4096)"},
    {.name = "out", .arg = "DIR", .kind = OPTION_TEXT, .offset = AT(out),
     .help = "folder of the games; created, or resumed if it holds this run (games)"},
    OPTION_GROUP("Games:"),
    PLAY_SEED_ROW(PLAY, "the same seed plays the same games, byte for byte (1)"),
    {.name = "players", .arg = "P", .kind = OPTION_INT, .offset = AT(players), .min = 2, .max = 8,
     .decides = 1,
     .help = "players at a table: 2..8; oh-hell: 3..7 (4)"},
    {.name = "cards", .arg = "T", .kind = OPTION_INT, .offset = AT(cards), .min = 1,
     .max = MAX_HAND, .decides = 1,
     .help = "cards dealt to each player; with --format full, in the first round (5)"},
    PLAY_RULES_ROWS(PLAY),
    PLAY_FORMAT_ROW(PLAY, "round"),
    {.name = "trump", .arg = "SUIT", .kind = OPTION_CHOICE, .offset = AT(trump),
     .choices = trump_names, .decides = 1,
     .help = "trump of the first round: S, H, C, D, N (none), drawn (drawn)"},
    {.name = "dealer", .arg = "SEAT", .kind = OPTION_INT, .offset = AT(dealer), .min = -1,
     .max = 7, .decides = 1,
     .help = "dealer of the first round, counted from 0; -1: drawn (-1)"},
    OPTION_GROUP("Search:"),
    PLAY_BUDGET_ROWS(PLAY),
    PLAY_SEARCH_ROWS(PLAY),
    OPTION_GROUP("Exploration:"),
    PLAY_MOVE_ROWS(PLAY),
    OPTION_GROUP("Network:"),
    {.name = "evaluator", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(evaluator),
     .choices = evaluator_names, .decides = 1,
     .help = "what evaluates positions: net; uniform or hash, which need no network (net)"},
    {.name = "weights", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(weights),
     .help = "safetensors file with PyTorch's names (a random network)"},
    {.name = "weights-seed", .arg = "N", .kind = OPTION_INT64, .offset = AT(weights_seed),
     .min = 0, .max = OPTION_SEED_MAX,
     .help = "seed of the random network (1)"},
    PLAY_NETWORK_ROWS(PLAY, "precision", ""),
    OPTION_GROUP("Device and output:"),
    {.name = "trace", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(timeline),
     .writes = 1,
     .help = "writes a time line of the first 48 epochs, at most 64 MiB, for Perfetto or "
             "chrome://tracing"},
    PLAY_DEVICE_ROWS(PLAY, "prints the summary only, no progress"),
    {.name = NULL}};
/* clang-format on */

const OptionTable selfplay_option_table = {
    .program = "blob-gpu-selfplay",
    .about =
        "Plays Blob (Oh Hell) against itself with batched tree search and a network, and writes "
        "every game as training data.\v"
        "  blob-gpu-selfplay --games 4096\n"
        "  blob-gpu-selfplay --games 100000 --players 5 --cards 7 --budget light --out big\n\n"
        "Defaults are in parentheses. The folder of --out receives shards of 4,096 games, "
        "games-NNNNNN.safetensors, beside run.json and metrics.jsonl. Stop at any time with "
        "Ctrl-C: the same command resumes the run, which ends in the same bytes. blob-records "
        "checks and exports the folder. " NETWORK_ISA_HELP
        "Exit status: 0 finished or stopped, 1 failed, 2 an option "
        "or a file that it names was refused.",
    .options = selfplay_options};

SelfplayOptions selfplay_options_default(void) {
    const SelfplayConfig c = selfplay_config_default();
    SelfplayOptions o;
    memset(&o, 0, sizeof o);
    o.games = 4096;
    play_options_default(&o.play);
    o.weights_seed = 1;
    o.players = c.rules.players;
    o.cards = c.settings.cards;
    o.dealer = c.settings.dealer;
    o.out = "games";
    return o;
}

static Status refuse(const char *text) {
    fprintf(stderr, "%s\n", text);
    return STATUS_INPUT;
}

Status selfplay_options_check(const SelfplayOptions *o) {
    char text[256];
    SelfplayConfig c = selfplay_options_config(o);
    int variant = o->play.rules;
    if (o->players < rules_min_players(variant) || o->players > rules_max_players(variant)) {
        snprintf(text, sizeof text, "--players %d: must be %d..%d with --rules %s", o->players,
                 rules_min_players(variant), rules_max_players(variant), play_rules_words[variant]);
        return refuse(text);
    }
    if (o->cards > round_max_cards(&c.rules)) {
        snprintf(text, sizeof text, "--cards %d: must be 1..%d with --players %d%s", o->cards,
                 round_max_cards(&c.rules), o->players,
                 variant == RULES_OH_HELL ? " and a card turned up" : "");
        return refuse(text);
    }
    if (variant == RULES_OH_HELL && o->trump != 0)
        return refuse("--trump: not with --rules oh-hell, where the card turned up decides");
    if (o->dealer >= o->players) {
        snprintf(text, sizeof text, "--dealer %d: must be -1..%d with --players %d", o->dealer,
                 o->players - 1, o->players);
        return refuse(text);
    }
    return play_options_check(&o->play);
}

SelfplayConfig selfplay_options_config(const SelfplayOptions *o) {
    SelfplayConfig c = play_options_config(&o->play);
    c.rules.players = (uint8_t)o->players;
    c.settings.cards = o->cards;
    c.settings.dealer = o->dealer;
    c.settings.trump = o->trump - 1; /* "drawn" is -1 */
    c.evaluator = (Evaluator)o->evaluator;
    return c;
}
