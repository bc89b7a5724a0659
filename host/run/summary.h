/* host/run/summary.h - how the games of a run went, and how fast: the summary at its end. */
#ifndef HOST_RUN_SUMMARY_H
#define HOST_RUN_SUMMARY_H

#include <cjson/cJSON.h>

#include "device/play/selfplay.h"
#include "host/games/game_record.h"

/* Sums over games; all zero at first. */
typedef struct {
    int64_t games, rounds, seats; /* seats: one for each seat and round, which is a bid */
    int64_t bids_hit;
    int64_t decisions, actions;   /* searched decisions; all bids and plays */
    int64_t score_sum[MAX_SEATS]; /* by absolute seat, over rounds */
    double entropy_sum;           /* nats, of visits / sum; over decisions */
} GameTally;

/* Adds a finished game. False: the record breaks the rules; record->wrong tells how. */
bool game_tally_add(GameTally *tally, GameRecord *record);

/* Prints the lines about games: mean score by seat, bids hit, entropy of the policy. */
void game_tally_print(const GameTally *tally, int players, FILE *out);

/* What a run cost. */
typedef struct {
    double seconds; /* wall time of playing, without start-up */
    double
        phases[PHASE_COUNT]; /* time by phase, as Backend.phases_read gives it: only shares count */
    PlayCounters counters;   /* the last that were read */
    int worlds, leaves;
    SelfplayBytes bytes;
} RunRates;

/* Share of the device's time that a phase took, 0..1; 0: nothing was measured. */
double run_phase_share(const RunRates *rates, Phase phase);

void run_rates_print(const RunRates *rates, const GameTally *tally, FILE *out);

/* As "1.5 GiB"; text has room for at least 16 bytes. */
void summary_bytes_text(size_t bytes, char *text, size_t text_bytes);

/* Prints the bytes by owner, in one line. */
void summary_bytes_print(const SelfplayBytes *bytes, FILE *out);

#endif
