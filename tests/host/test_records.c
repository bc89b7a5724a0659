/* tests/host/test_records.c - games are believed when the rules agree; blob-records is argv[1]. */
#include <sys/wait.h>

#include "game/observe.h"
#include "tests/support/files.h"
#include "tests/support/random_run.h"

static const char *program;

/* What the rules say of a record: "" or what is wrong. Visits' words are marked in `visits`. */
static const char *verdict(const GameTerms *terms, const uint16_t *words, int count, char *visits) {
    static GameRecord game;
    RecordRound round;
    game_record_begin(&game, terms, words, count);
    while (game_record_next(&game, &round))
        for (int d = 0; visits && d < round.decision_count; d++)
            for (int e = 0; e < round.decisions[d].legal_count; e++)
                visits[round.decisions[d].visits - words + e] = 1;
    return game.wrong;
}

/* Any word changed makes a record wrong, but an id, visits, and what decided nothing: a bid that
 * was missed by more, a trump that took no trick, the rank of the turned card. */
static void a_changed_word_is_detected(GameTerms terms) {
    static uint16_t words[RECORD_MAX_WORDS];
    static char visits[RECORD_MAX_WORDS];
    int count = random_game(&terms, 1, 7, words), P = terms.rules.players, T = terms.cards;
    memset(visits, 0, sizeof visits);
    CHECK(strcmp(verdict(&terms, words, count, visits), "") == 0);
    int round = RECORD_HEAD_WORDS, bids = round + RECORD_ROUND_WORDS + P * T;
    for (int i = 4; i < count; i++) {
        uint16_t before = words[i];
        if (visits[i] || i == round + 2 || i == round + 3 || (i >= bids && i < bids + P)) continue;
        if (terms.full && i > bids) continue; /* later rounds have such words too */
        for (int bit = 0; bit < 16; bit++) {
            words[i] = (uint16_t)(before ^ 1 << bit);
            bool seen = verdict(&terms, words, count, NULL)[0] != 0;
            CHECK(seen);
        }
        words[i] = before;
    }
    for (int n = 0; n < count; n++) {
        uint16_t before = words[4];
        CHECK(verdict(&terms, words, n, NULL)[0]);
        words[4] = (uint16_t)n;
        CHECK(verdict(&terms, words, n, NULL)[0]);
        words[4] = before;
    }
    Rng rng = rng_begin(5, 0, 0, RNG_MOVE, 0); /* under a sanitizer: no word leads astray */
    for (int n = 0; n < 3000; n++) {
        int i = 4 + (int)rng_below(&rng, (uint32_t)count - 4);
        uint16_t before = words[i];
        words[i] = (uint16_t)rng_u32(&rng);
        verdict(&terms, words, count, NULL);
        if (n % 8) words[i] = before;
    }
}

static void messages_name_what_is_wrong(void) {
    uint16_t words[RECORD_MAX_WORDS];
    GameTerms t = terms_of(RULES_BLOB, 2, 1, 0), other = t;
    int n = random_game(&t, 1, 1, words); /* by hand: deal at 12, bids 14, cards 16, scores 18 */
    CHECK(strcmp(verdict(&t, words, n, NULL), "") == 0);
    other.rules.players = 3;
    CHECK(strstr(verdict(&other, words, n, NULL), "2 players of rules 0, expected 3"));
    other.rules.players = 2, other.cards = 2;
    CHECK(strstr(verdict(&other, words, n, NULL), "1 cards, expected 2"));
    other.cards = 1, other.full = 1;
    CHECK(strstr(verdict(&other, words, n, NULL), "1 rounds, expected 2"));
    words[18]++;
    CHECK(strstr(verdict(&t, words, n, NULL), "seat 0 scored"));
    words[18]--, words[13] = words[12];
    CHECK(strstr(verdict(&t, words, n, NULL), "dealt twice"));
    n = random_game(&t, 1, 1, words);
    words[14] = 2;
    CHECK(strstr(verdict(&t, words, n, NULL), "action 2 is not legal"));
    n = random_game(&t, 1, 1, words);
    CHECK(words[20] == 1 && words[21] == 0 && words[22] == 2); /* the dealer has one bid left */
    words[23] = words[24] = 0;
    CHECK(strstr(verdict(&t, words, n, NULL), "no visits"));
    words[23] = 1, words[21] = 1;
    CHECK(strstr(verdict(&t, words, n, NULL), "2 visit counts for 1 legal actions"));
    words[n] = 0, words[21] = 0, words[4]++;
    CHECK(strstr(verdict(&t, words, n + 1, NULL), "1 words after its end"));
}

/* Runs blob-records; `said` is what it wrote to stderr (status not 0) or to stdout. */
static int records(const char *arguments) {
    char command[2048];
    unsigned char *out = NULL, *err = NULL;
    size_t size;
    snprintf(command, sizeof command, "'%s' %s >'%s' 2>'%s'", program, arguments, files_path("out"),
             files_path("err"));
    int status = system(command);
    CHECK(status != -1 && WIFEXITED(status));
    status = WEXITSTATUS(status);
    CHECK(durable_read(files_path("out"), &out, &size) == STATUS_OK);
    CHECK(durable_read(files_path("err"), &err, &size) == STATUS_OK);
    const char *text = (const char *)(status ? err : out),
               *other = (const char *)(status ? out : err);
    CHECK(other && !*other);
    snprintf(said, sizeof said, "%s", text ? text : "");
    free(out);
    free(err);
    return status;
}

/* `arguments` (a %s is the test's folder) end with `status` and one line that holds `text`. */
static void ends(int status, const char *arguments, const char *text) {
    char filled[1024];
    snprintf(filled, sizeof filled, arguments, folder, folder);
    CHECK(records(filled) == status);
    const char *end = strchr(said, '\n');
    if (!strstr(said, text) || !end || end[1]) {
        fprintf(stderr, "%s: expected %s, heard %s\n", filled, text, said);
        CHECK(!"one line as expected");
    }
}

static void refused(const char *arguments, const char *text) { ends(1, arguments, text); }

static const void *column(const Safetensors *s, const char *name, SafeType type, int64_t rows,
                          int64_t columns) {
    const SafeTensor *t = safetensors_find_tensor(s, name);
    bool fits = t && t->type == type && t->dims[0] == rows && t->rank == (columns ? 2 : 1) &&
                (!columns || t->dims[1] == columns);
    CHECK(fits);
    return fits ? t->data : NULL;
}

typedef struct {
    const float *observation, *policy, *value;
    const uint8_t *legal, *mask, *seat;
    const int64_t *game;
    const int32_t *ply;
} Columns;

/* Row i is decision d of the round, played from s; by the plainest reading of export.h. */
static void check_row(const Columns *c, int64_t i, const Rules *rules, const RoundState *s,
                      const RecordRound *round, const RecordDecision *d) {
    const float *policy = c->policy + 52 * i, *x = c->observation + 256 * i;
    double sum = 0, all = 0;
    int legal = 0, T = s->cards, P = s->players;
    for (int e = 0; e < d->legal_count; e++) all += d->visits[e];
    for (int a = 0; a < 52; a++) {
        legal += c->legal[52 * i + a];
        sum += (double)policy[a];
        CHECK(c->legal[52 * i + a] == 1 || policy[a] == 0);
        if (!round_is_bidding(s)) CHECK(!c->legal[52 * i + a] || x[a] == 1);
    }
    CHECK(legal == d->legal_count && sum > 0.9999 && sum < 1.0001 && c->seat[i] == s->turn);
    uint64_t actions = round_legal(s);
    for (int e = 0; e < d->legal_count; e++, actions &= actions - 1) {
        int a = bits_lowest(actions), suit = card_suit(a);
        float p = (float)d->visits[e] / (float)all;
        if (round_is_bidding(s))
            CHECK(policy[a] == p);
        else if (suit == s->trump)
            CHECK(policy[card_rank(a)] == p);
    }
    for (int r = 0; r < 8; r++) {
        int seat = (s->turn + r) % P, score = round->scores[seat];
        float min = (float)-rules->points * (float)T, span = (float)(2 * rules->points * T + 10);
        float v = rules->variant ? ((float)score - min) / span : (float)score / (float)(10 + T);
        CHECK(c->mask[8 * i + r] == (r < P) && c->value[8 * i + r] == (r < P ? v : 0));
    }
}

static void check_export(const char *path, const GameTerms *terms, int games, int64_t rows) {
    static uint16_t words[RECORD_MAX_WORDS];
    Safetensors s;
    CHECK(safetensors_open(&s, path, SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    Columns c;
    c.observation = (const float *)column(&s, "observation", SAFE_F32, rows, 256);
    c.policy = (const float *)column(&s, "policy", SAFE_F32, rows, 52);
    c.value = (const float *)column(&s, "value", SAFE_F32, rows, 8);
    c.legal = (const uint8_t *)column(&s, "legal", SAFE_U8, rows, 52);
    c.mask = (const uint8_t *)column(&s, "value_mask", SAFE_U8, rows, 8);
    c.game = (const int64_t *)column(&s, "game_id", SAFE_I64, rows, 0);
    c.ply = (const int32_t *)column(&s, "ply", SAFE_I32, rows, 0);
    c.seat = (const uint8_t *)column(&s, "seat", SAFE_U8, rows, 0);
    int64_t i = 0;
    for (int id = 0; id < games && !checks_failed; id++) {
        GameRecord game;
        RecordRound round;
        int before = 0, played = 0, total[MAX_SEATS] = {0};
        game_record_begin(&game, terms, words, random_game(terms, 1, id, words));
        for (; game_record_next(&game, &round); before += round.action_count, played++) {
            RoundState state = round.start;
            for (int ply = 0, d = 0; ply < round.action_count; ply++) {
                if (d < round.decision_count && round.decisions[d].ply == ply) {
                    const float *x = c.observation + 256 * i;
                    CHECK(i < rows && c.game[i] == id && c.ply[i] == before + ply);
                    check_row(&c, i, &terms->rules, &state, &round, &round.decisions[d++]);
                    int next = seat_after(state.turn, state.players);
                    if (terms->full) CHECK(x[254] == (float)played / 64);
                    CHECK(x[247] == (float)(total[next] - total[state.turn]) / 256);
                    i++;
                }
                round_apply(&state, round.actions[ply]);
            }
            for (int seat = 0; seat < MAX_SEATS && terms->full; seat++)
                total[seat] += round.scores[seat];
        }
    }
    CHECK(i == rows);
    safetensors_close(&s);
}

/* A folder `name` of `games` games, `missing` of them not yet there; returns its decisions. */
static int64_t make(const char *name, GameTerms terms, int games, int missing) {
    static uint16_t words[RECORD_MAX_WORDS];
    RandomRun run = {terms, games, games - missing, 1, 0};
    int64_t decisions = 0;
    CHECK(random_run(files_path(name), &run) == STATUS_OK);
    for (int id = 0; id < games; id++) {
        GameRecord game;
        RecordRound round;
        game_record_begin(&game, &terms, words, random_game(&terms, 1, id, words));
        while (game_record_next(&game, &round)) decisions += round.decision_count;
    }
    return decisions;
}

static void checks_and_exports(const char *name, GameTerms terms) {
    char arguments[512], text[128];
    int64_t rows = make(name, terms, 30, 0);
    snprintf(arguments, sizeof arguments, "check '%s/%s'", folder, name);
    CHECK(records(arguments) == 0);
    snprintf(text, sizeof text, "%lld examples", (long long)rows);
    CHECK(strstr(said, "30 games in shards, 0 in parts") && strstr(said, text));
    CHECK(strstr(said, "seed 1"));
    snprintf(arguments, sizeof arguments, "export '%s/%s' --output '%s/dense'", folder, name,
             folder);
    CHECK(records(arguments) == 0);
    snprintf(text, sizeof text, "30 games, %lld rows", (long long)rows);
    CHECK(strstr(said, text));
    check_export(files_path("dense"), &terms, 30, rows);
}

static void unfinished_folders_are_read_too(void) {
    make("part", terms_of(RULES_BLOB, 4, 5, 0), 30, 10);
    char arguments[512];
    snprintf(arguments, sizeof arguments, "check '%s/part'", folder);
    CHECK(records(arguments) == 0 && strstr(said, "0 games in shards, 20 in parts\n"));
    FILE *f = fopen(files_path("part/games-000000.part"), "ab");
    CHECK(f && fputs("torn", f) >= 0 && fclose(f) == 0);
    CHECK(records(arguments) == 0 && strstr(said, "20 in parts (the last record is torn"));
    refused("check '%s/part/games-000000.safetensors'", "No such file");
    CHECK(truncate(files_path("part/games-000000.part"), 1000) == 0);
    CHECK(records(arguments) == 0 && strstr(said, "torn"));
    f = fopen(files_path("part/games-000000.part"), "r+b");
    CHECK(f && fseek(f, 300, SEEK_SET) == 0 && fputc(255, f) == 255 && fclose(f) == 0);
    refused("check '%s/part'", "games-000000.part: damaged record at byte");
    unlink(files_path("part/run.json"));
    refused("check '%s/part'", "run.json: cannot be read");
}

static void mistakes_are_named(void) {
    make("a", terms_of(RULES_BLOB, 4, 5, 0), 10, 0);
    make("b", terms_of(RULES_BLOB, 4, 4, 0), 4100, 0);
    refused("check '%s/none'", "none: cannot be read: No such file");
    refused("check '%s'", "holds no games");
    refused("check '%s/a/run.json'", "must be named");
    refused("check '%s/a' '%s/a'", "holds the same ids as");
    refused("check '%s/a' '%s/b/games-000001.safetensors'", "cards is 4 there, 5 here");
    refused("export '%s/a' --output '%s/none/x'", "none/x: cannot be written: No such file");
    refused("export '%s/a' --output /dev/full", "/dev/full: cannot be written: No space left");
    refused("export '%s/a' --output '%s/a/games-000000.safetensors'", "must be another file than");
    refused("export '%s/a' --output '%s/a/games-000007.safetensors'", "must not have a name of");
    ends(2, "export '%s/a' --output '%s/a/run.json'", "must not be a file that a run keeps");
    CHECK(link(files_path("a/games-000000.safetensors"), files_path("twin")) == 0);
    refused("export '%s/a' --output '%s/twin'", "twin: must be another file than");
    files_limit(100000);
    refused("export '%s/a' --output '%s/dense'", "dense: cannot be written: File too large");
    files_limit(RLIM_INFINITY);
    CHECK(files_count(folder, "aside") == 0);
    CHECK(records("") == 2 && strstr(said, "check or export"));
    CHECK(records("verify x") == 2 && strstr(said, "verify"));
    CHECK(records("check") == 2 && strstr(said, "missing"));
    CHECK(records("export x") == 2 && strstr(said, "--output"));
    CHECK(records("check x --output y") == 2 && strstr(said, "--output y"));
    CHECK(records("check --bogus x") == 2 && strstr(said, "--bogus"));
    CHECK(records("--help") == 0 && strstr(said, "export runs/1 --output"));
    CHECK(records("--version") == 0 && strstr(said, "blob-records " BLOB_VERSION ", revision "));
    unsigned char *bytes;
    size_t size;
    CHECK(durable_read(files_path("a/games-000000.safetensors"), &bytes, &size) == STATUS_OK);
    bytes[size - 1] ^= 4;
    files_put(files_path("a/games-000000.safetensors"), bytes, size);
    refused("check '%s/a'", "games-000000.safetensors: checksum is");
    free(bytes);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    program = argv[1];
    files_begin();
    a_changed_word_is_detected(terms_of(RULES_BLOB, 4, 5, 0));
    a_changed_word_is_detected(terms_of(RULES_OH_HELL, 5, 6, 0));
    a_changed_word_is_detected(terms_of(RULES_BLOB, 3, 3, 1));
    messages_name_what_is_wrong();
    checks_and_exports("round", terms_of(RULES_BLOB, 4, 5, 0));
    checks_and_exports("full", terms_of(RULES_OH_HELL, 3, 4, 1));
    unfinished_folders_are_read_too();
    mistakes_are_named();
    files_clear(folder);
    return check_report();
}
