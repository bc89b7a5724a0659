/* tests/reference/reference.c - the search: worlds, batches of descents, the answer. */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>

#include "ref_tree.h"

/* One descent: the edges taken from the root, who moved at each, and where it ended. */
typedef struct {
    int length;
    RefEdge *edges[REF_PLIES];
    int movers[REF_PLIES];
    RefNode *leaf;
} Descent;

uint64_t ref_splitmix64(uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

static RefNode *node_new(const RefRound *round, uint64_t key) {
    RefNode *node = calloc(1, sizeof *node);
    if (!node) {
        fprintf(stderr, "reference: out of memory\n");
        abort();
    }
    node->round = *round;
    node->key = key;
    node->terminal = ref_round_is_over(round);
    return node;
}

static void node_free(RefNode *node) {
    if (!node) return;
    for (int e = 0; e < node->edge_count; e++) node_free(node->edges[e].child);
    free(node);
}

static void node_finish(RefNode *node, const RefQuery *query) {
    const RefRound *round = &node->round;
    bool reciprocal = query->order == REF_TERMINAL_RECIPROCAL;
    for (int seat = 0; seat < round->players; seat++)
        node->value[seat] = ref_ratio(ref_round_score(round, seat) - ref_round_least(round),
                                      ref_round_range(round), reciprocal);
}

/* Adds what a node's row provides: its edges with priors, and the values. */
static void node_evaluate(RefNode *node, const RefQuery *query) {
    int legal[REF_EDGES], weights[REF_EDGES], sum = 0;
    node->edge_count = ref_round_legal(&node->round, legal);
    for (int e = 0; e < node->edge_count; e++) {
        uint64_t mixed = ref_splitmix64(node->key ^ (uint64_t)(0x100 + legal[e]));
        weights[e] = query->evaluator == REF_HASH ? 1 + (int)(mixed % 256) : 1;
        sum += weights[e];
    }
    for (int e = 0; e < node->edge_count; e++) {
        node->edges[e].action = legal[e];
        node->edges[e].prior = ref_ratio(weights[e], sum, query->order == REF_PRIOR_RECIPROCAL);
    }
    for (int seat = 0; seat < node->round.players; seat++) {
        uint64_t mixed = ref_splitmix64(node->key ^ (uint64_t)(0x200 + seat));
        node->value[seat] = query->evaluator == REF_HASH ? (float)(mixed % 256) / 256.0f : 0.5f;
    }
    node->evaluated = true;
}

/* The node after an action, and after all forced moves that follow. `world` enters only the key of
 * the first action below the root. */
static RefNode *node_after(const RefNode *parent, int action, uint64_t world) {
    RefRound round = parent->round;
    uint64_t key = ref_splitmix64(parent->key ^ (uint64_t)(action + 1) ^ (world << 32));
    ref_round_play(&round, action);
    int legal[REF_EDGES];
    while (ref_round_legal(&round, legal) == 1) {
        ref_round_play(&round, legal[0]);
        key = ref_splitmix64(key ^ (uint64_t)(legal[0] + 1));
    }
    return node_new(&round, key);
}

/* Descends from the root to a terminal or unevaluated node, marking every edge as in flight. */
static void descend(RefNode *root, int world, const RefQuery *query, Descent *descent) {
    RefNode *node = root;
    descent->length = 0;
    while (!node->terminal && node->evaluated) {
        RefEdge *edge = ref_edge_choose(node, query);
        edge->in_flight++;
        descent->edges[descent->length] = edge;
        descent->movers[descent->length] = node->round.to_move;
        descent->length++;
        if (!edge->child) {
            edge->child = node_after(node, edge->action, node == root ? (uint64_t)world : 0);
            if (edge->child->terminal) node_finish(edge->child, query);
        }
        node = edge->child;
    }
    descent->leaf = node;
}

static void back_up(const Descent *descent, const RefQuery *query) {
    for (int i = 0; i < descent->length; i++)
        ref_edge_back_up(descent->edges[i], descent->leaf->value[descent->movers[i]], query);
}

/* All S simulations of one world, K at a time; the root is evaluated. Returns rows. */
static long search_world(RefNode *root, int world, const RefQuery *query) {
    long rows = 0;
    Descent *descents = calloc((size_t)query->leaves, sizeof *descents);
    if (!descents) abort();
    for (int done = 0; done < query->simulations;) {
        int batch = query->simulations - done;
        if (batch > query->leaves) batch = query->leaves;
        for (int d = 0; d < batch; d++) descend(root, world, query, &descents[d]);
        for (int d = 0; d < batch; d++) {
            RefNode *leaf = descents[d].leaf;
            if (leaf->terminal || leaf->evaluated) continue; /* evaluated: shared in the batch */
            node_evaluate(leaf, query);
            rows++;
        }
        bool reversed = query->order == REF_BACKUP_REVERSED;
        for (int d = 0; d < batch; d++) back_up(&descents[reversed ? batch - 1 - d : d], query);
        done += batch;
    }
    free(descents);
    return rows;
}

/* The root state of a world: the truth, or the deal that query->held and the played cards make up.
 * That deal is played through, so one that contradicts the history is refused. */
static const char *world_begin(const RefQuery *query, int world, RefRound *root) {
    int seats[REF_PLIES];
    const char *wrong = ref_round_replay(root, query, query->hands, seats);
    if (wrong || !query->held) return wrong;
    int mover = root->to_move;
    RefRound truth = *root;
    RefHand hands[REF_SEATS];
    for (int seat = 0; seat < query->players; seat++) {
        hands[seat] = query->held[world * query->players + seat];
        for (int i = query->players; i < query->action_count; i++) {
            if (seats[i] != seat) continue;
            if (hands[seat].count == REF_HAND) return "held: too many cards";
            hands[seat].cards[hands[seat].count++] = query->actions[i];
        }
    }
    if (ref_round_replay(root, query, hands, NULL)) return "held: no deal of this history";
    for (int card = 0; card < REF_CARDS; card++)
        if (root->holds[mover][card] != truth.holds[mover][card]) return "held: not its own hand";
    return NULL;
}

static const char *check_search(const RefQuery *query) {
    if (query->worlds < 1) return "worlds";
    if (query->simulations < 1) return "simulations";
    if (query->leaves < 1) return "leaves";
    if (!(query->c_puct > 0)) return "c_puct";
    if (!(query->fpu >= 0)) return "fpu";
    return NULL;
}

static void use_root_prior(RefNode *root, const RefQuery *query) {
    for (int e = 0; query->root_prior && e < root->edge_count; e++)
        root->edges[e].prior = query->root_prior[e];
}

static void answer_root(const RefNode *root, RefAnswer *answer) {
    answer->to_move = root->round.to_move;
    answer->bidding = root->round.bid_count < root->round.players;
    answer->legal_count = root->edge_count;
    answer->rows = 1;
    for (int e = 0; e < root->edge_count; e++) {
        answer->legal[e] = root->edges[e].action;
        answer->prior[e] = root->edges[e].prior;
        answer->visits[e] = 0;
        answer->q[e] = 0; /* holds the sum of w until the last world is added */
    }
    for (int seat = 0; seat < root->round.players; seat++) answer->value[seat] = root->value[seat];
}

static void answer_finish(RefAnswer *answer) {
    int sum = 0, most = 0;
    for (int e = 0; e < answer->legal_count; e++) {
        sum += answer->visits[e];
        if (answer->visits[e] > answer->visits[most]) most = e;
    }
    for (int e = 0; e < answer->legal_count; e++) {
        int n = answer->visits[e];
        answer->q[e] = n > 0 ? answer->q[e] / (float)n : 0.0f;
        answer->policy[e] = (float)n / (float)sum;
    }
    answer->best = answer->legal[most];
    answer->searched = true;
}

/* One legal action: no search, no row. */
static void answer_forced(const RefRound *round, RefAnswer *answer) {
    answer->to_move = round->to_move;
    answer->bidding = round->bid_count < round->players;
    answer->searched = false;
    answer->legal_count = ref_round_legal(round, answer->legal);
    answer->visits[0] = 0;
    answer->q[0] = 0;
    answer->prior[0] = answer->policy[0] = 1;
    answer->best = answer->legal[0];
    answer->rows = 0;
}

const char *ref_search(const RefQuery *query, RefAnswer *answer) {
    const char *wrong = check_search(query);
    for (int world = 0; world < query->worlds && !wrong; world++) {
        RefRound round;
        int legal[REF_EDGES];
        wrong = world_begin(query, world, &round);
        if (wrong) break;
        if (ref_round_legal(&round, legal) == 1) {
            answer_forced(&round, answer);
            return NULL;
        }
        RefNode *root = node_new(&round, ref_splitmix64(query->seed));
        node_evaluate(root, query);
        use_root_prior(root, query);
        if (world == 0) answer_root(root, answer);
        answer->rows += search_world(root, world, query);
        for (int e = 0; e < root->edge_count; e++) {
            answer->visits[e] += root->edges[e].visits;
            answer->q[e] = answer->q[e] + root->edges[e].value_sum;
        }
        node_free(root);
    }
    if (!wrong) answer_finish(answer);
    return wrong;
}
