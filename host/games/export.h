/* host/games/export.h - searched decisions as dense tensors that PyTorch reads without knowing the game.
 *
 *   n decisions, by game, then as played; absolute seat s is relative seat (s - mover) mod P
 *
 *   observation  F32 (n, 256)  what the mover knew: the network's input (game/observe.h)
 *   legal        U8  (n, 52)   1: a legal action, by output of the policy
 *   policy       F32 (n, 52)   visits / sum, by output of the policy; 0 where not legal
 *   value        F32 (n, 8)    (score - min) / (max - min) of the round, relative seats; then 0
 *   value_mask   U8  (n, 8)    1: such a seat plays
 *   game_id      I64 (n)       ply   I32 (n)   bids and cards played before, from the game's start
 *   seat         U8  (n)       the mover, absolute
 *
 * An output of the policy is a bid b, or a card in the row's own order of suits, trump first. The
 * metadata is the run's identity, its observation_version too. */
#ifndef HOST_GAMES_EXPORT_H
#define HOST_GAMES_EXPORT_H

#include "records.h"

/* Goes through the games twice, to count and to write; memory does not grow with them. Durable.
 * *rows = n. STATUS_INPUT, said: a game is wrong, or the records changed meanwhile. */
Status export_write(Records *records, const char *path, int64_t *rows);

#endif
