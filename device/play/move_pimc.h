/* device/play/move_pimc.h - the moves of players that solve worlds (game/pimc.h), on the CPU.
 *
 * Each thread that moves has a Pimc and a table of its own. No body for a GPU: a search of thousands
 * of dependent steps is no work for a lane. */
#ifndef DEVICE_PLAY_MOVE_PIMC_H
#define DEVICE_PLAY_MOVE_PIMC_H

#include "slot.h"

EXTERN_C_BEGIN

/* What the seat to move of a slot plays, as one of side `side`'s seats; worker: the thread's index
 * in p->pimc. FAULT_WORLDS, FAULT_TABLE: no world fits; the answer is then some legal action. */
int move_pimc(const Play *p, const Slot *slot, int side, int worker);

EXTERN_C_END

#endif
