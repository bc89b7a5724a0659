/* tests/search/test_reference.c - the reference search gives the recorded answers and those worked
 * out by hand.
 *
 *   test_reference FILE.jsonl...   lines of {"query": .., "expect": ..}
 *
 * Lines that expect an error are left to the analyze test. If a line's id begins with the name of a
 * wrong order ("tie_last-0"), that order must also give different visits. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/reference/ref_json.h"
#include "tests/reference/ref_rules.h"

static void fail_line(const char *path, int line, const char *id, const char *what) {
    fprintf(stderr, "%s:%d: query %s: %s\n", path, line, id, what);
    checks_failed++;
}

static bool same_visits(const RefAnswer *a, const RefAnswer *b) {
    return memcmp(a->visits, b->visits, (size_t)a->legal_count * sizeof a->visits[0]) == 0;
}

/* Whether the id names a wrong order that leaves all visits unchanged. */
static bool order_unnoticed(const char *id, RefQuery query, const RefAnswer *right) {
    RefAnswer other;
    for (int order = REF_RIGHT + 1; order < REF_ORDER_COUNT; order++) {
        const char *name = ref_order_name((RefOrder)order);
        size_t length = strlen(name);
        if (strncmp(id, name, length) != 0 || id[length] != '-') continue;
        query.order = (RefOrder)order;
        return ref_search(&query, &other) != NULL || same_visits(&other, right);
    }
    return false;
}

static void check_line(const char *path, int line, const char *text) {
    RefQuery query;
    RefAnswer answer;
    cJSON *json = cJSON_Parse(text);
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(json, "expect");
    const cJSON *asked = cJSON_GetObjectItemCaseSensitive(json, "query");
    const cJSON *id_item = cJSON_GetObjectItemCaseSensitive(asked, "id");
    const char *id = cJSON_IsString(id_item) ? id_item->valuestring : "without id";
    if (!expect || !asked) {
        fail_line(path, line, id, "not a query with its answer");
    } else if (!cJSON_GetObjectItemCaseSensitive(expect, "error")) {
        const char *wrong = ref_json_read(asked, &query);
        if (!wrong) wrong = ref_search(&query, &answer);
        if (!wrong) wrong = ref_json_match(expect, &answer);
        if (!wrong && order_unnoticed(id, query, &answer)) wrong = "visits of a wrong order";
        if (wrong) fail_line(path, line, id, wrong);
    }
    cJSON_Delete(json);
}

static void check_file(const char *path) {
    static char text[1 << 16];
    FILE *file = fopen(path, "r");
    int line = 0;
    if (!file) {
        fail_line(path, 0, "none", "cannot be opened");
        return;
    }
    while (fgets(text, sizeof text, file)) check_line(path, ++line, text);
    if (line == 0) fail_line(path, 0, "none", "no lines");
    fclose(file);
}

/* Two seats, two cards each, no trump: seat 0 holds 3S AH, seat 1 holds 2S KS, seat 0 leads. */
static RefQuery endgame(int bid0, int bid1) {
    RefQuery query;
    memset(&query, 0, sizeof query);
    query.players = query.cards = query.action_count = 2;
    query.dealer = 1;
    query.trump = 4;
    query.hands[0] = ref_hand_of_bits((uint64_t)1 << 1 | (uint64_t)1 << 25);
    query.hands[1] = ref_hand_of_bits((uint64_t)1 << 0 | (uint64_t)1 << 11);
    query.actions[0] = bid0;
    query.actions[1] = bid1;
    query.worlds = query.simulations = query.leaves = 1;
    query.c_puct = 1.5;
    return query;
}

/* Bids 2 and 1: if AH is led first, seat 1 keeps KS and makes its bid; if 3S is, it cannot make it,
 * all its actions are equal, and the lowest, 2S, lets seat 0 take both. Bids 1 and 0: seat 1 throws
 * KS under AH, or plays 2S under 3S, and seat 0 takes both tricks. */
static void max_n_matches_hand_calculation(void) {
    RefMaxN found;
    RefQuery query = endgame(2, 1);
    CHECK(ref_max_n(&query, &found) == NULL);
    CHECK(found.best == 1 && found.score[0] == 12 && found.score[1] == 0);
    CHECK(found.value[0] == 1.0f && found.value[1] == 0.0f && !found.clear);
    query = endgame(1, 0);
    CHECK(ref_max_n(&query, &found) == NULL);
    CHECK(found.best == 1 && found.score[0] == 0 && found.score[1] == 10 && found.clear);
}

/* If no seat ever chooses between equals, a long search plays a best action and finds its value. */
static void max_n_matches_long_searches(void) {
    uint64_t state = 11;
    RefQuery query;
    RefMaxN exact, after;
    RefAnswer answer;
    for (int found = 0; found < 12;) {
        ref_draw_query(&state, 20, &query);
        int cards_left = query.players * (query.cards + 1) - query.action_count;
        if (query.action_count < query.players || cards_left > 9) continue;
        CHECK(ref_max_n(&query, &exact) == NULL);
        if (!exact.clear) continue;
        query.worlds = query.leaves = 1;
        query.simulations = 20000;
        query.c_puct = 0.5; /* explores little of what is known to be worse */
        CHECK(ref_search(&query, &answer) == NULL);
        int best = 0, seat = answer.to_move;
        while (answer.legal[best] != answer.best) best++;
        float error = exact.value[seat] - answer.q[best];
        CHECK(error < 0.02f && error > -0.02f); /* the cost of exploring, and rounding */
        query.actions[query.action_count++] = answer.best;
        CHECK(ref_max_n(&query, &after) == NULL);
        CHECK(after.score[seat] == exact.score[seat]);
        found++;
    }
}

/* Worlds equal to the truth change nothing, nor do root priors equal to the evaluator's. */
static void true_worlds_and_priors_change_nothing(void) {
    uint64_t state = 5;
    for (int i = 0; i < 50; i++) {
        RefQuery query;
        RefRound round;
        RefAnswer truth, given;
        RefHand held[3 * REF_SEATS];
        ref_draw_query(&state, 40, &query);
        CHECK(ref_search(&query, &truth) == NULL);
        CHECK(ref_round_replay(&round, &query, query.hands, NULL) == NULL);
        for (int at = 0; at < query.worlds * query.players; at++) {
            uint64_t bits = 0;
            for (int card = 0; card < REF_CARDS; card++)
                if (round.holds[at % query.players][card]) bits |= (uint64_t)1 << card;
            held[at] = ref_hand_of_bits(bits);
        }
        query.held = held;
        query.root_prior = truth.prior;
        CHECK(ref_search(&query, &given) == NULL);
        CHECK(same_visits(&truth, &given) && truth.rows == given.rows);
    }
}

/* Another deal of the unseen cards changes the answer, and so do other priors; a world in which the
 * mover holds other cards is refused. */
static void other_worlds_and_priors_count(void) {
    uint64_t state = 5;
    RefQuery query;
    RefAnswer truth, given;
    RefHand held[4];
    do {
        ref_draw_query(&state, 24, &query);
    } while (query.players != 4 || query.cards < 4 || query.action_count > 3 ||
             query.simulations < 90);
    query.worlds = 1;
    CHECK(ref_search(&query, &truth) == NULL);
    int mover = truth.to_move, a = (mover + 1) % 4, b = (mover + 2) % 4;
    memcpy(held, query.hands, sizeof held);
    query.held = held;
    held[a] = query.hands[b];
    held[b] = query.hands[a];
    CHECK(ref_search(&query, &given) == NULL);
    CHECK(memcmp(truth.q, given.q, (size_t)truth.legal_count * sizeof(float)) != 0);
    held[mover] = held[a];
    held[a] = query.hands[mover];
    CHECK(ref_search(&query, &given) != NULL);

    float prior[REF_EDGES] = {0};
    prior[truth.legal_count - 1] = 1;
    query.held = NULL;
    query.root_prior = prior;
    CHECK(ref_search(&query, &given) == NULL);
    CHECK(!same_visits(&truth, &given) && given.prior[0] == 0);
}

int main(int argc, char **argv) {
    if (argc < 2) fail_line("test_reference", 0, "none", "no files of queries given");
    for (int i = 1; i < argc; i++) check_file(argv[i]);
    max_n_matches_hand_calculation();
    max_n_matches_long_searches();
    true_worlds_and_priors_change_nothing();
    other_worlds_and_priors_count();
    return check_report();
}
