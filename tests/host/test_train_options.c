/* tests/host/test_train_options.c - the options of blob-train: refusals, meaning, and which decide
 * a run. */
#include <sys/wait.h>

#include "host/train/train_change.h"
#include "host/train/train_options.h"
#include "tests/support/files.h"

/* Parses options given as one line. Its words live until the next call. */
static Status ask(const char *line, TrainOptions *o, TrainSetup *setup) {
    static char copy[4096], program[] = "blob-train";
    char *argv[64] = {program};
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word && argc < 63; word = strtok(NULL, " "))
        argv[argc++] = word;
    *o = train_options_default();
    TRY(options_parse(&train_option_table, argc, argv, o, NULL, 0, NULL));
    return train_options_resolve(o, setup);
}

/* The same in a process of its own, for the status only: the texts of a --config file are never
 * freed. */
static Status ask_apart(const char *line) {
    TrainOptions o;
    TrainSetup setup;
    int status = -1;
    pid_t child = fork();
    if (child == 0) _exit(ask(line, &o, &setup));
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return (Status)WEXITSTATUS(status);
}

static void options_override_presets_in_any_order(void) {
    TrainOptions o, plain;
    TrainSetup setup;
    CHECK(ask("", &plain, &setup) == STATUS_OK);
    CHECK(plain.iterations == 500 && plain.games == 10000 && plain.batch == 512);
    CHECK(plain.epochs == 10 && plain.width == 256 && plain.layers == 6 && plain.hidden == 1024);
    CHECK(setup.mix.count == 3 && setup.play.settings.full == 1 && setup.play.settings.cards == 7);
    CHECK(setup.play.rules.players == 6 && setup.play.worlds == 1 && setup.play.simulations == 15);
    ModelConfig full = model_config_default();
    CHECK(memcmp(&setup.model, &full, sizeof full) == 0);
    CHECK(ask("--preset reference", &o, &setup) == STATUS_OK && memcmp(&o, &plain, sizeof o) == 0);
    CHECK(ask("--games 77 --rate 0.5 --preset tiny --cards 6", &o, &setup) == STATUS_OK);
    CHECK(o.games == 77 && o.rate == 0.5 && o.iterations == 100 && strcmp(o.play.cards, "6") == 0);
    CHECK(setup.mix.count == 2 && setup.model.width == o.width && setup.play.settings.full == 0);
    CHECK(ask("--preset small", &o, &setup) == STATUS_OK && o.iterations == 100);
}

/* The default that --help states, in parentheses at the end, is the default. */
static void help_states_the_defaults(void) {
    TrainOptions o = train_options_default();
    int compared = 0;
    for (const Option *option = train_option_table.options; option->name; option++) {
        const char *open = strrchr(option->help, '('), *field = (const char *)&o + option->offset;
        char *end;
        double told = open ? strtod(open + 1, &end) : 0, real = 0;
        if (!open || end == open + 1 || strcmp(end, ")") != 0) continue;
        int whole;
        int64_t large;
        memcpy(&whole, field, sizeof whole);
        memcpy(&large, field, sizeof large);
        memcpy(&real, field, sizeof real);
        if (option->kind == OPTION_INT) real = whole;
        if (option->kind == OPTION_INT64) real = (double)large;
        if (option->kind == OPTION_TEXT || option->kind == OPTION_CHOICE) continue;
        CHECK(told == real);
        if (told != real) fprintf(stderr, "--%s: %g, --help says %g\n", option->name, real, told);
        compared++;
    }
    CHECK(compared >= 35);
}

static void mixes_are_the_product_of_two_lists(void) {
    TableMix m, other;
    CHECK(table_mix_parse("5:3,4:1", "7,5:1.0", RULES_BLOB, &m) == STATUS_OK && m.count == 4);
    static const int players[] = {4, 4, 5, 5}, cards[] = {5, 7, 5, 7};
    static const double weights[] = {0.125, 0.125, 0.375, 0.375};
    static const uint32_t upto[] = {0x20000000, 0x40000000, 0xA0000000, 0xFFFFFFFF};
    for (int i = 0; i < 4; i++) {
        CHECK(m.tables[i].players == players[i] && m.tables[i].cards == cards[i]);
        CHECK(m.weights[i] == weights[i] && m.tables[i].upto == upto[i]);
    }
    CHECK(m.most_players == 5 && m.most_cards == 7);
    CHECK(strcmp(m.players, "4:0.25,5:0.75") == 0 && strcmp(m.cards, "5:0.5,7:0.5") == 0);
    CHECK(table_mix_parse("4:10,5:3e1", "5:2,7:2", RULES_BLOB, &other) == STATUS_OK);
    CHECK(memcmp(&m, &other, sizeof m) == 0); /* the same mix in other words */
    CHECK(table_mix_parse(m.players, m.cards, RULES_BLOB, &other) == STATUS_OK);
    CHECK(memcmp(&m, &other, sizeof m) == 0);
    CHECK(table_mix_parse("8", "6", RULES_BLOB, &m) == STATUS_OK && m.count == 1);
    CHECK(m.weights[0] == 1 && strcmp(m.players, "8") == 0 && strcmp(m.cards, "6") == 0);
    CHECK(table_mix_parse("4:0.15,5:0.70,6:0.15", "7", RULES_BLOB, &m) == STATUS_OK);
    CHECK(m.tables[0].upto == 644245094 && m.tables[1].upto == 3650722202); /* 0.15, 0.85 of 2^32 */
    CHECK(table_mix_parse("2,3,4,5,6,7,8:5", "1,2,3,4", RULES_BLOB, &m) == STATUS_OK);
    CHECK(m.count == 28);
}

/* The command line, a string in a file and a number there are read by one function. */
static void numbers_may_have_exponents_and_underscores(void) {
    TrainOptions o;
    TrainSetup setup;
    CHECK(ask("--games 1e3 --batch 1_024 --iterations 5.12e2 --seed 9_007_199_254_740_991", &o,
              &setup) == STATUS_OK);
    CHECK(o.games == 1000 && o.batch == 1024 && o.iterations == 512);
    CHECK(o.play.seed == 9007199254740991);
    CHECK(ask("--rate 1_0e-4 --games 4096.0", &o, &setup) == STATUS_OK);
    CHECK(o.rate == 1e-3 && o.games == 4096);
    files_put(files_path("numbers"), "{\"games\":1e3,\"batch\":\"1_024\",\"rate\":\"1_0e-4\"}", 45);
    char line[160];
    snprintf(line, sizeof line, "--config %s", files_path("numbers"));
    CHECK(ask(line, &o, &setup) == STATUS_OK);
    CHECK(o.games == 1000 && o.batch == 1024 && o.rate == 1e-3);
    CHECK_SAYS(ask("--games 1_e3", &o, &setup), STATUS_INPUT, "--games 1_e3: must be a whole");
    CHECK_SAYS(ask("--rate 1__0", &o, &setup), STATUS_INPUT, "--rate 1__0: must be");
    CHECK(table_mix_parse("5:1_0e-1", "5", RULES_BLOB, &setup.mix) == STATUS_OK);
    CHECK_SAYS(table_mix_parse("5:_1", "5", RULES_BLOB, &setup.mix), STATUS_INPUT,
               "must be a number");
}

static void wrong_options_are_refused_in_one_line(void) {
    static const char *const bad[][2] = {
        {"--players 4:", "--players 4:: must be a number"},
        {"--players 4:0,5", "must be a number"},
        {"--players 4:-1,5", "must be a number"},
        {"--players 4:nan,5", "must be a number"},
        {"--players 4:1e400,5", "must be a number"},
        {"--players 4,,5", "must be a number"},
        {"--players 4,", "must be a number"},
        {"--players four", "must be a number"},
        {"--players 4,4", "4 is given twice"},
        {"--players 9", "9 players: must be 2..8"},
        {"--players 1,2", "1 players: must be 2..8"},
        {"--players 2,3 --rules oh-hell", "2 players: must be 3..7 with --rules oh-hell"},
        {"--players 8 --rules oh-hell", "8 players: must be 3..7"},
        {"--cards 9", "9 cards each: must be 1..8 with 6 players"},
        {"--cards 0", "0 cards each"},
        {"--players 4 --cards 13 --rules oh-hell", "1..12 with 4 players and a card turned up"},
        {"--players 2,3,4,5,6,7,8 --cards 1,2,3,4,5", "35 kinds of tables: must be 1..32"},
        {"--cards 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "more than 16"},
        {"--players 4:1:2", "must be a number"},
        {"--players 4:1e-10", "must be a number"},
        {"--width 100", "--width 100: must be a multiple of 32"},
        {"--width 16", "--width 16: must be a whole number in 32..8192"},
        {"--hidden 1025", "multiple of 32"},
        {"--policy-hidden 33", "--policy-hidden 33"},
        {"--value-hidden 63", "--value-hidden 63"},
        {"--heads 7", "--heads 7: must divide --width 256"},
        {"--layers 65", "1..64"},
        {"--width 8192 --hidden 32768 --layers 64", "parameters: must be at most 2147483647"},
        {"--window-min 9 --window-max 8 --games 1",
         "--window-min 9: must be at most --window-max 8"},
        {"--games 500001", "--window-max 500000: must be at least --games 500001"},
        {"--rate 0.1 --rate-min 0.2", "--rate-min 0.2: must be at most --rate 0.1"},
        {"--rate -1", "--rate -1: must be"},
        {"--rate 1,5", "--rate 1,5: must be"},
        {"--epochs 0", "--epochs 0"},
        {"--batch 0", "1..65536"},
        {"--beta1 1", "--beta1 1"},
        {"--curriculum 2", "--curriculum 2"},
        {"--curriculum 255x65534", "visits: must be at most 65535"},
        {"--curriculum 2x40000", "visits: must be at most 65535"},
        {"--arena-worlds 255 --arena-simulations 300 --move-power 1", "visits"},
        {"--points 2", "only with --rules oh-hell"},
        {"--penalty", "only with --rules oh-hell"},
        {"--precision int8", "must be one of auto float32 bf16"},
        {"--play-precision fp16", "must be one of"},
        {"--preset huge", "must be one of tiny policy small reference"},
        {"--replay-compress 2", "0..1"},
        {"--keep 0", "--keep 0"},
        {"--games", "its value is missing"},
        {"--fresh=1", "takes no value"},
        {"--fresh --change", "--change: not with --fresh"},
        {"--method guess", "must be one of search policy"},
        {"--method policy --arena-gate", "--arena-gate: not with --method policy"},
        {"--method policy --arena-worlds 2", "--arena-worlds 2: needs --arena-simulations"},
        {"--ratio-clip 0", "--ratio-clip 0: must be"},
        {"--simulations 3", "unknown option"},
        {"--out", "missing"},
    };
    TrainOptions o;
    TrainSetup setup;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_SAYS(ask(bad[i][0], &o, &setup), STATUS_INPUT, bad[i][1]);
}

static void config_files_are_checked_like_options(void) {
    static const char *const bad[][2] = {
        {"{\"gamse\": 3}", "gamse: unknown option"},
        {"{\"games\": true}", "games: must be a number or a string"},
        {"{\"games\": [3]}", "games: must be a number"},
        {"{\"games\": 1.5}", "games 1.5: must be a whole number"},
        {"{\"games\": 1e30}", "games"},
        {"{\"fresh\": 1}", "fresh: must be true or false"},
        {"{\"players\": 4}", "players: must be a string"},
        {"{\"players\": \"4:x\"}", "must be a number"},
        {"{\"width\": \"wide\"}", "width wide"},
        {"{\"width\": 48}", "--width 48: must be a multiple of 32"},
        {"{\"preset\": \"none\"}", "must be one of tiny"},
        {"{\"rate\": null}", "rate: must be"},
        {"[1]", "not a JSON object"},
        {"{\"games\": 3", "not a JSON object"},
        {"", "not a JSON object"},
    };
    const char *path = files_path("config.json");
    char line[600];
    snprintf(line, sizeof line, "--config %s", path);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        files_put(path, bad[i][0], strlen(bad[i][0]));
        CHECK_SAYS(ask_apart(line), STATUS_INPUT, bad[i][1]);
    }
    static const char good[] = "{\"preset\":\"tiny\",\"games\":9,\"window_min\":5,\"cards\":\"3\"}";
    files_put(path, good, sizeof good - 1);
    CHECK(ask_apart(line) == STATUS_OK);
    snprintf(line, sizeof line, "--window-max 8 --config %s",
             path); /* the command line wins over the file */
    CHECK_SAYS(ask_apart(line), STATUS_INPUT, "--window-max 8: must be at least --games 9");
    /* but its preset does not override an option in the file */
    snprintf(line, sizeof line, "--preset small --window-max 8 --config %s", path);
    CHECK_SAYS(ask_apart(line), STATUS_INPUT, "--window-max 8: must be at least --games 9");
    snprintf(line, sizeof line, "--config %s", files_path("nowhere.json"));
    CHECK_SAYS(ask_apart(line), STATUS_INPUT, "nowhere.json");
}

/* The identity for these options, as JSON; the caller frees it. */
static char *identity_of(const char *line) {
    TrainOptions o;
    TrainSetup setup;
    cJSON *identity = cJSON_CreateObject();
    CHECK(ask(line, &o, &setup) == STATUS_OK);
    train_options_identity(&o, &setup, identity);
    char *text = cJSON_PrintUnformatted(identity);
    cJSON_Delete(identity);
    return text;
}

static void same_identity(const char *a, const char *b, int same) {
    char *x = identity_of(a), *y = identity_of(b);
    int equal = x && y && strcmp(x, y) == 0;
    CHECK(equal == same);
    if (equal != same) fprintf(stderr, "'%s' and '%s': %s\n%s\n", a, b, x, y);
    cJSON_free(x);
    cJSON_free(y);
}

static const char *const decide[] = {
    "--seed 2",
    "--games 9999",
    "--players 4",
    "--cards 6",
    "--format round",
    "--rules oh-hell",
    "--curriculum 1x15",
    "--leaves 2",
    "--c-puct 2",
    "--fpu 0",
    "--noise-weight 0",
    "--noise-alpha 9",
    "--move-power 1",
    "--explore-decisions 3",
    "--width 128",
    "--layers 5",
    "--hidden 512",
    "--heads 4",
    "--policy-hidden 64",
    "--value-hidden 64",
    "--epochs 9",
    "--batch 256",
    "--accumulate 2",
    "--rate 0.001",
    "--rate-min 0",
    "--rate-schedule constant",
    "--warmup 7",
    "--decay 0",
    "--beta1 0.8",
    "--beta2 0.99",
    "--clip 2",
    "--ema 0.9",
    "--value-weight 2",
    "--window-min 1000",
    "--window-max 60000",
    "--window-exponent 0.5",
    "--window-scale 0.5",
    "--arena-every 3",
    "--arena-deals 10",
    "--arena-gate",
    "--arena-margin 1",
    "--arena-worlds 1",
    "--arena-simulations 9",
    "--overlap",
    "--iterations 501", /* with a cosine rate */
};
static const char *const may_change[] = {"--out elsewhere",
                                         "--fresh",
                                         "--change",
                                         "--threads 1",
                                         "--device cpu",
                                         "--parallel 7",
                                         "--waves 9",
                                         "--keep 1",
                                         "--replay-compress 0",
                                         "--no-graph",
                                         "--quiet",
                                         "--precision float32",
                                         "--play-precision int8",
                                         "--network layers",
                                         "--preset reference",
                                         "--players 6:3,4:3,5:14",
                                         "--curriculum 1x15:50,2x25:150,3x35:300,4x45:450,5x50"};

static void identity_holds_what_decides_a_run(void) {
    for (size_t i = 0; i < sizeof decide / sizeof decide[0]; i++) same_identity("", decide[i], 0);
    for (size_t i = 0; i < sizeof may_change / sizeof may_change[0]; i++)
        same_identity("", may_change[i], 1);
    same_identity("--rate-schedule constant", "--rate-schedule constant --iterations 7", 1);
    same_identity("--rules oh-hell", "--rules oh-hell --points 2", 0);
    same_identity("--rules oh-hell", "--rules oh-hell --penalty", 0);
    same_identity("", "--method policy", 0);
    static const char *const of_policy[] = {"--ratio-clip 0.3", "--entropy-weight 0.02",
                                            "--advantage-scale 2"};
    for (int i = 0; i < 3; i++) {
        char both[64];
        snprintf(both, sizeof both, "--method policy %s", of_policy[i]);
        same_identity("", of_policy[i], 1);
        same_identity("--method policy", both, 0);
    }
}

static int is_among(const char *const *list, const char *word) {
    while (*list && strcmp(*list, word) != 0) list++;
    return *list != NULL;
}

/* --change may change every option that decides a run, but for what the games in the ring and the
 * weights share. */
static void what_may_change_is_known(void) {
    static const char *const stays[] = {
        "seed",  "players", "cards",  "format", "rules",         "points",       "penalty",
        "width", "layers",  "hidden", "heads",  "policy_hidden", "value_hidden", NULL};
    static const char *const added[] = {
        "iterations", "curriculum", "precision",       "play_precision",  "network",
        "backend",    "arithmetic", "play_arithmetic", "instruction_set", "library",
        "processes",  "ratio_clip", "entropy_weight",  "advantage_scale", NULL};
    int may = 0, keys = 0;
    for (const Option *o = train_option_table.options; o->name; o++) {
        char key[64];
        snprintf(key, sizeof key, "%s", o->name);
        for (char *c = key; *c; c++) *c = *c == '-' ? '_' : *c;
        int changes = is_among(train_change_keys, key);
        if (o->decides) CHECK(changes != is_among(stays, key));
        if (changes && !o->decides) CHECK(is_among(added, key));
        may += changes && !is_among(added, key);
    }
    while (train_change_keys[keys]) keys++;
    CHECK(keys == may + 14); /* what was added is there too */
    for (int i = 0; added[i]; i++) CHECK(is_among(train_change_keys, added[i]));
}

/* The window by hand: iterations of 10 games, from 3 on of 4, from 5 on of 20. */
static void windows_reach_over_changes(void) {
    static const char *const texts[] = {"10", "4", "20"};
    static const int64_t at[] = {3, 5}, played[] = {0, 10, 20, 30, 34, 38, 58, 78};
    static const int64_t first[] = {0, 0, 0, 1, 1, 3, 6}; /* of 30 games, or an iteration */
    cJSON *changes = cJSON_CreateArray(), *old[3];
    Schedule s;
    memset(&s, 0, sizeof s);
    for (int i = 0; i < 3; i++) {
        old[i] = cJSON_CreateObject();
        cJSON_AddStringToObject(old[i], "games", texts[i]);
        if (i != 1) cJSON_AddStringToObject(old[i], "iterations", "9");
        if (i > 0) CHECK(train_change_add(changes, at[i - 1], old[i - 1], old[i]) == STATUS_OK);
    }
    CHECK(train_change_add(changes, 6, old[2], old[2]) == STATUS_OK);
    CHECK(cJSON_GetArraySize(changes) == 2); /* nothing differed in the third */
    for (int i = 0; i <= 7; i++) CHECK(train_change_games(changes, 20, i) == played[i]);
    CHECK(train_change_most(changes, "games", 7) == 10 && train_change_most(NULL, "games", 7) == 7);
    s.games = 20;
    s.window_min = s.window_max = 30;
    s.window_exponent = 1;
    for (int i = 0; i < 7; i++) CHECK(train_change_window(&s, changes, i) == first[i]);
    for (int i = 0; i < 8; i++) {
        cJSON *then = train_change_identity(old[2], changes, i);
        CHECK(cJSON_Compare(then, old[i < 3 ? 0 : i < 5 ? 1 : 2], 1));
        cJSON_Delete(then);
    }
    for (int i = 0; i < 3; i++) cJSON_Delete(old[i]);
    cJSON_Delete(changes);
}

static void options_reach_their_settings(void) {
    TrainOptions o;
    TrainSetup setup;
    CHECK(ask("--rules oh-hell --points 3 --penalty --players 3,5 --cards 4,6 --format round "
              "--curriculum 2x9:2,3x8 --leaves 2 --move-power best --waves 17 --ema 0.5 --clip 3 "
              "--beta1 0.7 --beta2 0.8 --decay 0.25 --value-weight 2 --no-graph --parallel 44 "
              "--seed 9",
              &o, &setup) == STATUS_OK);
    SelfplayConfig c = train_setup_play(&setup, &o, 2);
    CHECK(c.worlds == 3 && c.simulations == 8 && c.waves == 17 && c.leaves == 2 && !c.graph);
    CHECK(c.rules.variant == RULES_OH_HELL && c.rules.points == 3 && c.rules.penalty == 1);
    CHECK(c.rules.players == 5 && c.settings.cards == 6 && c.settings.table_count == 4 &&
          c.parallel == 44);
    CHECK(c.settings.seed == 9 && c.settings.move_power == play_move_powers[0] &&
          c.settings.full == 0);
    CHECK(setup.settings.ema == 0.5 && setup.settings.clip == 3 && setup.settings.beta1 == 0.7);
    CHECK(setup.settings.beta2 == 0.8 && setup.settings.decay == 0.25 &&
          setup.settings.value_weight == 2);
    CHECK(train_setup_play(&setup, &o, 1).worlds == 2);
    CHECK(train_setup_match(&setup, &o, 0).simulations == 9);
    o.match_simulations = 5;
    CHECK(train_setup_match(&setup, &o, 0).simulations == 5);
    CHECK(train_setup_match(&setup, &o, 0).worlds == 2);
    CHECK(selfplay_config_check(&c) == STATUS_OK);
}

int main(void) {
    files_begin();
    options_override_presets_in_any_order();
    help_states_the_defaults();
    mixes_are_the_product_of_two_lists();
    numbers_may_have_exponents_and_underscores();
    wrong_options_are_refused_in_one_line();
    config_files_are_checked_like_options();
    identity_holds_what_decides_a_run();
    what_may_change_is_known();
    windows_reach_over_changes();
    options_reach_their_settings();
    files_clear(folder);
    return check_report();
}
