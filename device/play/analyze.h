/* device/play/analyze.h - the search of one decision, asked from outside. */
#ifndef DEVICE_PLAY_ANALYZE_H
#define DEVICE_PLAY_ANALYZE_H

#include "wave.h"

typedef struct {
    Rules rules;
    RoundState state; /* not over; hands of others are read only with `open` */
    Standing standing;
    int open;                        /* 1: every world is the true deal; 0: worlds are sampled */
    int worlds, simulations, leaves; /* W, S, K: 1..255, 1..65534, 1..255 */
    float c_puct, fpu, noise_weight, noise_alpha;
    Evaluator evaluator;
    uint64_t search_seed; /* of the hash evaluator */
    uint64_t seed, game;  /* worlds and noise are drawn from these */
    uint32_t ply;
} AnalyzeQuery;

typedef struct {
    int n; /* legal actions; the arrays follow them, ascending */
    uint8_t action[MAX_EDGES];
    uint32_t visits[MAX_EDGES]; /* summed over worlds */
    float prior[MAX_EDGES];     /* what the search used, noise included */
    float q[MAX_EDGES];         /* (sum of w in world order) / (sum of n), for the mover */
    float policy[MAX_EDGES];    /* visits / their sum */
    float value[MAX_SEATS];     /* the evaluator's at the root, by absolute seat */
    int best;                   /* index: most visits, then the lowest action */
    int64_t rows;               /* evaluations made; 0: one legal action, nothing searched */
} AnalyzeAnswer;

/* Answers one query after another; its memory grows with the largest so far. */
typedef struct {
    const Device *device;
    const Weights *weights; /* NULL: no query asks for net */
    Precision precision;
    Network network; /* asked for, then chosen */
    bool chosen;
    Wave wave;
    Standing *standing; /* (1) in device memory */
    RoundState *states; /* (W) in device memory */
    void *block;        /* all arrays but the net's; owned */
    size_t block_bytes;
    int net_capacity; /* rows that wave.net takes */
    Fault *fault;     /* (1) device memory, owned: it stays when the trees' memory grows */
} Analyzer;

/* network: asked for; NETWORK_AUTO is decided when the first query needs it. */
Status analyzer_open(Analyzer *a, const Device *device, const Weights *weights, Precision precision,
                     Network network);
void analyzer_close(Analyzer *a);

/* The net that a query for `rows` rows takes; chooses its implementation once. STATUS_INPUT: the
 * implementation asked for is not available, reported in one line. */
Status analyzer_net_spec(Analyzer *a, int rows, NetSpec *spec);

/* Searches. STATUS_INPUT: no deal fits the public history, not reported yet. STATUS_MEMORY: the
 * trees do not fit. STATUS_FAULT: the network gave a number that is not finite. */
Status analyzer_answer(Analyzer *a, const AnalyzeQuery *query, AnalyzeAnswer *answer);

#endif
