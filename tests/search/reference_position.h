/* tests/search/reference_position.h - turns a query of the slow reference into the project's
 * own. */
#ifndef TESTS_SEARCH_REFERENCE_POSITION_H
#define TESTS_SEARCH_REFERENCE_POSITION_H

#include "device/play/analyze.h"
#include "tests/support/check.h"
#include "tests/reference/reference.h"

static RoundState reference_position(const RefQuery *q) {
    RoundState s;
    uint64_t hands[MAX_SEATS] = {0};
    bool oh_hell = q->rules == REF_OH_HELL;
    for (int i = 0; i < q->players; i++)
        for (int c = 0; c < q->hands[i].count; c++) hands[i] |= card_bit(q->hands[i].cards[c]);
    round_begin(&s, q->players, q->cards, q->dealer, oh_hell ? card_suit(q->turned) : q->trump,
                oh_hell ? q->turned : CARD_NONE, hands);
    for (int i = 0; i < q->action_count; i++) {
        CHECK(round_legal(&s) >> q->actions[i] & 1);
        round_apply(&s, q->actions[i]);
    }
    return s;
}

/* Open, without noise. */
static AnalyzeQuery reference_query(const RefQuery *q) {
    AnalyzeQuery a;
    memset(&a, 0, sizeof a);
    a.rules.variant = q->rules == REF_OH_HELL ? RULES_OH_HELL : RULES_BLOB;
    a.rules.players = (uint8_t)q->players;
    a.rules.points = (uint8_t)(q->rules == REF_OH_HELL ? q->points : 0);
    a.rules.penalty = q->rules == REF_OH_HELL && q->penalty;
    a.state = reference_position(q);
    a.open = 1;
    a.worlds = q->worlds;
    a.simulations = q->simulations;
    a.leaves = q->leaves;
    a.c_puct = (float)q->c_puct;
    a.fpu = (float)q->fpu;
    a.noise_alpha = 10;
    a.evaluator = q->evaluator == REF_HASH ? EVALUATOR_HASH : EVALUATOR_UNIFORM;
    a.search_seed = a.seed = q->seed;
    return a;
}

#endif
