/* tests/reference/ref_rules.h - the rules written anew, for the reference search only. */
#ifndef TESTS_REFERENCE_REF_RULES_H
#define TESTS_REFERENCE_REF_RULES_H

#include "reference.h"

typedef struct {
    RefVariant rules;
    int players, cards, dealer, trump, points;
    bool penalty;
    bool holds[REF_SEATS][REF_CARDS];
    int bid_count;
    int bids[REF_SEATS];
    int tricks[REF_SEATS]; /* won so far */
    int tricks_done;
    int trick_size;            /* cards of the current trick */
    int trick_card[REF_SEATS]; /* (trick_size) in the order played */
    int trick_seat[REF_SEATS]; /* (trick_size) who played it */
    int to_move;
} RefRound;

/* The round as dealt. NULL, or what is wrong. */
const char *ref_round_deal(RefRound *round, const RefQuery *query, const RefHand *hands);

bool ref_round_is_over(const RefRound *round);

/* Legal actions of the seat to move, ascending; the return value is their number, 0 at the end. */
int ref_round_legal(const RefRound *round, int legal[REF_EDGES]);

/* `action` must be legal. */
void ref_round_play(RefRound *round, int action);

/* The seat's points; the round must be over. */
int ref_round_score(const RefRound *round, int seat);

/* The fewest points a round can bring, and the most minus the fewest. */
int ref_round_least(const RefRound *round);
int ref_round_range(const RefRound *round);

/* The round after the query's actions, from these hands as dealt; seats (action_count) who acted,
 * may be NULL. NULL, or what is wrong. */
const char *ref_round_replay(RefRound *round, const RefQuery *query, const RefHand *hands,
                             int *seats);

#endif
