/* device/search/root.h - what a decision needs around its trees: roots, noise, move. */
#ifndef DEVICE_SEARCH_ROOT_H
#define DEVICE_SEARCH_ROOT_H

#include "evaluate.h"

/* Tree b starts from `state`, whose mover has a choice; its root waits for an evaluation. */
HD void root_begin(const Search *s, int b, const RoundState *state) {
    TreeHead head = {TREE_ROOT, 0, 1, 0, 0};
    Node *n = tree_node(s, b, 0);
    n->state = *state;
    n->value = 0;
    n->parent = 0;
    n->parent_edge = n->edge_count = 0;
    if (s->keys) s->keys[(int64_t)b * s->M] = hash_root(s->seeds[b / s->W]);
    s->heads[b] = head;
}

/* Standard normal: Marsaglia's polar method (logarithm and square root only). */
HD float root_normal(Rng *rng) {
    for (;;) {
        float x = 2 * rng_unit(rng) - 1, y = 2 * rng_unit(rng) - 1, r = x * x + y * y;
        if (r > 0 && r < 1) return x * sqrtf(-2 * real_log(r) / r);
    }
}

/* Gamma(alpha, 1), alpha > 0: Marsaglia and Tsang (2000), with their boost below 1. */
HD float root_gamma(Rng *rng, float alpha) {
    float boost = 1;
    if (alpha < 1) {
        boost = real_pow(rng_unit(rng), 1 / alpha);
        alpha += 1;
    }
    float d = alpha - 1.0f / 3, c = 1 / sqrtf(9 * d);
    for (;;) {
        float x = root_normal(rng), t = 1 + c * x;
        if (t <= 0) continue;
        float v = t * t * t;
        if (real_log(rng_unit(rng)) < 0.5f * x * x + d - d * v + d * real_log(v))
            return boost * d * v;
    }
}

/* Dirichlet over n actions, all parameters alpha: noise (n) sums to 1. */
HD void root_dirichlet(Rng *rng, float alpha, int n, float *noise) {
    float sum = 0;
    for (int e = 0; e < n; e++) {
        noise[e] = root_gamma(rng, alpha);
        sum += noise[e];
    }
    for (int e = 0; e < n; e++) noise[e] = sum > 0 ? noise[e] / sum : 1.0f / (float)n;
}

enum { ROOT_UNITS = 65000 }; /* a record counts in 16 bits, up to 18 actions' 1 included */

/* Visits of edge e at the root, summed over the worlds of decision d. Without search its share of
 * the policy in integers, at least 1: what is drawn by them has exactly the recorded chances. */
HD uint32_t root_visits(const Search *s, int d, int e) {
    uint32_t sum = 0;
    if (s->S == 0) return 1 + (uint32_t)(tree_edges(s, d, 0)[e].prior * (float)ROOT_UNITS);
    for (int w = 0; w < s->W; w++) sum += tree_edges(s, d * s->W + w, 0)[e].visits;
    return sum;
}

HD bool root_is_done(const Search *s, int d) {
    for (int w = 0; w < s->W; w++)
        if (s->heads[d * s->W + w].stage != TREE_DONE) return false;
    return true;
}

HD uint64_t root_power(uint64_t visits, int power) {
    uint64_t x = 1;
    while (power-- > 0) x *= visits;
    return x;
}

enum { ROOT_BEST = 0 }; /* the power that stands for: most visits, then the lowest action */

/* Which edge is played: visits to an integer power, one bounded random integer. The caller has
 * checked with root_power_fits that no sum overflows. visits (n). */
HD int root_choose(const uint32_t *visits, int n, int power, Rng *rng) {
    int best = 0;
    uint64_t sum = 0;
    for (int e = 0; e < n; e++) {
        if (visits[e] > visits[best]) best = e;
        sum += root_power(visits[e], power);
    }
    if (power == ROOT_BEST) return best;
    uint64_t left = rng_below64(rng, sum);
    for (int e = 0; e < n; e++) {
        uint64_t share = root_power(visits[e], power);
        if (left < share) return e;
        left -= share;
    }
    return best;
}

/* Whether visits that sum to `visits` can be raised to `power` and added up in 64 bits: the sum
 * of powers is at most the power of the sum. */
static inline bool root_power_fits(uint64_t visits, int power) {
    uint64_t x = 1;
    for (int i = 0; i < power; i++) {
        if (x > UINT64_MAX / visits) return false;
        x *= visits;
    }
    return true;
}

#endif
