/* game/trace.h - games recorded by OpenSpiel's oh_hell, replayed against our rules.
 *
 * One JSON object a line: the game with its parameters, every action, the seat to move and the
 * legal actions at each decision, the returns. The numbers in it are OpenSpiel's. */
#ifndef GAME_TRACE_H
#define GAME_TRACE_H

#include "device/core/status.h"
#include "card.h"

enum { TRACE_FIRST_BID = CARDS }; /* OpenSpiel's action of bid b is 52 + b */

typedef struct {
    int64_t games, decisions; /* replayed so far, as recorded */
} TraceCount;

/* Our card for OpenSpiel's number rank * 4 + suit, suits C D S H; number is 0..51. */
int trace_card(int number);

/* Replays every line of the file and adds to *count what agreed. Stops at the first line that
 * does not agree or cannot be read:
 *   STATUS_INPUT  said: the file, line and step, what was expected and what was found
 *   STATUS_FILE   said: the file cannot be read, or holds no games */
Status trace_replay_file(const char *path, TraceCount *count);

#endif
