/* tests/reference/ref_tree.c - PUCT, and the deliberate mistakes of RefOrder. */
#include "ref_tree.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

_Static_assert(FLT_EVAL_METHOD == 0, "float arithmetic must round to float32 at each step");

/* The edge's visits, including those in flight unless the mistake leaves them out. */
static int count_of(const RefEdge *edge, bool with_flight) {
    return edge->visits + (with_flight ? edge->in_flight : 0);
}

float ref_ratio(int a, int b, bool by_reciprocal) {
    if (by_reciprocal) return (float)a * (1.0f / (float)b);
    return (float)a / (float)b;
}

/* The sum of p over edges with n + i > 0. */
static float tried_prior(const RefNode *node, RefOrder order) {
    float parts[32] = {0};
    double wide = 0;
    float sum = 0, descending = 0;
    for (int e = 0; e < node->edge_count; e++) {
        const RefEdge *edge = &node->edges[e];
        if (count_of(edge, true) == 0) continue;
        sum = sum + edge->prior;
        wide += edge->prior;
        parts[e] = edge->prior;
    }
    for (int e = node->edge_count - 1; e >= 0; e--) descending = descending + parts[e];
    for (int half = 16; half > 0; half /= 2)
        for (int j = 0; j < half; j++) parts[j] = parts[j] + parts[j + half];
    if (order == REF_TRIED_DESCENDING) return descending;
    if (order == REF_TRIED_HALVES) return parts[0];
    if (order == REF_TRIED_DOUBLE) return (float)wide;
    return sum;
}

/* q0: the value of an edge that was never tried. */
static float untried_value(const RefNode *node, const RefQuery *query) {
    float v = node->value[node->round.to_move];
    float fpu = (float)query->fpu;
    float spread = sqrtf(tried_prior(node, query->order));
    float loss = fpu * spread;
    if (query->order == REF_SETTINGS_DOUBLE) loss = (float)(query->fpu * spread);
    float q0 = v - loss;
    if (query->order == REF_FPU_FUSED) q0 = fmaf(-fpu, spread, v);
    if (q0 < 0 && query->order != REF_FPU_UNCLAMPED) q0 = 0;
    return q0;
}

static float edge_value(const RefEdge *edge, RefOrder order) {
    int n = count_of(edge, true);
    if (order == REF_LOSS_NOT_IN_Q) n = edge->visits > 0 ? edge->visits : 1;
    if (order == REF_Q_RECIPROCAL) return edge->value_sum * (1.0f / (float)n);
    if (order == REF_Q_DOUBLE) return (float)(edge->wide_sum / n);
    if (order == REF_Q_MEAN) return edge->value_sum * (float)edge->visits / (float)n;
    return edge->value_sum / (float)n;
}

static float root_of_total(int total, RefOrder order) {
    if (order == REF_ROOT_ONE_MORE) return sqrtf((float)(1 + total));
    float x = total > 1 ? (float)total : 1.0f;
    if (order == REF_ROOT_RECIPROCAL) return x * (1.0f / sqrtf(x));
    return sqrtf(x);
}

/* Q + (((c * p) * root) / (1 + n)). A double holds a float32 unchanged, and every step is rounded
 * to float32 by its own assignment. */
static double score_of(const RefQuery *query, float q, float p, float root, int n) {
    float c = (float)query->c_puct, below = (float)(1 + n);
    float cp = c * p;
    float product = cp * root;
    float bonus = product / below;
    float score = q + bonus;
    switch (query->order) {
    case REF_ROOT_TIMES_PRIOR: return q + c * (p * root) / below;
    case REF_ROOT_TIMES_C: return q + c * root * p / below;
    case REF_DIVIDE_ROOT_FIRST: return q + cp * (root / below);
    case REF_DIVIDE_PRIOR_FIRST: return q + cp / below * root;
    case REF_SCORE_DOUBLE: return q + (double)c * p * root / below;
    case REF_SCORE_FUSED: return fmaf(product, 1.0f / below, q);
    case REF_SETTINGS_DOUBLE: return q + (float)(query->c_puct * p) * root / below;
    default: return score;
    }
}

RefEdge *ref_edge_choose(RefNode *node, const RefQuery *query) {
    bool with_flight = query->order != REF_LOSS_NOT_IN_TOTAL;
    int total = 0;
    for (int e = 0; e < node->edge_count; e++) total += count_of(&node->edges[e], with_flight);
    float root = root_of_total(total, query->order);
    float q0 = untried_value(node, query);

    RefEdge *best = NULL;
    double best_score = 0;
    for (int e = 0; e < node->edge_count; e++) {
        RefEdge *edge = &node->edges[e];
        float q = count_of(edge, true) > 0 ? edge_value(edge, query->order) : q0;
        double score = score_of(query, q, edge->prior, root, count_of(edge, with_flight));
        bool better = best == NULL || score > best_score;
        if (query->order == REF_TIE_LAST) better = better || score >= best_score;
        if (!better) continue;
        best = edge;
        best_score = score;
    }
    return best;
}

void ref_edge_back_up(RefEdge *edge, float value, const RefQuery *query) {
    edge->in_flight--;
    edge->visits++;
    edge->wide_sum += value;
    if (query->order == REF_Q_MEAN) /* value_sum holds the mean */
        edge->value_sum += (value - edge->value_sum) / (float)edge->visits;
    else
        edge->value_sum = edge->value_sum + value;
}
