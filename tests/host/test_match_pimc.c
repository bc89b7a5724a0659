/* tests/host/test_match_pimc.c - players that solve worlds at the tables of a match: the moves of
 * game/pimc.h, whatever the threads, ahead of those that do not. */
#include <math.h>

#include "game/world.h"
#include "host/games/game_record.h"
#include "host/match/match.h"
#include "tests/support/play_run.h"

enum { SOLVED_BITS = 10 };

static const Device *device;
static uint64_t binomial[WORLD_BINOMIALS];
static SolveEntry solved[1 << SOLVED_BITS];
static Pimc solver;

static MatchConfig match_of(PlayerKind a, int a_worlds, PlayerKind b, int b_worlds) {
    MatchConfig c;
    memset(&c, 0, sizeof c);
    c.base = play_config(RULES_OH_HELL, 3, 3, 0);
    c.base.rules.points = 1;
    c.base.rules.penalty = 0;
    c.base.parallel = 32;
    c.kinds[MATCH_A] = a;
    c.kinds[MATCH_B] = b;
    c.pimc_worlds[MATCH_A] = a_worlds;
    c.pimc_worlds[MATCH_B] = b_worlds;
    c.most_deals = 40;
    c.block = 40;
    return c;
}

/* Every bid and card of a round. *ply: of the game, moves on. */
static void check_round(const SelfplayConfig *c, int64_t id, const RecordRound *round,
                        uint32_t *ply) {
    RoundState s = round->start;
    Rules rules = c->rules;
    rules.players = s.players;
    pimc_begin(&solver, &rules, s.cards, solved, SOLVED_BITS, binomial);
    for (int i = 0; i < round->action_count; i++, (*ply)++) {
        int side = (int)((s.turn + id) % SIDES), action = -1;
        PimcDecision d = {&s, c->settings.seed, (uint64_t)(id / 2), *ply};
        if (c->settings.kinds[side] == PLAYER_CHEAT)
            action = pimc_cheat(&solver, &s);
        else
            CHECK(pimc_choose(&solver, &d, c->settings.pimc_worlds[side], &action) == WORLD_OK);
        CHECK(action == round->actions[i]);
        round_apply(&s, round->actions[i]);
    }
}

/* Full games of mixed tables: seats, cards and trump change within a thread's solver. */
static void moves_are_those_of_pimc(void) {
    static const PlayTable tables[] = {{3, 3, 0, 1u << 31}, {4, 2, 0, 0}};
    MatchConfig c = match_of(PLAYER_PIMC, 3, PLAYER_CHEAT, 0);
    c.base.settings.full = 1;
    c.base.settings.table_count = 2;
    memcpy(c.base.settings.tables, tables, sizeof tables);
    PlayRun run = {.config = match_selfplay(&c), .games = 16, .threads = 2};
    Played played = play_run(&run);
    CHECK(played.count == 16 && played.counters.rows == 0);
    for (int64_t id = 0; id < played.count && !checks_failed; id++) {
        const uint16_t *words = played.record[id];
        GameTerms terms = {run.config.rules, words[RECORD_HEAD_WORDS + RECORD_CARDS_AT], 1};
        GameRecord record;
        RecordRound round;
        uint32_t ply = 0;
        terms.rules.players = (uint8_t)words[RECORD_PLAYERS_AT];
        CHECK(game_record_begin(&record, &terms, words, words[RECORD_WORDS_AT]));
        while (game_record_next(&record, &round)) check_round(&run.config, id, &round, &ply);
        CHECK(!record.wrong[0]);
    }
    play_free(&played);
}

static MatchResult play(MatchConfig c, int threads, int parallel) {
    MatchResult r;
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    c.base.parallel = parallel;
    CHECK(match_play(&c, device, &r) == STATUS_OK && r.deals == c.most_deals);
    omp_set_num_threads(before);
    return r;
}

static void threads_and_batches_change_nothing(void) {
    for (int net = 0; net < 2; net++) {
        MatchConfig c = match_of(PLAYER_PIMC, 5, net ? PLAYER_NET : PLAYER_RULE, 0);
        MatchResult one = play(c, 1, 1), two = play(c, 2, 7);
        CHECK(one.stats.mean == two.stats.mean && one.half_width == two.half_width);
        CHECK(one.rows == two.rows && (one.rows > 0) == net);
        c.pimc_worlds[MATCH_A] = 1; /* the number of worlds reaches the player */
        two = play(c, 2, 7);
        CHECK(one.stats.mean != two.stats.mean);
    }
    MatchResult same = play(match_of(PLAYER_PIMC, 5, PLAYER_PIMC, 5), 2, 7);
    CHECK(same.stats.mean == 0 && same.half_width == 0);
    MatchResult fewer = play(match_of(PLAYER_PIMC, 5, PLAYER_PIMC, 1), 2, 7);
    CHECK(fewer.stats.mean != 0);
}

static void who_knows_more_wins(void) {
    MatchConfig c = match_of(PLAYER_PIMC, 10, PLAYER_RULE, 0);
    c.most_deals = 400;
    MatchResult r = play(c, 2, 32);
    CHECK(r.stats.mean - r.half_width > 0.5 && r.verdict == PAIRED_ACCEPT);
    c = match_of(PLAYER_PIMC, 10, PLAYER_CHEAT, 0);
    c.most_deals = 100;
    r = play(c, 2, 32);
    CHECK(r.stats.mean + r.half_width < -1 && r.verdict == PAIRED_REJECT);
}

int main(void) {
    char text[128];
    world_binomial_fill(binomial);
    CHECK(device_open("cpu", &device, text, sizeof text) == STATUS_OK);
    if (!checks_failed) {
        moves_are_those_of_pimc();
        threads_and_batches_change_nothing();
        who_knows_more_wins();
    }
    return check_report();
}
