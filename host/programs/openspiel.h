/* host/programs/openspiel.h - games recorded by OpenSpiel's oh_hell, checked against our rules.
 *
 * One JSON object a line: the game with its parameters, every action, the seat to move and the
 * legal actions at each decision, the returns. The numbers in it are OpenSpiel's. */
#ifndef HOST_PROGRAMS_OPENSPIEL_H
#define HOST_PROGRAMS_OPENSPIEL_H

#include "device/core/status.h"
#include "game/card.h"

enum { OPENSPIEL_FIRST_BID = CARDS }; /* OpenSpiel's action of bid b is 52 + b */

typedef struct {
    int64_t games, decisions; /* checked so far */
} OpenspielCount;

/* Our card for OpenSpiel's number rank * 4 + suit, suits C D S H; number is 0..51. */
int openspiel_card(int number);

/* Plays every line of the file by our rules and adds what agrees to *count. Stops at the first line
 * that differs or cannot be read; either is reported:
 *   STATUS_INPUT  file, line and step, what was expected and what was found
 *   STATUS_FILE   the file cannot be read, or holds no games */
Status openspiel_check_file(const char *path, OpenspielCount *count);

#endif
