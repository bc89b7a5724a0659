/* tests/reference/reference.h - the search, written plainly rather than fast, as an oracle.
 *
 * It shares no code with the project: it has its own rules, tree of pointers and parser. It need
 * not be fast, but must be right by inspection.
 *
 *   P seats   T cards dealt to each   W worlds   S simulations a world   K leaves a batch
 *   card = suit * 13 + rank, suits S H C D = 0..3, ranks 2..A = 0..12; bid b is action b */
#ifndef TESTS_REFERENCE_REFERENCE_H
#define TESTS_REFERENCE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { REF_CARDS = 52, REF_SEATS = 8, REF_HAND = 17, REF_EDGES = 18, REF_PLIES = 60 };

typedef enum { REF_BLOB, REF_OH_HELL, REF_VARIANT_COUNT } RefVariant;
typedef enum { REF_HASH, REF_UNIFORM, REF_EVALUATOR_COUNT } RefEvaluator;

/* REF_RIGHT is right. Each of the others is a likely mistake, made on purpose: a search that
 * answers like one of them where it differs from REF_RIGHT makes that mistake. */
typedef enum {
    REF_RIGHT,
    REF_ROOT_TIMES_PRIOR,    /* c * (p * root) */
    REF_ROOT_TIMES_C,        /* (c * root) * p */
    REF_DIVIDE_ROOT_FIRST,   /* (c * p) * (root / (1 + n)) */
    REF_DIVIDE_PRIOR_FIRST,  /* ((c * p) / (1 + n)) * root */
    REF_SCORE_DOUBLE,        /* the score in double, never rounded to float32 */
    REF_SCORE_FUSED,         /* fma((c * p) * root, 1 / (1 + n), q) */
    REF_TRIED_DESCENDING,    /* sum of p over tried edges, the last edge first */
    REF_TRIED_HALVES,        /* the same sum by halves, as lanes of a team would */
    REF_TRIED_DOUBLE,        /* the same sum in double, rounded once */
    REF_FPU_FUSED,           /* fma(-fpu, sqrt(sum), v) */
    REF_FPU_UNCLAMPED,       /* q0 may be negative */
    REF_Q_RECIPROCAL,        /* w * (1 / n) */
    REF_Q_MEAN,              /* a running mean instead of a sum */
    REF_Q_DOUBLE,            /* the sum kept and divided in double */
    REF_ROOT_RECIPROCAL,     /* total * (1 / sqrt(total)) */
    REF_SETTINGS_DOUBLE,     /* c_puct and fpu not rounded to float32 */
    REF_PRIOR_RECIPROCAL,    /* weight * (1 / sum) */
    REF_TERMINAL_RECIPROCAL, /* points * (1 / range) */
    REF_BACKUP_REVERSED,     /* the last descent of a batch backed up first */
    REF_TIE_LAST,            /* equal scores: the highest action */
    REF_ROOT_ONE_MORE,       /* root = sqrt(1 + total) */
    REF_LOSS_NOT_IN_Q,       /* q = w / n, in flight or not */
    REF_LOSS_NOT_IN_TOTAL,   /* total and 1 + n without what is in flight */
    REF_ORDER_COUNT
} RefOrder;

typedef struct {
    int count;
    int cards[REF_HAND];
} RefHand;

typedef struct {
    RefVariant rules;
    int players, cards, dealer; /* P, T, seat */
    int trump;                  /* blob: suit, 4 = none. oh-hell: ignored, it is turned's suit */
    int turned, points;         /* oh-hell only: card, points a trick */
    bool penalty;               /* oh-hell only */
    RefHand hands[REF_SEATS];   /* (P) the true hands as dealt */
    int action_count;
    int actions[REF_PLIES];          /* (action_count) bids, then cards */
    int worlds, simulations, leaves; /* W, S, K */
    double c_puct, fpu;              /* rounded to float32 before use */
    uint64_t seed;                   /* of the decision: the key of the root is splitmix64(seed) */
    RefEvaluator evaluator;
    RefOrder order;
    const RefHand *held;     /* (W, P) NULL, or what each seat holds after `actions` in each
                                  * world, in place of the truth */
    const float *root_prior; /* (legal actions) NULL, or the priors at the root */
} RefQuery;

typedef struct {
    int to_move, legal_count;
    bool bidding;          /* actions are bids, not cards */
    bool searched;         /* false with one legal action: visits 0, prior 1, no value */
    int legal[REF_EDGES];  /* (legal_count) ascending, as are the next four */
    int visits[REF_EDGES]; /* summed over worlds */
    float prior[REF_EDGES], q[REF_EDGES], policy[REF_EDGES];
    float value[REF_SEATS]; /* (P) the evaluator's at the root, by absolute seat */
    int best;
    long rows;
} RefAnswer;

/* Searches. NULL, or what is wrong with the query; the answer is then not set. */
const char *ref_search(const RefQuery *query, RefAnswer *answer);

typedef struct {
    int best;               /* action, the lowest of equals */
    int score[REF_SEATS];   /* (P) points of the round by absolute seat */
    float value[REF_SEATS]; /* (P) the same in [0, 1], as a terminal node's */
    bool clear;             /* no seat anywhere chooses between equals of unequal outcome:
                                  * only then must a long search agree */
    long nodes;             /* positions visited */
} RefMaxN;

/* The exact max^n value of the position after `actions` with the true hands open, each seat
 * choosing what gives itself the most. Visits every line of play: use with a few tricks only. Reads
 * only the game from the query. NULL, or what is wrong with the query. */
const char *ref_max_n(const RefQuery *query, RefMaxN *answer);

/* The next of a sequence of numbers below `bound`, determined by *state alone. */
int ref_draw(uint64_t *state, int bound);

/* Draws a query: an open round somewhere before its end with two or more legal actions, any rules,
 * P and T (P * T at most `max_cards`), hash evaluator, W 1..3, S 1..200, K 1..8, no held, no
 * root_prior; the caller may change anything afterwards. */
void ref_draw_query(uint64_t *state, int max_cards, RefQuery *query);

/* Cards as bits (bit = card) to a hand. At most 17 bits are set. */
RefHand ref_hand_of_bits(uint64_t bits);

uint64_t ref_splitmix64(uint64_t x);

#endif
