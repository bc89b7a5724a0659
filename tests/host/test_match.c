/* tests/host/test_match.c - host/match/match.h: equal players never differ, points are counted as
 * played, and threads and batches change no result. */
#include "host/match/match.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "device/search/root.h"
#include "host/games/game_record.h"
#include "tests/support/play_run.h"

enum { DEALS_MAX = 4096 };

static Weights weights[2]; /* of networks just large enough to play differently */
static const Device *device;

/* The differences that a match reported. */
typedef struct {
    int64_t first, count;
    double difference[DEALS_MAX];
    int64_t epochs, last_epoch; /* calls of go_on; the call at which it says no, 0: never */
} Told;

static void tell(void *context, int64_t deal, double difference) {
    Told *told = (Told *)context;
    CHECK(told->count < DEALS_MAX && deal == told->first + told->count);
    if (told->count < DEALS_MAX) told->difference[told->count++] = difference;
}

static bool go_on(void *context, const MatchResult *so_far) {
    Told *told = (Told *)context;
    CHECK(so_far->deals == told->count && so_far->games >= 2 * so_far->deals);
    return ++told->epochs != told->last_epoch;
}

static MatchConfig match_of(PlayerKind a, PlayerKind b, int players, int cards, int full) {
    MatchConfig c;
    memset(&c, 0, sizeof c);
    c.base = play_config(RULES_BLOB, players, cards, full);
    c.base.evaluator = EVALUATOR_NET;
    c.base.model = weights[0].config;
    c.base.worlds = 2;
    c.base.simulations = 6;
    c.base.waves = 7;
    c.base.parallel = 32;
    c.kinds[MATCH_A] = a;
    c.kinds[MATCH_B] = b;
    if (a == PLAYER_NET) c.weights[MATCH_A] = &weights[0];
    if (b == PLAYER_NET) c.weights[MATCH_B] = &weights[1];
    c.most_deals = 24;
    c.block = 8;
    return c;
}

/* Plays a match; `told` holds last_epoch and receives the rest. */
static MatchResult play(const MatchConfig *config, Told *told) {
    MatchConfig c = *config;
    MatchResult result;
    told->first = c.first_deal;
    told->count = told->epochs = 0;
    c.context = told;
    c.deal = tell;
    c.go_on = go_on;
    CHECK(match_play(&c, device, &result) == STATUS_OK);
    CHECK(result.deals == told->count && result.stats.n == result.deals);
    CHECK(fabs(result.score[MATCH_A] - result.score[MATCH_B] - result.stats.mean) < 1e-9);
    return result;
}

static void mix_tables(MatchConfig *c) {
    static const PlayTable tables[] = {
        {2, 4, 0, 1u << 30}, {3, 2, 0, 2u << 30}, {5, 3, 0, 3u << 30}, {7, 1, 0, 0}};
    c->base.settings.table_count = 4;
    memcpy(c->base.settings.tables, tables, sizeof tables);
}

/* The same weights on both sides, each evaluated as a separate network. */
static void equal_players_differ_by_nothing(void) {
    static Told told;
    for (int players = 2; players <= MAX_SEATS + 2; players++) {
        bool mixed = players > MAX_SEATS, full = players == 3 || players == MAX_SEATS + 2;
        MatchConfig c = match_of(PLAYER_NET, PLAYER_NET, mixed ? 5 : players, full ? 2 : 3, full);
        c.weights[MATCH_B] = &weights[0];
        if (mixed) mix_tables(&c);
        MatchResult r = play(&c, &told);
        CHECK(r.deals == 24 && r.rows > 0 && r.half_width == 0 && r.verdict == PAIRED_GO_ON);
        for (int64_t d = 0; d < told.count; d++) CHECK(told.difference[d] == 0);
        CHECK(r.score[0] == r.score[1] && r.score[0] > 0 && r.hit[0] == r.hit[1]);
        c.weights[MATCH_B] = &weights[1]; /* another network does differ */
        r = play(&c, &told);
        int other = 0;
        for (int64_t d = 0; d < told.count; d++) other += told.difference[d] != 0;
        CHECK(other > 0);
    }
}

/* Self-play of the same games: points added up from their records give the same differences. */
static void counted_points_are_those_of_the_records(void) {
    static Told told;
    static const int tables[][3] = {{3, 4, 0}, {5, 2, 0}, {4, 2, 1}};
    for (int t = 0; t < 3; t++) {
        int P = tables[t][0], F = tables[t][1], full = tables[t][2];
        MatchConfig c = match_of(PLAYER_NET, PLAYER_RULE, P, F, full);
        MatchResult r = play(&c, &told);
        PlayRun run = {
            .config = match_selfplay(&c),
            .weights = &weights[0],
            .ranges = NULL,
            .range_count = 0,
            .games = 48,
            .threads = 2,
            .narrow = false,
        };
        CHECK(run.config.settings.paired && run.config.noise_weight == 0);
        CHECK(run.config.settings.move_power == ROOT_BEST &&
              run.config.settings.explore_decisions == 0);
        Played played = play_run(&run);
        double sum[2] = {0, 0};
        for (int64_t d = 0; d < 24 && !checks_failed; d++) {
            double score[2] = {0, 0};
            for (int k = 0; k < 2; k++) {
                GameTerms terms = {run.config.rules, F, full};
                GameRecord record;
                RecordRound round;
                const uint16_t *words = played.record[2 * d + k];
                CHECK(game_record_begin(&record, &terms, words, words[RECORD_WORDS_AT]));
                while (game_record_next(&record, &round))
                    for (int seat = 0; seat < P; seat++) {
                        /* game 2 d: even seats are A's; game 2 d + 1: odd ones */
                        bool is_b = k == 0 ? seat % 2 == 1 : seat % 2 == 0;
                        score[is_b] += round.scores[seat] / (double)(P * record.rounds);
                    }
                CHECK(!record.wrong[0]);
            }
            CHECK(fabs(score[0] - score[1] - told.difference[d]) < 1e-9);
            sum[0] += score[0];
            sum[1] += score[1];
        }
        CHECK(fabs(sum[0] / 24 - r.score[0]) < 1e-9 && fabs(sum[1] / 24 - r.score[1]) < 1e-9);
        CHECK(r.rounds == 48 * (full ? 2 * (F - 1) + P : 1));
        play_free(&played);
    }
}

/* The two games of a deal begin alike: cards, dealer, trump. */
static void both_games_have_the_same_cards(void) {
    MatchConfig c = match_of(PLAYER_RANDOM, PLAYER_RULE, 5, 4, 0);
    c.base.parallel = 16;
    PlayRun run = {
        .config = match_selfplay(&c),
        .weights = NULL,
        .ranges = NULL,
        .range_count = 0,
        .games = 48,
        .threads = 1,
        .narrow = false,
    };
    Played played = play_run(&run);
    size_t dealt = sizeof(uint16_t) * (RECORD_ROUND_WORDS + 5 * 4);
    for (int d = 0; d < 24 && !checks_failed; d++) {
        const uint16_t *one = played.record[2 * d], *two = played.record[2 * d + 1];
        CHECK(memcmp(one + RECORD_HEAD_WORDS, two + RECORD_HEAD_WORDS, dealt) == 0);
    }
    play_free(&played);
}

static void check_same(const MatchResult *x, const Told *told, const MatchResult *y,
                       const Told *again) {
    CHECK(told->count == again->count);
    CHECK(memcmp(told->difference, again->difference,
                 (size_t)told->count * sizeof *told->difference) == 0);
    CHECK(x->deals == y->deals && x->rounds == y->rounds && x->rows == y->rows);
    CHECK(memcmp(x->score, y->score, sizeof x->score) == 0);
    CHECK(memcmp(x->hit, y->hit, sizeof x->hit) == 0);
    CHECK(memcmp(&x->stats, &y->stats, sizeof x->stats) == 0);
    CHECK(x->half_width == y->half_width && x->verdict == y->verdict);
}

static void threads_and_batches_change_nothing(void) {
    static Told told, again;
    static const struct {
        int threads, parallel, waves, block;
    } turns[] = {{1, 32, 7, 8}, {2, 3, 1, 24}, {2, 1, 50, 5}, {2, 4096, 13, 1000}};
    MatchConfig c = match_of(PLAYER_NET, PLAYER_NET, 4, 4, 0);
    mix_tables(&c);
    omp_set_num_threads(2);
    MatchResult want = play(&c, &told);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        MatchConfig turned = c;
        omp_set_num_threads(turns[i].threads);
        turned.base.parallel = turns[i].parallel;
        turned.base.waves = turns[i].waves;
        turned.block = turns[i].block;
        MatchResult got = play(&turned, &again);
        check_same(&want, &told, &got, &again);
    }
    c.first_deal = 10; /* some of the same deals */
    c.most_deals = 9;
    play(&c, &again);
    CHECK(again.count == 9);
    CHECK(memcmp(again.difference, told.difference + 10, 9 * sizeof *told.difference) == 0);
    c.base.settings.seed++;
    play(&c, &told);
    CHECK(memcmp(again.difference, told.difference, 9 * sizeof *told.difference) != 0);
}

static void rule_bot_beats_random(void) {
    static Told told;
    MatchConfig c = match_of(PLAYER_RULE, PLAYER_RANDOM, 4, 5, 0);
    c.most_deals = 1000;
    c.block = 300;
    MatchResult r = play(&c, &told);
    CHECK(r.deals == 1000 && r.verdict == PAIRED_ACCEPT && r.rows == 0);
    CHECK(r.stats.mean - r.half_width > 3 && r.hit[MATCH_A] > 0.45 && r.hit[MATCH_B] < 0.25);
    c.kinds[MATCH_A] = PLAYER_RANDOM;
    c.kinds[MATCH_B] = PLAYER_RULE;
    MatchResult turned = play(&c, &told);
    CHECK(turned.verdict == PAIRED_REJECT && turned.stats.mean + turned.half_width < -3);
}

/* A sequential match ends with the block that decides it. */
static void the_sequential_test_ends_a_match(void) {
    static Told told;
    MatchConfig c = match_of(PLAYER_RULE, PLAYER_RANDOM, 4, 5, 0);
    c.most_deals = 4000;
    c.block = 20;
    c.margin = 1;
    MatchResult r = play(&c, &told);
    CHECK(r.verdict == PAIRED_ACCEPT &&
          r.deals == 40); /* the first block end after PAIRED_FIRST_LOOK */
    c.kinds[MATCH_A] = PLAYER_RANDOM;
    c.kinds[MATCH_B] = PLAYER_RULE;
    r = play(&c, &told);
    CHECK(r.verdict == PAIRED_REJECT && r.deals == 40);
    c.kinds[MATCH_B] = PLAYER_RANDOM; /* equal players never differ */
    r = play(&c, &told);
    CHECK(r.verdict == PAIRED_REJECT && r.deals == 40 && r.stats.mean == 0);
    c.margin = 1e-9; /* too small to decide in so few */
    c.kinds[MATCH_A] = PLAYER_RULE;
    c.most_deals = 50;
    r = play(&c, &told);
    CHECK(r.verdict == PAIRED_GO_ON && r.deals == 50);
}

/* Asked to stop, a match holds the whole blocks played so far, and they are right. */
static void a_stopped_match_has_whole_blocks(void) {
    static Told told, whole;
    MatchConfig c = match_of(PLAYER_NET, PLAYER_RULE, 4, 5, 0);
    c.base.parallel = 4;
    play(&c, &whole);
    int64_t epochs = whole.epochs;
    CHECK(epochs > 10);
    int stopped_between = 0;
    for (told.last_epoch = 1; told.last_epoch <= epochs; told.last_epoch += 1 + epochs / 9) {
        MatchResult r = play(&c, &told);
        CHECK(r.deals % 8 == 0 && r.deals < 24 && r.verdict == PAIRED_GO_ON);
        CHECK(told.count == 0 || memcmp(told.difference, whole.difference,
                                        (size_t)told.count * sizeof *told.difference) == 0);
        stopped_between += r.deals > 0;
    }
    CHECK(stopped_between > 0);
}

static void invalid_settings_are_refused(void) {
    MatchConfig good = match_of(PLAYER_RULE, PLAYER_RANDOM, 4, 5, 0);
    MatchResult r;
    int refused = 0;
    int keep = dup(2), null = open("/dev/null", O_WRONLY); /* swallows the traces of refusals */
    dup2(null, 2);
    for (int i = 0; i < 10; i++) {
        MatchConfig c = good;
        if (i == 0) c.most_deals = 0;
        if (i == 1) c.block = 0;
        if (i == 2) c.first_deal = -1;
        if (i == 3) c.margin = -1;
        if (i == 4) c.kinds[MATCH_A] = PLAYER_NET; /* without weights */
        if (i == 5) c.kinds[MATCH_B] = PLAYER_NET_B;
        if (i == 6) c.first_deal = INT64_MAX / 2;
        if (i == 7) c.base.parallel = 0;
        if (i >= 8) c.kinds[MATCH_B] = PLAYER_PIMC;
        if (i == 9) c.pimc_worlds[MATCH_B] = PIMC_WORLDS_MAX + 1;
        refused += match_play(&c, device, &r) == STATUS_ARGUMENT && r.deals == 0;
    }
    dup2(keep, 2);
    close(keep);
    close(null);
    CHECK(refused == 10);
}

int main(void) {
    ModelConfig model = model_config_default();
    char device_text[128];
    model.width = model.hidden = model.policy_hidden = model.value_hidden = 32;
    model.heads = 4;
    model.layers = 1;
    for (int i = 0; i < 2; i++) {
        CHECK(weights_alloc(&weights[i], &model) == STATUS_OK);
        weights_init(&weights[i], (uint64_t)i + 3);
    }
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    if (!checks_failed) {
        equal_players_differ_by_nothing();
        counted_points_are_those_of_the_records();
        both_games_have_the_same_cards();
        threads_and_batches_change_nothing();
        rule_bot_beats_random();
        the_sequential_test_ends_a_match();
        a_stopped_match_has_whole_blocks();
        invalid_settings_are_refused();
    }
    for (int i = 0; i < 2; i++) weights_free(&weights[i]);
    return check_report();
}
