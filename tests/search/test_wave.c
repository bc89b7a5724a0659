/* tests/search/test_wave.c - what a finished search leaves in its trees, and how many waves it
 * takes. */
#include <omp.h>
#include <stdlib.h>

#include "device/search/descend.h"
#include "device/search/root.h"
#include "device/search/search.h"
#include "tests/support/check.h"
#include "tests/support/random_position.h"

/* D decisions on the cpu, driven wave by wave. */
typedef struct {
    Search s;
    void *block;
    int64_t waves, rows;
} Trees;

static Trees trees_open(const Rules *rules, int D, int W, int S, int K, int E,
                        Evaluator evaluator) {
    Trees t;
    Arena dry = {NULL, 0, 0};
    memset(&t, 0, sizeof t);
    t.s.B = D * W;
    t.s.W = W;
    t.s.S = S;
    t.s.M = S + 1;
    t.s.K = K;
    t.s.E = E;
    t.s.c_puct = 1.5f;
    t.s.fpu = 0.1f;
    t.s.evaluator = evaluator;
    t.s.rules = *rules;
    search_layout(&t.s, &dry);
    CHECK(backend_cpu.alloc(&t.block, dry.used) == STATUS_OK);
    Arena arena = {(char *)t.block, 0, dry.used};
    search_layout(&t.s, &arena);
    for (int d = 0; d < D; d++) t.s.seeds[d] = 100 + (uint64_t)d;
    return t;
}

static void trees_close(Trees *t) { backend_cpu.release(t->block); }

static bool trees_done(const Search *s) {
    for (int d = 0; d < s->B / s->W; d++)
        if (!root_is_done(s, d)) return false;
    return true;
}

/* The pending batch of tree b: one row for each non-terminal leaf, numbered in order of first
 * reach. */
static void check_batch(const Search *s, int b) {
    const uint16_t *leaf = s->leaf + (int64_t)b * s->K, *row = s->leaf_row + (int64_t)b * s->K;
    int next = 0;
    for (int k = 0; k < s->heads[b].batch; k++) {
        int first = 0;
        while (leaf[first] != leaf[k]) first++;
        if (round_is_over(&tree_node(s, b, leaf[k])->state))
            CHECK(row[k] == LEAF_NO_ROW);
        else
            CHECK(row[k] == (first < k ? row[first] : next++));
    }
    if (s->heads[b].stage == TREE_SEARCHING) CHECK(next > 0 || s->heads[b].batch == 0);
    if (s->heads[b].stage != TREE_ROOT) CHECK(s->row_count[b] == next);
}

/* One wave after another until all trees are done; states (B). */
static void trees_search(Trees *t, const RoundState *states) {
    const Search *s = &t->s;
    CHECK(search_cpu.begin(s, states, NULL) == STATUS_OK);
    while (!trees_done(s) && t->waves <= s->S + 1) {
        CHECK(search_cpu.descend(s, NULL) == STATUS_OK);
        for (int b = 0; b < s->B; b++) check_batch(s, b);
        CHECK(backend_cpu.scan(s->row_count, s->row_offset, s->B, NULL, 0, NULL) == STATUS_OK);
        CHECK(search_cpu.backup(s, NULL) == STATUS_OK);
        t->rows += s->row_offset[s->B];
        t->waves++;
    }
    CHECK(trees_done(s));
}

/* Visits of all edges of a node. */
static int visits_of(const Search *s, int b, int node) {
    int sum = 0;
    for (int e = 0; e < tree_node(s, b, node)->edge_count; e++)
        sum += tree_edges(s, b, node)[e].visits;
    return sum;
}

static bool same_state(const RoundState *a, const RoundState *b) {
    return memcmp(a, b, offsetof(RoundState, tricks_done) + 1) == 0;
}

static RoundState after(const RoundState *s, int action) {
    RoundState t = *s;
    do {
        round_apply(&t, action);
        action = bits_is_one(round_legal(&t)) ? bits_lowest(round_legal(&t)) : -1;
    } while (action >= 0);
    return t;
}

/* A node's links and edges are right, and nothing is left in flight. */
static void check_node(const Search *s, int b, int node) {
    const Node *n = tree_node(s, b, node);
    const Edge *edges = tree_edges(s, b, node);
    uint64_t legal = round_legal(&n->state);
    float sum = 0;
    CHECK(n->edge_count == bits_count(legal) && n->edge_count != 1);
    for (int e = 0; e < n->edge_count; e++, legal &= legal - 1) {
        CHECK(edges[e].action == bits_lowest(legal) && edges[e].in_flight == 0);
        CHECK((edges[e].child == 0) == (edges[e].visits == 0));
        CHECK(edges[e].child == 0 || edges[e].child > node);
        sum += edges[e].prior;
    }
    if (n->edge_count > 0) {
        CHECK(sum > 0.99999f && sum < 1.00001f);
        CHECK(n->value == evaluate_value(s, b, node, 0, n->state.turn));
    }
    if (node == 0) return;
    const Edge *from = tree_edges(s, b, n->parent) + n->parent_edge;
    RoundState state = after(&tree_node(s, b, n->parent)->state, from->action);
    CHECK(n->parent < node && from->child == node && same_state(&state, &n->state));
}

/* Every visit of an edge ended at its node or continued below it, and backed up that value. */
static void check_sums(const Search *s, int b) {
    static double total[4096][MAX_SEATS]; /* of the descents that passed, by absolute seat */
    int nodes = s->heads[b].nodes, rows = 0;
    CHECK(nodes <= 4096);
    if (checks_failed) return;
    memset(total, 0, sizeof total);
    for (int i = nodes - 1; i > 0; i--) {
        const Node *n = tree_node(s, b, i), *parent = tree_node(s, b, n->parent);
        const Edge *from = tree_edges(s, b, n->parent) + n->parent_edge;
        int ended = from->visits - visits_of(s, b, i);
        bool over = round_is_over(&n->state);
        CHECK(over || (ended >= 1 && ended <= s->K)); /* several only in one batch */
        rows += !over;
        for (int seat = 0; seat < n->state.players; seat++) {
            total[i][seat] += ended * (double)evaluate_value(s, b, i, 0, seat);
            total[n->parent][seat] += total[i][seat];
        }
        CHECK(fabs((double)from->value_sum - total[i][parent->state.turn]) <= 1e-4 * from->visits);
    }
    CHECK(rows == s->heads[b].rows);
}

static void check_tree(const Search *s, int b) {
    const TreeHead *head = &s->heads[b];
    CHECK(head->stage == TREE_DONE && head->batch == 0 && head->finished == s->S);
    CHECK(head->nodes >= 2 && head->nodes <= s->S + 1);
    CHECK(visits_of(s, b, 0) == s->S);
    for (int i = 0; i < head->nodes; i++) check_node(s, b, i);
    check_sums(s, b);
}

/* The same search without waves: one batch after another, tree by tree. */
static void check_against_batches(const Trees *waves, const RoundState *states) {
    const Search *a = &waves->s;
    Trees t = trees_open(&a->rules, a->B / a->W, a->W, a->S, a->K, a->E, a->evaluator);
    const Search *s = &t.s;
    for (int b = 0; b < s->B; b++) {
        int nodes = 1;
        root_begin(s, b, &states[b]);
        expand_root_one(s, b, 0, TEAM_OF_ONE);
        for (int left = s->S, batch; left > 0; left -= batch) {
            batch = left < s->K ? left : s->K;
            descend_batch(s, b, batch, &nodes, TEAM_OF_ONE);
            backup_batch(s, b, batch, 0, TEAM_OF_ONE);
        }
        CHECK(nodes == a->heads[b].nodes);
        for (int i = 0; i < nodes; i++) {
            const Node *x = tree_node(a, b, i), *y = tree_node(s, b, i);
            CHECK(x->parent == y->parent && x->parent_edge == y->parent_edge);
            CHECK(x->value == y->value && x->edge_count == y->edge_count);
            CHECK(memcmp(tree_edges(a, b, i), tree_edges(s, b, i), x->edge_count * sizeof(Edge)) ==
                  0);
        }
    }
    trees_close(&t);
}

static void visits_and_values_of_finished_trees_add_up(void) {
    static const struct {
        int variant, P, T, D, W, S, K;
        Evaluator evaluator;
    } table[] = {{.variant = RULES_BLOB,
                  .P = 4,
                  .T = 5,
                  .D = 9,
                  .W = 3,
                  .S = 30,
                  .K = 1,
                  .evaluator = EVALUATOR_HASH},
                 {.variant = RULES_BLOB,
                  .P = 4,
                  .T = 5,
                  .D = 9,
                  .W = 3,
                  .S = 30,
                  .K = 8,
                  .evaluator = EVALUATOR_HASH},
                 {.variant = RULES_BLOB,
                  .P = 2,
                  .T = 3,
                  .D = 20,
                  .W = 2,
                  .S = 200,
                  .K = 7,
                  .evaluator = EVALUATOR_HASH}, /* many terminal leaves */
                 {.variant = RULES_OH_HELL,
                  .P = 3,
                  .T = 3,
                  .D = 20,
                  .W = 1,
                  .S = 300,
                  .K = 3,
                  .evaluator = EVALUATOR_HASH},
                 {.variant = RULES_BLOB,
                  .P = 3,
                  .T = 6,
                  .D = 5,
                  .W = 2,
                  .S = 5,
                  .K = 8,
                  .evaluator = EVALUATOR_HASH}, /* a batch longer than S */
                 {.variant = RULES_BLOB,
                  .P = 5,
                  .T = 4,
                  .D = 5,
                  .W = 3,
                  .S = 1,
                  .K = 1,
                  .evaluator = EVALUATOR_HASH}, /* one simulation */
                 {.variant = RULES_OH_HELL,
                  .P = 7,
                  .T = 5,
                  .D = 3,
                  .W = 1,
                  .S = 255,
                  .K = 255,
                  .evaluator = EVALUATOR_HASH}, /* the largest batch */
                 {.variant = RULES_BLOB,
                  .P = 4,
                  .T = 5,
                  .D = 2,
                  .W = 255,
                  .S = 6,
                  .K = 2,
                  .evaluator = EVALUATOR_HASH}, /* the most worlds */
                 {.variant = RULES_BLOB,
                  .P = 8,
                  .T = 6,
                  .D = 5,
                  .W = 2,
                  .S = 40,
                  .K = 16,
                  .evaluator = EVALUATOR_UNIFORM},
                 {.variant = RULES_BLOB,
                  .P = 2,
                  .T = 17,
                  .D = 8,
                  .W = 1,
                  .S = 100,
                  .K = 4,
                  .evaluator = EVALUATOR_HASH}}; /* the most edges */
    uint64_t item = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0] && !checks_failed; i++) {
        Rules rules = {(uint8_t)table[i].variant, (uint8_t)table[i].P, 2, 1};
        int W = table[i].W, B = table[i].D * W;
        static RoundState states[512];
        for (int b = 0; b < B; b++) {
            uint8_t deck[CARDS];
            if (b % W == 0) states[b] = random_choice(&rules, table[i].T, &item);
            if (b % W == 0) continue;
            states[b] = states[b - 1]; /* another world of the same decision */
            Rng rng = shuffled_deck(8, item++, deck);
            deal_hidden(&states[b], &rng);
        }
        Trees t = trees_open(&rules, table[i].D, W, table[i].S, table[i].K, table[i].T + 1,
                             table[i].evaluator);
        trees_search(&t, states);
        for (int b = 0; b < B; b++) check_tree(&t.s, b);
        check_against_batches(&t, states);
        int64_t rows = table[i].D;
        for (int b = 0; b < B; b++) rows += t.s.heads[b].rows;
        CHECK(t.rows == rows); /* one for the W roots of a decision */
        trees_close(&t);
        if (checks_failed) fprintf(stderr, "in case %d\n", (int)i);
    }
}

static RoundState two_tricks_left(void) {
    uint64_t hands[MAX_SEATS] = {card_bit(11) | card_bit(14), card_bit(12) | card_bit(0)};
    RoundState s;
    round_begin(&s, 2, 2, 0, TRUMP_NONE, CARD_NONE, hands); /* KS 3H, and to lead: AS 2S */
    round_apply(&s, 1);
    round_apply(&s, 0);
    return s;
}

/* Either lead ends the round: no rows but the root's, and 8 batches a wave. */
static void terminal_leaves_need_no_waves(void) {
    static const int table[][3] = {/* S, K, waves */ {30, 1, 5},
                                   {30, 4, 2},
                                   {30, 255, 2},
                                   {32, 4, 2},
                                   {33, 4, 3},
                                   {1, 1, 2},
                                   {64, 1, 9}};
    Rules rules = {RULES_BLOB, 2, 0, 0};
    RoundState s = two_tricks_left();
    CHECK(s.turn == 1 && bits_count(round_legal(&s)) == 2);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        Trees t = trees_open(&rules, 1, 1, table[i][0], table[i][1], 3, EVALUATOR_HASH);
        trees_search(&t, &s);
        check_tree(&t.s, 0);
        CHECK(t.waves == table[i][2] && t.rows == 1);
        CHECK(t.s.heads[0].nodes == (table[i][0] == 1 ? 2 : 3) && t.s.heads[0].rows == 0);
        trees_close(&t);
    }
}

/* Far from the end every batch needs rows and therefore a wave of its own. */
static void a_batch_with_rows_takes_one_wave(void) {
    static const int table[][3] = {/* S, K, waves */ {30, 1, 31},
                                   {30, 8, 5},
                                   {30, 30, 2},
                                   {30, 255, 2},
                                   {31, 30, 3},
                                   {1, 255, 2}};
    Rules rules = {RULES_BLOB, 4, 0, 0};
    uint64_t item = 50;
    RoundState s = random_choice(&rules, 8, &item);
    while (!round_is_bidding(&s)) s = random_choice(&rules, 8, &item);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        Trees t = trees_open(&rules, 1, 1, table[i][0], table[i][1], 9, EVALUATOR_HASH);
        trees_search(&t, &s);
        CHECK(t.waves == table[i][2]);
        CHECK(t.s.heads[0].nodes == 1 + t.s.heads[0].rows && t.rows == t.s.heads[0].nodes);
        trees_close(&t);
    }
}

/* Nodes of the whole tree; *inner: those that are not terminal. */
static int count_nodes(const RoundState *s, int *inner) {
    int nodes = 1;
    *inner += !round_is_over(s);
    for (uint64_t legal = round_legal(s); legal; legal &= legal - 1) {
        RoundState t = after(s, bits_lowest(legal));
        nodes += count_nodes(&t, inner);
    }
    return nodes;
}

/* With much exploring a small tree becomes full: one row for each node, then no more. */
static void small_trees_become_full(void) {
    uint64_t item = 1000;
    for (int found = 0; found < 60 && !checks_failed;) {
        Rules rules = {RULES_BLOB, (uint8_t)(2 + found % 4), 0, 0};
        RoundState s = random_choice(&rules, 4, &item);
        int inner = 0, S = 3000, K = found % 2 ? 5 : 1;
        if (s.tricks_done < 2 || count_nodes(&s, &inner) < 5) continue;
        inner = 0;
        int nodes = count_nodes(&s, &inner);
        Trees t = trees_open(&rules, 1, 1, S, K, 5, EVALUATOR_UNIFORM);
        t.s.c_puct = 100;
        trees_search(&t, &s);
        check_tree(&t.s, 0);
        CHECK(t.s.heads[0].nodes == nodes && t.rows == inner);
        CHECK(t.waves <= 1 + inner + (S / K + 7) / 8);
        trees_close(&t);
        found++;
    }
}

/* The check that precedes every launch. */
static void bad_sizes_are_refused(void) {
    Rules rules = {RULES_BLOB, 4, 0, 0};
    Trees t = trees_open(&rules, 2, 3, 10, 2, 6, EVALUATOR_HASH);
    CHECK(search_check(&t.s) == STATUS_OK);
    for (int i = 0; i < 12; i++) {
        Search s = t.s;
        if (i == 0) s.K = 0;
        if (i == 1) s.K = 256;
        if (i == 2) s.S = 0;
        if (i == 3) s.M = s.S;
        if (i == 4) s.W = 4;
        if (i == 5) s.E = 19;
        if (i == 6) s.E = 0;
        if (i == 7) s.c_puct = 0;
        if (i == 8) s.c_puct = NAN;
        if (i == 9) s.fpu = -0.1f;
        if (i == 10) s.noise_weight = 1.5f;
        if (i == 11) s.evaluator = EVALUATOR_NET; /* without logits */
        CHECK(search_check(&s) == STATUS_ARGUMENT);
    }
    trees_close(&t);
}

int main(void) {
    omp_set_num_threads(2);
    visits_and_values_of_finished_trees_add_up();
    terminal_leaves_need_no_waves();
    a_batch_with_rows_takes_one_wave();
    small_trees_become_full();
    bad_sizes_are_refused();
    return check_report();
}
