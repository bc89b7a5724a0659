/* tests/play/test_selfplay.c - a game's record depends on seed and id alone, and its decisions can
 * be repeated. */
#include "device/search/root.h"
#include "device/play/analyze.h"
#include "host/games/game_record.h"
#include "tests/support/play_run.h"

enum { GAMES = 40, LOOKED_AT = 8 };

static Weights weights; /* of a network just large enough to differ from game to game */
static int decisions_asked, searched, forced;

static PlayRun run_of(SelfplayConfig config) {
    PlayRun run = {
        .config = config,
        .weights = NULL,
        .ranges = NULL,
        .range_count = 0,
        .games = GAMES,
        .threads = 1,
        .narrow = false,
    };
    if (config.evaluator == EVALUATOR_NET) run.weights = &weights;
    run.config.model = weights.config;
    return run;
}

/* The same games whatever they are played among, by whom, and when they are read. */
static void batch_and_threads_change_nothing(const PlayRun *base, const Played *want) {
    static const struct {
        int threads, parallel, waves;
        bool narrow, fed, paced;
    } turns[] = {
        {2, 256, 31, false, false, false}, {1, 16, 31, false, false, false},
        {1, 3, 1, false, false, false},    {1, 1, 13, false, false, false},
        {1, 256, 50, true, false, false},  {1, 29, 64, true, false, false},
        {2, 16, 31, false, true, false},   {1, 29, 64, true, true, true},
        {2, 64, 20, false, true, true},
    };
    for (size_t i = 0; i < sizeof turns / sizeof turns[0] && !checks_failed; i++) {
        PlayRun run = *base;
        run.threads = turns[i].threads;
        run.config.parallel = turns[i].parallel;
        run.config.waves = turns[i].waves;
        run.config.paced = turns[i].paced;
        run.fed = turns[i].fed;
        run.narrow = turns[i].narrow;
        Played got = play_run(&run);
        CHECK(got.count == want->count);
        for (int64_t g = 0; g < got.count && g < want->count; g++)
            CHECK(play_same(got.record[g], want->record[g]));
        CHECK(got.counters.rows == want->counters.rows);
        CHECK(!run.narrow || got.waited > 0);
        play_free(&got);
    }
}

/* Ids in ranges with holes; one game alone, from the middle; ids beyond 32 bits. */
static void ranges_select_among_the_same_games(const PlayRun *base, const Played *want) {
    static const GameRange holes[] = {{3, 0}, {9, 3}, {20, 4}};
    static const int ids[] = {3, 4, 5, 9, 20, 21, 22, 23, 24, 25};
    static const GameRange alone[] = {{17, 0}}, high[] = {{((int64_t)1 << 40) + 5, 0}};
    PlayRun run = *base;
    run.ranges = holes;
    run.range_count = 3;
    run.games = 10;
    Played got = play_run(&run);
    CHECK(got.count == 10);
    for (int i = 0; i < got.count; i++) CHECK(play_same(got.record[i], want->record[ids[i]]));
    play_free(&got);
    run.ranges = alone;
    run.range_count = 1;
    run.games = 1;
    got = play_run(&run);
    CHECK(got.count == 1 && play_same(got.record[0], want->record[17]));
    play_free(&got);
    run.ranges = high;
    run.games = 3;
    got = play_run(&run);
    for (int i = 0; i < got.count; i++)
        CHECK(record_id(got.record[i]) == ((int64_t)1 << 40) + 5 + (int64_t)i);
    for (int i = 1; i < got.count; i++)
        CHECK(memcmp(got.record[i] + 8, want->record[5 + i] + 8, 40) != 0);
    play_free(&got);
}

static void another_seed_plays_other_games(const PlayRun *base, const Played *want) {
    PlayRun run = *base;
    run.config.settings.seed ^= (uint64_t)1 << 40;
    Played got = play_run(&run);
    for (int64_t g = 0; g < got.count; g++) {
        CHECK(record_id(got.record[g]) == g && !play_same(got.record[g], want->record[g]));
        for (int64_t other = 0; other < g; other++)
            CHECK(got.record[g][RECORD_WORDS_AT] != got.record[other][RECORD_WORDS_AT] ||
                  memcmp(got.record[g] + 4, got.record[other] + 4,
                         got.record[g][RECORD_WORDS_AT] * 2u - 8) != 0);
    }
    play_free(&got);
}

/* Repeats a recorded decision, given its position, seed, game and ply. */
static void ask_again(Analyzer *analyzer, const PlayRun *run, const RoundState *s,
                      const Standing *standing, uint64_t game, uint32_t ply,
                      const RecordDecision *d) {
    const SelfplayConfig *c = &run->config;
    AnalyzeQuery q;
    AnalyzeAnswer answer;
    memset(&q, 0, sizeof q);
    q.rules = c->rules;
    q.state = *s;
    for (int i = 0; i < s->players; i++) /* hides what the mover does not see */
        if (i != s->turn) q.state.hands[i] = 0;
    q.standing = *standing;
    q.worlds = c->worlds;
    q.simulations = c->simulations > 0 ? c->simulations : 1; /* one, for the priors */
    q.leaves = c->leaves;
    q.c_puct = (float)c->c_puct;
    q.fpu = (float)c->fpu;
    q.noise_weight = (float)c->noise_weight;
    q.noise_alpha = c->settings.noise_alpha;
    q.evaluator = c->evaluator;
    q.search_seed = splitmix64(c->settings.seed ^ splitmix64(game)) + ply;
    q.seed = c->settings.seed;
    q.game = game;
    q.ply = ply;
    CHECK(analyzer_answer(analyzer, &q, &answer) == STATUS_OK && answer.n == d->legal_count);
    for (int e = 0; e < answer.n; e++) {
        const uint32_t share = 1 + (uint32_t)(answer.prior[e] * (float)ROOT_UNITS);
        CHECK(d->visits[e] == (c->simulations > 0 ? answer.visits[e] : share));
    }
    decisions_asked++;
}

/* Plays a round through: every choice was searched, or the policy's, and its visits (of a policy:
 * its shares) and random number give the move. */
static void check_round(Analyzer *analyzer, const PlayRun *run, const RecordRound *round,
                        const Standing *standing, uint64_t game, uint32_t first_ply) {
    const SelfplayConfig *c = &run->config;
    RoundState s = round->start;
    int next = 0;
    for (int ply = 0; ply < round->action_count; ply++) {
        uint64_t legal = round_legal(&s);
        const RecordDecision *d = &round->decisions[next];
        if (bits_is_one(legal)) {
            forced++;
            CHECK(next == round->decision_count || d->ply != ply);
        } else {
            uint32_t visits[MAX_EDGES];
            Rng rng = rng_begin(c->settings.seed, game, first_ply + (uint32_t)ply, RNG_MOVE, 0);
            CHECK(next < round->decision_count && d->ply == ply);
            if (checks_failed) return;
            if (c->simulations > 0)
                CHECK(d->sum == c->worlds * c->simulations);
            else
                CHECK(abs(d->sum - ROOT_UNITS) <= MAX_EDGES);
            for (int e = 0; e < d->legal_count; e++) visits[e] = d->visits[e];
            int power = next < c->settings.explore_decisions ? 1 : c->settings.move_power;
            int chosen = root_choose(visits, d->legal_count, power, &rng);
            uint64_t left = legal;
            while (chosen-- > 0) left &= left - 1;
            CHECK(bits_lowest(left) == round->actions[ply]);
            ask_again(analyzer, run, &s, standing, game, first_ply + (uint32_t)ply, d);
            searched++;
            next++;
        }
        round_apply(&s, round->actions[ply]);
    }
    CHECK(next == round->decision_count);
}

static void check_games(const PlayRun *run, const Played *played) {
    GameTerms terms = {run->config.rules, run->config.settings.cards, run->config.settings.full};
    Analyzer analyzer;
    const Device *device;
    char device_text[128];
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    CHECK(analyzer_open(&analyzer, device, run->weights, PRECISION_FLOAT32, NETWORK_AUTO) ==
          STATUS_OK);
    for (int64_t g = 0; g < played->count && !checks_failed; g++) {
        GameRecord record;
        RecordRound round;
        Standing standing;
        uint32_t ply = 0;
        memset(&standing, 0, sizeof standing);
        CHECK(game_record_begin(&record, &terms, played->record[g], played->record[g][4]));
        CHECK(record.id == g);
        standing.rounds = (int16_t)(terms.full ? record.rounds : 0);
        while (game_record_next(&record, &round)) {
            if (g < LOOKED_AT)
                check_round(&analyzer, run, &round, &standing, (uint64_t)record.id, ply);
            ply += (uint32_t)round.action_count;
            for (int i = 0; i < MAX_SEATS; i++)
                standing.scores[i] = (int16_t)(standing.scores[i] + round.scores[i]);
            standing.round++;
        }
        if (record.wrong[0]) fprintf(stderr, "game %d: %s\n", (int)g, record.wrong);
        CHECK(!record.wrong[0] && standing.round == record.rounds);
    }
    analyzer_close(&analyzer);
}

/* After a fault nothing moves, the network evaluates nothing, and the host is told. */
static void a_fault_stops_everything(void) {
    static const GameRange all = {0, 0};
    Selfplay sp;
    const Device *device;
    const PlayCounters *counters;
    const uint16_t *out;
    char device_text[128];
    SelfplayConfig c = play_config(RULES_BLOB, 4, 4, 0);
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    CHECK(selfplay_open(&sp, &c, device, NULL, &all, 1, GAMES) == STATUS_OK);
    CHECK(selfplay_enqueue(&sp) == STATUS_OK &&
          selfplay_wait(&sp, 0, &counters, &out) == STATUS_OK);
    PlayCounters before = *counters;
    CHECK(before.fault.code == FAULT_NONE && before.rows > 0);
    const Search *s = &sp.play.search;
    size_t nodes = (size_t)s->B * (size_t)s->M * sizeof *s->nodes;
    Node *copy = (Node *)malloc(nodes);
    CHECK(copy != NULL);
    if (checks_failed) return;
    memcpy(copy, s->nodes, nodes);
    fault_raise(s->fault, FAULT_WORLDS, 3);
    fault_raise(s->fault, FAULT_VALUE, 4); /* the first one wins */
    CHECK(selfplay_enqueue(&sp) == STATUS_OK &&
          selfplay_wait(&sp, 1, &counters, &out) == STATUS_OK);
    CHECK(counters->fault.code == FAULT_WORLDS && counters->fault.item == 3);
    CHECK(counters->rows == before.rows && counters->waves == before.waves);
    CHECK(counters->started == before.started && counters->out_used == 0);
    CHECK(s->row_offset[s->B] == 0 && memcmp(copy, s->nodes, nodes) == 0);
    free(copy);
    selfplay_close(&sp);
}

static void check_run(SelfplayConfig config) {
    PlayRun base = run_of(config);
    Played want = play_run(&base);
    CHECK(want.count == GAMES);
    if (!checks_failed) check_games(&base, &want);
    if (!checks_failed) batch_and_threads_change_nothing(&base, &want);
    if (!checks_failed) ranges_select_among_the_same_games(&base, &want);
    if (!checks_failed) another_seed_plays_other_games(&base, &want);
    play_free(&want);
}

int main(void) {
    static const struct {
        int variant, P, T, full, leaves, power, explore, policy;
        Evaluator evaluator;
    } runs[] = {{.variant = RULES_BLOB,
                 .P = 4,
                 .T = 4,
                 .full = 0,
                 .leaves = 1,
                 .power = 4,
                 .explore = 2,
                 .evaluator = EVALUATOR_HASH},
                {.variant = RULES_BLOB,
                 .P = 2,
                 .T = 6,
                 .full = 0,
                 .leaves = 8,
                 .power = ROOT_BEST,
                 .explore = 0,
                 .evaluator = EVALUATOR_HASH},
                {.variant = RULES_BLOB,
                 .P = 8,
                 .T = 2,
                 .full = 0,
                 .leaves = 1,
                 .power = 1,
                 .explore = 3,
                 .evaluator = EVALUATOR_UNIFORM},
                {.variant = RULES_BLOB,
                 .P = 3,
                 .T = 3,
                 .full = 1,
                 .leaves = 4,
                 .power = 2,
                 .explore = 1,
                 .evaluator = EVALUATOR_HASH},
                {.variant = RULES_OH_HELL,
                 .P = 5,
                 .T = 3,
                 .full = 0,
                 .leaves = 1,
                 .power = 4,
                 .explore = 2,
                 .evaluator = EVALUATOR_HASH},
                {.variant = RULES_OH_HELL,
                 .P = 3,
                 .T = 2,
                 .full = 1,
                 .leaves = 3,
                 .power = ROOT_BEST,
                 .explore = 2,
                 .evaluator = EVALUATOR_HASH},
                {.variant = RULES_BLOB,
                 .P = 3,
                 .T = 2,
                 .full = 1,
                 .leaves = 1,
                 .power = 4,
                 .explore = 2,
                 .evaluator = EVALUATOR_NET},
                {.variant = RULES_OH_HELL,
                 .P = 4,
                 .T = 3,
                 .full = 0,
                 .leaves = 4,
                 .power = 2,
                 .explore = 2,
                 .evaluator = EVALUATOR_NET},
                {.variant = RULES_BLOB,
                 .P = 4,
                 .T = 5,
                 .full = 0,
                 .leaves = 1,
                 .power = ROOT_BEST,
                 .explore = 9,
                 .policy = 1,
                 .evaluator = EVALUATOR_HASH},
                {.variant = RULES_OH_HELL,
                 .P = 3,
                 .T = 3,
                 .full = 1,
                 .leaves = 2,
                 .power = 4,
                 .explore = 100,
                 .policy = 1,
                 .evaluator = EVALUATOR_NET}};
    ModelConfig model = {
        .inputs = 256,
        .width = 32,
        .heads = 4,
        .hidden = 32,
        .layers = 1,
        .policy_hidden = 32,
        .actions = 52,
        .value_hidden = 32,
        .values = 8,
        .value_head = VALUE_SIGMOID,
    };
    CHECK(weights_alloc(&weights, &model) == STATUS_OK);
    weights_init(&weights, 5);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0] && !checks_failed; i++) {
        SelfplayConfig c = play_config(runs[i].variant, runs[i].P, runs[i].T, runs[i].full);
        c.leaves = runs[i].leaves;
        c.settings.move_power = runs[i].power;
        c.settings.explore_decisions = runs[i].explore;
        c.evaluator = runs[i].evaluator;
        if (runs[i].policy) c.worlds = 1, c.simulations = 0;
        if (i == 2 || runs[i].policy) c.noise_weight = 0;
        check_run(c);
        if (checks_failed) fprintf(stderr, "in run %d\n", (int)i);
    }
    a_fault_stops_everything();
    CHECK(decisions_asked > 500 && searched > 500 && forced > 300);
    weights_free(&weights);
    return check_report();
}
