/* tests/reference/ref_cfr.h - CFR+ (Tammelin 2014) for two seats with one or two cards, plain and
 * slow: an equilibrium, and best responses to it, without a line of the project.
 *
 *   payoff  own score less the other's, rules blob, trump fixed; seat 0 bids first, seat 1 deals
 *
 * Every deal is a tree of its own; deals that differ by a renaming of suits, trump aside, are one
 * tree with a weight. Information sets are merged in the same way, by what one seat sees: cards that
 * a renaming exchanges without changing the rest of the view are one action, played half each. So a
 * strategy knows no suit by name. */
#ifndef TESTS_REFERENCE_REF_CFR_H
#define TESTS_REFERENCE_REF_CFR_H

enum { REF_CFR_ACTIONS = 3 };

/* REF_CFR_RIGHT is right. The other is a likely mistake, made on purpose: one of the first seat's
 * hands stands for all its renamings, and of cards that look alike each is an action of its own. So
 * it learns that suits come in this order, and the dealer knows of two equal cards which one matches
 * what the leader still holds. */
typedef enum { REF_CFR_RIGHT, REF_CFR_TELLING_SUITS } RefCfrKind;

typedef struct RefCfr RefCfr;

/* cards 1 or 2; trump 0..3, or 4 for none. NULL: not enough memory. */
RefCfr *ref_cfr_open(int cards, int trump, RefCfrKind kind);
void ref_cfr_close(RefCfr *c);

/* Trees, the deals that they stand for, and information sets. */
int ref_cfr_trees(const RefCfr *c);
double ref_cfr_deals(const RefCfr *c);
int ref_cfr_sets(const RefCfr *c);

/* More iterations: regrets clipped at 0, seats in turn, the average weighted by the square of
 * the iteration: after 64 of 2 x 2 NashConv is 0.00046, by the iteration itself 0.0047. */
void ref_cfr_run(RefCfr *c, int iterations);

/* Points a round of seat 0, both by their averages. */
double ref_cfr_value(RefCfr *c);

/* Points a round of the seat that answers the other's average as well as it can. */
double ref_cfr_best(RefCfr *c, int seat);

/* The average strategy of a seat that holds `hand` (cards), has heard bids (2, -1: not yet) and
 * sees the card led (-1: none). p: by legal action, ascending. */
void ref_cfr_strategy(const RefCfr *c, int seat, const int *hand, const int *bids, int led,
                      double p[REF_CFR_ACTIONS]);

#endif
