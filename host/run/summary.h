/* host/run/summary.h - how the games of a run went, and how fast: what is printed at its end. */
#ifndef HOST_RUN_SUMMARY_H
#define HOST_RUN_SUMMARY_H

#include <cjson/cJSON.h>

#include "device/play/selfplay.h"
#include "host/games/game_record.h"

/* Added up over games; all zero at first. */
typedef struct {
    int64_t games, rounds, seats; /* seats: bids made, one a seat and round */
    int64_t bids_hit;
    int64_t decisions, actions;   /* searched; bids and plays in all */
    int64_t score_sum[MAX_SEATS]; /* by absolute seat, over rounds */
    double entropy_sum;           /* nats, of visits / sum, over decisions */
} GameTally;

/* Adds a finished game. False: the record is not what the rules allow; record->wrong says why. */
bool game_tally_add(GameTally *tally, GameRecord *record);

/* The games' lines: mean score by seat, bids hit, entropy of the policy. */
void game_tally_print(const GameTally *tally, int players, FILE *out);

/* What a run took. */
typedef struct {
    double seconds;             /* wall time of playing, start-up left out */
    double phases[PHASE_COUNT]; /* what the device did with it: shares, see Backend.phases_read */
    PlayCounters counters;      /* at the end */
    int worlds, leaves;
    SelfplayBytes bytes;
} RunRates;

/* Part of the device's time that a phase took, 0..1; 0 where nothing was measured. */
double run_phase_share(const RunRates *rates, Phase phase);

void run_rates_print(const RunRates *rates, const GameTally *tally, FILE *out);

/* "1.5 GiB"; text holds 16 bytes at least. */
void summary_bytes_text(size_t bytes, char *text, size_t text_bytes);

/* The bytes by owner, in one line. */
void summary_bytes_print(const SelfplayBytes *bytes, FILE *out);

#endif
