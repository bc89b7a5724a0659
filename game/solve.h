/* game/solve.h - open hands: what a round is worth to a seat when everybody sees every card.
 *
 *   value = P * score(seat) - sum of the scores of all P seats       P times own score - mean
 *
 * The seat maximizes it, now and later; all others together minimize it (paranoid alpha-beta).
 *
 *   solve_begin once for rules and T -> solve_value, solve_actions for any number of positions
 *
 * Exact for any position, bidding included: later bids belong to the search.
 *
 * Cards are renumbered: 16 bits a suit, from bit 0 the cards of it that are held or in the current
 * trick, ascending. Between tricks a position is who leads, the mask of cards left, and each
 * seat's bid and tricks. Three rules make many positions one; the table's keys are of what
 * remains, in full:
 *   cards   of each suit only the owners' order counts: the mask moves to the lowest cards with
 *           the same owners in the same order
 *   seats   of bid and tricks only the points still to be made count: the lowest pair of bid and
 *           tricks that makes the same ones stands for all; what it has more or less is added
 *   moves   cards of one hand with none between them that is held or wins the trick so far */
#ifndef GAME_SOLVE_H
#define GAME_SOLVE_H

#include "rules.h"

enum {
    SOLVE_RECORDS = (MAX_HAND + 2) * (MAX_HAND + 1), /* bid * (T + 1) + tricks; bid T + 1: none */
    SOLVE_POSITIONS = 64,                            /* 16 * suit + number within the suit */
    SOLVE_ORDERS = 1 << RANKS,
    SOLVE_TABLE_BITS_MIN = 2
};

/* A position between tricks and what is known of its value: low <= value <= high. */
typedef struct {
    uint64_t cards; /* left, renumbered */
    uint64_t rest;  /* generation, leader, record of each seat */
    int32_t low, high;
    uint8_t move; /* the card to try first, a bit of `cards` */
    uint8_t left; /* tricks to come; 0: the entry is empty */
    uint8_t unused[6];
} SolveEntry;
static_assert(sizeof(SolveEntry) == 32, "two a cache line");

/* All that a solver knows. Plain data of fixed size, one per executing thread; nothing of it need
 * be set before solve_begin. */
typedef struct {
    Rules rules;
    int cards;         /* T */
    SolveEntry *table; /* (1 << table_bits) the caller's */
    int table_bits;
    int record_bits;     /* of a record in a key */
    uint32_t generation; /* of the deal in the table's keys */
    uint64_t nodes;      /* cards played in all searches so far: a measure of work */

    /* By whether the seat is the one that maximizes, and by record. */
    int32_t points[2][SOLVE_RECORDS];              /* what the score adds to the value */
    uint16_t same[2][MAX_HAND + 1][SOLVE_RECORDS]; /* (2, tricks to come, records) */

    /* Of the deal. */
    int seat;                            /* that maximizes */
    uint64_t hands[MAX_SEATS];           /* (P) renumbered, with its card in the trick */
    uint64_t trumps;                     /* renumbered; 0: no trump */
    uint16_t order[SUITS][SOLVE_ORDERS]; /* cards left of a suit: the lowest of the same owners */
    uint16_t record[MAX_SEATS];          /* (P) as the search stands */
    uint32_t history[MAX_SEATS][SOLVE_POSITIONS];     /* (P) how much each card has cut */
    uint32_t bid_history[MAX_SEATS][SOLVE_POSITIONS]; /* (P) likewise each bid */
} Solve;

EXTERN_C_BEGIN

/* Prepares for rules, their P seats, and T cards; table (1 << table_bits) is the caller's and
 * stays with x. A small one costs time alone. */
void solve_begin(Solve *x, const Rules *rules, int cards, SolveEntry *table, int table_bits);

/* The value for `seat` of a position in which every hand is known. */
int solve_value(Solve *x, const RoundState *s, int seat);

/* The value for the mover of each legal action; other values stay. The round is not over. */
void solve_actions(Solve *x, const RoundState *s, int values[ACTIONS]);

EXTERN_C_END

#endif
