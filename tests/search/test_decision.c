/* tests/search/test_decision.c - one decision: what it finds, what it must not know and what stops
 * it. */
#include "tests/support/play_run.h"
#include "tests/support/random_position.h"
#include "reference_position.h"

enum { T = 5 }; /* cards each in the positions worked by hand */

static const Device *device;
static const ModelConfig SMALL = {
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

static AnalyzeQuery query_at(const Rules *rules, const RoundState *s, Evaluator evaluator) {
    AnalyzeQuery q;
    memset(&q, 0, sizeof q);
    q.rules = *rules;
    q.state = *s;
    q.worlds = 3;
    q.simulations = 30;
    q.leaves = 2;
    q.c_puct = 1.5f;
    q.fpu = 0.1f;
    q.noise_alpha = 10;
    q.evaluator = evaluator;
    q.search_seed = q.seed = 5;
    q.game = 6;
    q.ply = 7;
    return q;
}

/* The seat's score if all others played to help it. */
static int score_with_help(const Rules *rules, const RoundState *s, int seat) {
    int best = -1000;
    if (round_is_over(s)) return round_score(rules, s, seat);
    for (uint64_t legal = round_legal(s); legal; legal &= legal - 1) {
        RoundState next = *s;
        round_apply(&next, bits_lowest(legal));
        int score = score_with_help(rules, &next, seat);
        if (score > best) best = score;
    }
    return best;
}

/* If no seat ever chooses between equals, a long search plays a best action and finds its value.
 * Tried where the others' own interest costs the mover something. */
static void long_searches_converge_to_max_n(void) {
    uint64_t state = 77;
    Analyzer analyzer;
    CHECK(analyzer_open(&analyzer, device, NULL, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK);
    for (int found = 0; found < 30 && !checks_failed;) {
        static RefQuery query;
        RefMaxN exact, after;
        AnalyzeAnswer answer;
        ref_draw_query(&state, 20, &query);
        int cards_left = query.players * (query.cards + 1) - query.action_count;
        if (query.action_count < query.players || cards_left > 9) continue;
        CHECK(ref_max_n(&query, &exact) == NULL);
        if (!exact.clear) continue;
        query.worlds = 1;
        query.simulations = 50000;
        query.leaves = found % 2 ? 4 : 1;
        query.c_puct = 0.5; /* explores little of what is known to be worse */
        AnalyzeQuery q = reference_query(&query);
        int seat = q.state.turn;
        if (score_with_help(&q.rules, &q.state, seat) == exact.score[seat]) continue;
        CHECK(analyzer_answer(&analyzer, &q, &answer) == STATUS_OK);
        float error = exact.value[seat] - answer.q[answer.best];
        CHECK(error < 0.03f && error > -0.03f); /* the cost of exploring, and rounding */
        query.actions[query.action_count++] = answer.action[answer.best];
        CHECK(ref_max_n(&query, &after) == NULL);
        CHECK(after.score[seat] == exact.score[seat]);
        found++;
    }
    analyzer_close(&analyzer);
}

/* A closed answer is the same for every deal of the hidden cards; an open one is not. */
static void closed_answers_ignore_hidden_hands(const Weights *weights) {
    static const int table[][4] = {{RULES_BLOB, 4, 5, 40},    {RULES_BLOB, 2, 8, 20},
                                   {RULES_OH_HELL, 5, 4, 30}, {RULES_BLOB, 8, 6, 20},
                                   {RULES_OH_HELL, 3, 9, 20}, {RULES_BLOB, 3, 17, 10}};
    uint64_t item = 0;
    int open_differs = 0;
    Analyzer analyzer;
    CHECK(analyzer_open(&analyzer, device, weights, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int n = 0; n < table[i][3]; n++) {
            Rules rules = {(uint8_t)table[i][0], (uint8_t)table[i][1], 2, 1};
            uint8_t deck[CARDS];
            RoundState s = random_choice(&rules, table[i][2], &item);
            AnalyzeQuery q = query_at(&rules, &s, n % 4 ? EVALUATOR_HASH : EVALUATOR_NET);
            AnalyzeAnswer want, got;
            q.noise_weight = n % 2 ? 0.25f : 0;
            CHECK(analyzer_answer(&analyzer, &q, &want) == STATUS_OK);
            for (int again = 0; again < 3; again++) {
                Rng rng = shuffled_deck(9, item + (uint64_t)again, deck);
                if (again < 2) deal_hidden(&q.state, &rng);
                for (int seat = 0; again == 2 && seat < rules.players; seat++)
                    if (seat != s.turn) q.state.hands[seat] = 0;
                CHECK(analyzer_answer(&analyzer, &q, &got) == STATUS_OK);
                CHECK(memcmp(&got, &want, sizeof got) == 0);
            }
            q.open = 1;
            q.state = s;
            CHECK(analyzer_answer(&analyzer, &q, &got) == STATUS_OK);
            open_differs += memcmp(got.visits, want.visits, sizeof got.visits) != 0;
        }
    CHECK(open_differs > 60);
    analyzer_close(&analyzer);
}

/* The dealer, seat 3, is to bid the last of 1 + 1 + 1; or, played on, seat 0 is to lead. */
static RoundState by_hand(bool led) {
    /* seat 0: 2S 3S AS 4C 5D, trump hearts: canonical H S D C, so columns 13 14 25 41 29 */
    static const uint64_t hands[MAX_SEATS] = {0x1003 | (uint64_t)1 << 28 | (uint64_t)1 << 42,
                                              (uint64_t)0x1F << 20, (uint64_t)0x1F << 30,
                                              (uint64_t)0x1F << 45};
    RoundState s;
    round_begin(&s, 4, T, 3, 1, CARD_NONE, hands);
    for (int i = 0; i < 3; i++) round_apply(&s, 1);
    if (led) round_apply(&s, 0);
    return s;
}

/* A network with the same outputs for every row: logits by column, values by relative seat. */
static Weights constant_network(void) {
    Weights w;
    CHECK(weights_alloc(&w, &SMALL) == STATUS_OK);
    weights_init(&w, 3);
    float *policy = weights_find(&w, "policy_fc.3.bias");
    float *value = weights_find(&w, "value_fc.3.bias");
    memset(weights_find(&w, "policy_fc.3.weight"), 0, sizeof(float) * 52 * 32);
    memset(weights_find(&w, "value_fc.3.weight"), 0, sizeof(float) * 8 * 32);
    for (int c = 0; c < ACTIONS; c++) policy[c] = logf((float)(c + 1));
    for (int r = 0; r < MAX_SEATS; r++) value[r] = logf((float)(r + 1) / (float)(9 - r));
    return w;
}

static bool near(float x, double want) { return fabs((double)x - want) < 1e-6; }

/* Priors are proportional to 1 + column; relative seat r has the value (r + 1) / 10. */
static void network_answers_match_hand_calculation(void) {
    static const int bids[5] = {0, 1, 3, 4, 5}, columns[5] = {13, 14, 25, 41, 29};
    Rules rules = {RULES_BLOB, 4, 0, 0};
    Weights w = constant_network();
    Analyzer a;
    AnalyzeAnswer answer;
    CHECK(analyzer_open(&a, device, &w, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK);
    for (int led = 0; led < 2; led++) {
        RoundState s = by_hand(led);
        AnalyzeQuery q = query_at(&rules, &s, EVALUATOR_NET);
        const int *column = led ? columns : bids;
        int best = led ? 3 : 4; /* the one with the highest column */
        double sum = 5;
        q.open = 1;
        q.simulations = q.leaves = 1;
        CHECK(analyzer_answer(&a, &q, &answer) == STATUS_OK && answer.n == 5);
        for (int e = 0; e < 5; e++) sum += column[e];
        for (int e = 0; e < 5; e++) CHECK(near(answer.prior[e], (1 + column[e]) / sum));
        for (int seat = 0; seat < 4; seat++)
            CHECK(near(answer.value[seat], ((seat - s.turn + 4) % 4 + 1) / 10.0));
        /* in all three worlds; then the next seat moves, and the mover is its fourth */
        CHECK(answer.best == best && answer.visits[best] == 3 && near(answer.q[best], 0.4));
        CHECK(answer.rows == 4 && answer.policy[best] == 1.0f);
    }
    analyzer_close(&a);
    weights_free(&w);
}

/* The fault of a decision with one bias of the network set to x: columns [from, to). */
static FaultCode fault_of(const char *tensor, int from, int to, float x, bool led) {
    Rules rules = {RULES_BLOB, 4, 0, 0};
    Weights w = constant_network();
    Analyzer a;
    AnalyzeAnswer answer, again;
    RoundState s = by_hand(led);
    AnalyzeQuery q = query_at(&rules, &s, EVALUATOR_NET);
    q.simulations = 2;
    for (int i = from; i < to; i++) weights_find(&w, tensor)[i] = x;
    CHECK(analyzer_open(&a, device, &w, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK);
    Status status = analyzer_answer(&a, &q, &answer);
    FaultCode code = (FaultCode)a.wave.search.fault->code;
    CHECK(status == (code == FAULT_NONE ? STATUS_OK : STATUS_FAULT));
    CHECK(analyzer_answer(&a, &q, &again) == status); /* and the fault is cleared between queries */
    q.evaluator = EVALUATOR_HASH;
    CHECK(analyzer_answer(&a, &q, &again) == STATUS_OK);
    analyzer_close(&a);
    weights_free(&w);
    return code;
}

static void non_finite_outputs_stop_the_search(void) {
    const char *policy = "policy_fc.3.bias", *value = "value_fc.3.bias";
    CHECK(fault_of(policy, 0, 0, 0, false) == FAULT_NONE);
    CHECK(fault_of(policy, 3, 4, NAN, false) == FAULT_LOGIT);
    CHECK(fault_of(policy, 3, 4, INFINITY, false) == FAULT_LOGIT);
    CHECK(fault_of(policy, 3, 4, -INFINITY, false) == FAULT_LOGIT);
    CHECK(fault_of(policy, 41, 42, NAN, true) == FAULT_LOGIT);
    CHECK(fault_of(policy, 2, 3, NAN, false) == FAULT_NONE);   /* the forbidden bid */
    CHECK(fault_of(policy, 6, 52, NAN, false) == FAULT_LOGIT); /* not at the root but below it */
    for (int r = 0; r < 4; r++) CHECK(fault_of(value, r, r + 1, NAN, false) == FAULT_VALUE);
    CHECK(fault_of(value, 4, 8, NAN, false) == FAULT_NONE);      /* of seats that do not exist */
    CHECK(fault_of(value, 0, 8, INFINITY, false) == FAULT_NONE); /* the sigmoid makes it 1 */
}

static void a_run_reports_its_fault(void) {
    static const GameRange all = {0, 0};
    const PlayCounters *counters;
    const uint16_t *out;
    Weights w = constant_network();
    Selfplay sp;
    SelfplayConfig c = play_config(RULES_BLOB, 4, T, 0);
    c.evaluator = EVALUATOR_NET;
    c.model = w.config;
    weights_find(&w, "value_fc.3.bias")[1] = NAN;
    CHECK(selfplay_open(&sp, &c, device, &w, &all, 1, 20) == STATUS_OK);
    CHECK(selfplay_enqueue(&sp) == STATUS_OK);
    CHECK(selfplay_wait(&sp, 0, &counters, &out) == STATUS_OK);
    CHECK(counters->fault.code == FAULT_VALUE);
    CHECK(counters->fault.item >= 0 && counters->fault.item < sp.play.search.B);
    selfplay_close(&sp);
    weights_free(&w);
}

/* A single legal action is not searched; a history that no deal fits is refused; nothing carries
 * over from one query to the next. */
static void queries_are_independent(void) {
    Rules rules = {RULES_BLOB, 2, 0, 0};
    uint64_t hands[MAX_SEATS] = {card_bit(12) | card_bit(13), card_bit(0) | card_bit(14)};
    Analyzer a;
    AnalyzeAnswer answer, want;
    RoundState s;
    CHECK(analyzer_open(&a, device, NULL, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK);
    round_begin(&s, 2, 2, 0, TRUMP_NONE, CARD_NONE, hands);
    AnalyzeQuery q = query_at(&rules, &s, EVALUATOR_HASH), larger = q;
    CHECK(analyzer_answer(&a, &q, &want) == STATUS_OK && want.rows > 1);
    larger.worlds = 20;
    larger.simulations = 500;
    larger.leaves = 50;
    CHECK(analyzer_answer(&a, &larger, &answer) == STATUS_OK && answer.rows > want.rows);
    CHECK(analyzer_answer(&a, &q, &answer) == STATUS_OK);
    CHECK(memcmp(&answer, &want, sizeof want) == 0);
    round_apply(&q.state, 1);
    round_apply(&q.state, 0);
    round_apply(&q.state, 0); /* 2S is led, seat 0 has to follow with AS */
    CHECK(analyzer_answer(&a, &q, &answer) == STATUS_OK);
    CHECK(answer.n == 1 && answer.action[0] == 12 && answer.visits[0] == 0 && answer.rows == 0);
    CHECK(answer.prior[0] == 1 && answer.policy[0] == 1 && answer.q[0] == 0 && answer.best == 0);
    q.state = s;
    q.state.voids = 15; /* seat 0 holds cards but is void in every suit */
    CHECK(analyzer_answer(&a, &q, &answer) == STATUS_INPUT);
    analyzer_close(&a);
}

int main(void) {
    char device_text[128];
    Weights weights;
    omp_set_num_threads(1);
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    CHECK(weights_alloc(&weights, &SMALL) == STATUS_OK);
    weights_init(&weights, 9);
    closed_answers_ignore_hidden_hands(&weights);
    network_answers_match_hand_calculation();
    non_finite_outputs_stop_the_search();
    a_run_reports_its_fault();
    queries_are_independent();
    long_searches_converge_to_max_n();
    weights_free(&weights);
    return check_report();
}
