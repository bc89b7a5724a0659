/* host/match/match.h - two players play the same deals, and the difference of their scores tells.
 *
 *   deal d = games 2 d and 2 d + 1: the same cards, dealer and trump; seat s is side
 *            (s + game) % 2, so that each side plays every hand once
 *   difference of d = (scores of A's seats - scores of B's seats, both games) / (P * rounds)
 *
 * A network searches as `base` says, without noise, and plays the best move; a bot moves at once.
 * Deals are played in blocks and counted in the order of their ids, so a result depends only on
 * whole blocks: not on threads, live games or timing. */
#ifndef HOST_MATCH_MATCH_H
#define HOST_MATCH_MATCH_H

#include "device/play/selfplay.h"
#include "paired_stats.h"

enum { MATCH_A, MATCH_B };

typedef struct {
    int64_t deals, rounds; /* rounds: of both games of each deal */
    double score[SIDES];   /* mean per seat and round; all deals weigh the same */
    double hit[SIDES];     /* share of bids that were made, 0..1 */
    PairedStats stats;     /* of the differences; stats.mean = score[MATCH_A] - score[MATCH_B] */
    double half_width;     /* of the 95% interval around the mean; INFINITY below two deals */
    PairedVerdict verdict; /* accept: A is better */
    int64_t rows;          /* evaluations of networks */
    /* Those of an unfinished block too: games finished so far and under way, evaluations. */
    int64_t games, live, asked;
} MatchResult;

typedef struct {
    /* Rules, tables, seed, worlds, simulations, model, precision, network, parallel (at most a
     * block's games) as for self-play; a match overwrites the rest. Self-play of the same seed has
     * other deals. */
    SelfplayConfig base;
    PlayerKind kinds[SIDES]; /* PLAYER_NET, which needs weights, or a bot; PIMC and CHEAT
                                on the CPU alone */
    int pimc_worlds[SIDES];  /* of a PLAYER_PIMC, 1..PIMC_WORLDS_MAX */
    const Weights
        *weights[SIDES]; /* of the shape base.model; NULL for a bot; both may be the same */
    int64_t first_deal, most_deals; /* >= 0, >= 1 */
    int block;                      /* deals between two looks, 1..1048576 */
    double margin; /* > 0: points a round by which A should be better; paired_stats_sequential ends
                      the match. 0: plays all deals; paired_stats_fixed gives the verdict */
    /* May be NULL. go_on: called after every epoch with the result of the whole blocks so far;
     * false ends the match. deal: called with every difference, in ascending order of deals. */
    void *context;
    bool (*go_on)(void *context, const MatchResult *so_far);
    void (*deal)(void *context, int64_t deal, double difference);
} MatchConfig;

/* Self-play as the match does it: best moves, no noise, two sides, no ring. To measure memory;
 * match_play calls it itself. */
SelfplayConfig match_selfplay(const MatchConfig *config);

/* Plays the match. But for `games`, `live` and `asked`, *out covers whole blocks only; it is zero
 * if there is none. STATUS_ARGUMENT: invalid settings. STATUS_MEMORY: it does not fit.
 * STATUS_FAULT: a body raised a fault, reported in one line. STATUS_DEVICE. */
Status match_play(const MatchConfig *config, const Device *device, MatchResult *out);

#endif
