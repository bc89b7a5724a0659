/* device/search/tree.h - the trees of all searches, as flat arrays.
 *
 *   decision d (0..D-1) has W trees, one a world: tree b = d * W + w, B = D * W trees in all.
 *
 *         head(b)        nodes (B, M)                edges (B, M, E)
 *        [ stage ]      [ root | node | node | .. ]  [ e e e | e e e | .. ]   by action
 *                          ^ parent, parent_edge        | child
 *                          +----------------------------+
 *
 * Node 0 is the root; each simulation adds at most one node, so M = S + 1, no allocator. With S = 0
 * there is no search: the network's own policy moves, one row a decision, and the root is the truth
 * itself, of which the network sees what the mover may know.
 *
 *   B trees   W worlds   M nodes a tree   E edges a node   S simulations   K leaves a batch
 *   R rows a wave
 */
#ifndef DEVICE_SEARCH_TREE_H
#define DEVICE_SEARCH_TREE_H

#include "device/core/arena.h"
#include "device/core/backend.h"
#include "device/core/fault.h"
#include "game/rules.h"

typedef struct {
    float prior;            /* p, in [0, 1] */
    float value_sum;        /* w, in [0, visits]: values of the seat that moves at the node */
    uint16_t visits, child; /* n; index of a node, 0 = none yet */
    uint8_t in_flight;      /* i: descents of the batch under way through this edge */
    uint8_t action;
    uint16_t unused;
} Edge;
static_assert(sizeof(Edge) == 16, "one load");

typedef struct {
    RoundState state;    /* forced moves already played (but not at the root) */
    float value;         /* v in [0, 1]: the evaluator's value here for the seat to move */
    uint16_t parent;     /* index of a node */
    uint8_t parent_edge; /* which edge of the parent leads here */
    uint8_t edge_count;  /* 0: terminal, or a leaf that waits for its evaluation */
} Node;
static_assert(sizeof(Node) == 120, "no padding");

typedef enum {
    TREE_IDLE,      /* nothing asked */
    TREE_ROOT,      /* the root waits for its evaluation, one row for the W trees of a decision */
    TREE_SEARCHING, /* descents are made, or their batch waits for its rows */
    TREE_DONE,      /* all S simulations are backed up; with S = 0 once the root is evaluated */
    TREE_STAGE_COUNT
} TreeStage;

typedef struct {
    uint8_t stage;     /* TreeStage */
    uint8_t batch;     /* descents that wait for their rows, 0..K */
    uint16_t nodes;    /* nodes in use */
    uint16_t finished; /* simulations backed up, 0..S */
    uint16_t rows;     /* evaluations made by this tree so far, the root's not counted */
} TreeHead;
static_assert(sizeof(TreeHead) == 8, "no padding");

typedef enum { EVALUATOR_NET, EVALUATOR_UNIFORM, EVALUATOR_HASH, EVALUATOR_COUNT } Evaluator;

enum { LEAF_NO_ROW = 65535, SEARCH_MAX_SIMULATIONS = 65534, SEARCH_MAX_LEAVES = 255 };

/* What every launch of search/ reads: sizes, settings, and where the arrays lie. */
typedef struct {
    int B, W, M, E, S, K; /* E <= 18, S <= 65534, M = S + 1, K <= 255 */
    float c_puct, fpu;    /* > 0, >= 0 */
    float noise_weight;   /* 0..1: p = (1 - weight) * p + weight * noise at the root */
    Evaluator evaluator;
    Rules rules;

    TreeHead *heads;     /* (B) */
    Node *nodes;         /* (B, M) */
    Edge *edges;         /* (B, M, E) */
    uint64_t *keys;      /* (B, M) keys of the hash evaluator; NULL with the others */
    uint64_t *seeds;     /* (B / W) search seed of each decision, for the hash evaluator */
    float *noise;        /* (B / W, E) root noise by ascending legal action, sums to 1 */
    uint16_t *leaf;      /* (B, K) the node each descent of the batch ended at */
    uint16_t *leaf_row;  /* (B, K) its row within the tree, LEAF_NO_ROW where terminal */
    int32_t *row_count;  /* (B + 1) rows that each tree brings to this wave; the last stays 0 */
    int32_t *row_offset; /* (B + 1) their exclusive sums: first row of each tree; [B] rows in all */
    const float *logits; /* (R, A) of the network, by canonical action; NULL without one */
    const float *values; /* (R, 8) of the network, by relative seat */
    Fault *fault;        /* (1) */
} Search;

/* Rows a wave can bring at most: R. */
HD int64_t search_max_rows(const Search *s) { return (int64_t)s->B * s->K; }

/* The only list of the trees' arrays: run dry it measures, run again it places. */
static inline void search_layout(Search *s, Arena *arena) {
    size_t B = (size_t)s->B, M = (size_t)s->M, E = (size_t)s->E, K = (size_t)s->K;
    s->heads = (TreeHead *)arena_take(arena, B, sizeof *s->heads);
    s->nodes = (Node *)arena_take(arena, B * M, sizeof *s->nodes);
    s->edges = (Edge *)arena_take(arena, B * M * E, sizeof *s->edges);
    s->keys = NULL;
    if (s->evaluator == EVALUATOR_HASH)
        s->keys = (uint64_t *)arena_take(arena, B * M, sizeof *s->keys);
    s->seeds = (uint64_t *)arena_take(arena, B / (size_t)s->W, sizeof *s->seeds);
    s->noise = (float *)arena_take(arena, B / (size_t)s->W * E, sizeof *s->noise);
    s->leaf = (uint16_t *)arena_take(arena, B * K, sizeof *s->leaf);
    s->leaf_row = (uint16_t *)arena_take(arena, B * K, sizeof *s->leaf_row);
    s->row_count = (int32_t *)arena_take(arena, B + 1, sizeof *s->row_count);
    s->row_offset = (int32_t *)arena_take(arena, B + 1, sizeof *s->row_offset);
    s->fault = (Fault *)arena_take(arena, 1, sizeof *s->fault);
}

static inline Status search_check(const Search *s) {
    bool fits = s->B >= 0 && s->W >= 1 && s->B % s->W == 0 && s->S >= (s->W > 1) &&
                s->S <= SEARCH_MAX_SIMULATIONS && s->M == s->S + 1 && s->E >= 1 &&
                s->E <= MAX_EDGES && s->K >= 1 && s->K <= SEARCH_MAX_LEAVES;
    bool sane = s->c_puct > 0 && s->fpu >= 0 && s->noise_weight >= 0 && s->noise_weight <= 1 &&
                (s->evaluator != EVALUATOR_NET || (s->logits && s->values));
    return fits && sane ? STATUS_OK : STATUS_ARGUMENT;
}

HD Node *tree_node(const Search *s, int b, int node) {
    return s->nodes + ((int64_t)b * s->M + node);
}
HD Edge *tree_edges(const Search *s, int b, int node) {
    return s->edges + ((int64_t)b * s->M + node) * s->E;
}

#endif
