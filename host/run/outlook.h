/* host/run/outlook.h - how much of a run's work is done, that in unfinished games included.
 *
 *   work = evaluations ("rows"):   share = rows / (games * mean)
 *
 * The mean of a game is that of random games under the same rules, where a decision with n
 * decisions below it takes 1 + W * n * (1 - exp(-S / n)) rows, since simulations also end in
 * finished rounds: real games take the same within 2%, with hundreds of simulations down to 10%
 * less. It is kept within rows / (F + L) .. rows / F, and as games are finished it moves
 * to rows / (F + L * (1 - L / 2G)), with weight F / (F + G):
 *   F finished games, L live ones in G slots, half of their work done while new ones follow, all
 *   of it in the end */
#ifndef HOST_RUN_OUTLOOK_H
#define HOST_RUN_OUTLOOK_H

#include "device/play/selfplay.h"

typedef struct {
    int64_t games; /* of the run */
    int parallel;  /* G */
    double mean;   /* rows that a game is expected to take; 0: no network plays */
} Outlook;

/* For a run of so many games; takes milliseconds, for a long game a tenth of a second. */
Outlook outlook_begin(const SelfplayConfig *config, int64_t games);

/* The share of the work that is done, 0..1. It may fall where a forecast was wrong. */
double outlook_share(const Outlook *outlook, int64_t rows, int64_t finished, int64_t live);

#endif
