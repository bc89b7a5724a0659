/* tests/reference/ref_tree.h - the reference's tree, and the arithmetic of choosing an edge. */
#ifndef TESTS_REFERENCE_REF_TREE_H
#define TESTS_REFERENCE_REF_TREE_H

#include "ref_rules.h"

typedef struct RefNode RefNode;

typedef struct {
    int action;
    float prior;
    int visits, in_flight;
    float value_sum; /* for the seat that moves at the node */
    double wide_sum; /* the same in double, for REF_Q_DOUBLE only */
    RefNode *child;  /* NULL until the first descent passes */
} RefEdge;

struct RefNode {
    RefRound round; /* its seat to move has a choice, or it is over */
    uint64_t key;   /* of the hash evaluator */
    bool terminal;
    bool evaluated;         /* false: a new leaf whose row is still pending */
    float value[REF_SEATS]; /* (P) by absolute seat */
    int edge_count;
    RefEdge edges[REF_EDGES];
};

/* The edge that a descent takes at an evaluated node. */
RefEdge *ref_edge_choose(RefNode *node, const RefQuery *query);

/* Backs up one descent through the edge; `value` is for the seat that moves there. */
void ref_edge_back_up(RefEdge *edge, float value, const RefQuery *query);

/* a / b to float32, in one division, or by the mistake REF_x_RECIPROCAL. */
float ref_ratio(int a, int b, bool by_reciprocal);

#endif
