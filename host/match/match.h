/* host/match/match.h - two players, the same deals for both, and what the difference tells.
 *
 *   deal d = games 2 d and 2 d + 1: the same cards, dealer and trump; seat s is side (s + game) %
 * 2,
 *            so that each side has every hand once
 *   difference of d = (scores of A's seats - scores of B's seats, both games) / (P * rounds)
 *
 * A side moves by its best move without noise, a network with the search of `base`, a bot at once.
 * Deals are played in blocks and counted in the order of their ids, so a result depends on whole
 * blocks alone: not on threads, live games or timing. */
#ifndef HOST_MATCH_MATCH_H
#define HOST_MATCH_MATCH_H

#include "device/play/selfplay.h"
#include "paired_stats.h"

enum { MATCH_A, MATCH_B };

typedef struct {
    int64_t deals, rounds; /* rounds: of all games, two a deal and round of it */
    double score[SIDES];   /* mean of a seat and round; each deal counts the same */
    double hit[SIDES];     /* share of seats and rounds that took what they bid, 0..1 */
    PairedStats stats;     /* of the differences; stats.mean = score[MATCH_A] - score[MATCH_B] */
    double half_width;     /* of the 95% interval about the mean; INFINITY below two deals */
    PairedVerdict verdict; /* accept: A is better */
    int64_t rows;          /* evaluations of networks */
    int64_t games;         /* finished so far, those of an unfinished block too */
} MatchResult;

typedef struct {
    /* Rules, tables, seed, worlds, simulations, model, precision, network, parallel (cut to a
     * block's games) as for self-play; what a match decides itself is overwritten. The deals are
     * none of self-play's with the same seed. */
    SelfplayConfig base;
    PlayerKind kinds[SIDES]; /* PLAYER_NET, for a side with weights; PLAYER_RANDOM; PLAYER_RULE */
    const Weights *weights[SIDES]; /* of base.model's shape; NULL for a bot; both may be the same */
    int64_t first_deal, most_deals; /* >= 0, >= 1 */
    int block;                      /* deals between two looks, 1..1048576 */
    double margin; /* > 0: score of a round that A should be ahead; ends by paired_stats_sequential.
                      0: plays all deals, the verdict is paired_stats_fixed's */
    /* May be NULL. go_on: asked after every epoch with the result of the whole blocks so far; false
     * ends the match there. deal: told every difference, in ascending order of deals. */
    void *context;
    bool (*go_on)(void *context, const MatchResult *so_far);
    void (*deal)(void *context, int64_t deal, double difference);
} MatchConfig;

/* Best move, no noise, two sides, no ring: what a match of `config` plays with. For measuring its
 * memory; match_play does it itself. */
SelfplayConfig match_selfplay(const MatchConfig *config);

/* Plays. But for `games`, *out holds whole blocks alone, all zero where there is none.
 * STATUS_ARGUMENT: settings that make no sense. STATUS_MEMORY: it does not fit. STATUS_FAULT: a
 * body raised a fault, said in one line. STATUS_DEVICE. */
Status match_play(const MatchConfig *config, const Device *device, MatchResult *out);

#endif
