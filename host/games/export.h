/* host/games/export.h - searched decisions as dense tensors, ready for PyTorch.
 *
 *   n decisions, by game id, then in the order played; absolute seat s is relative seat
 *   (s - mover) mod P
 *
 *   observation  F32 (n, 256)  what the mover knows: the network's input (game/observe.h)
 *   legal        U8  (n, 52)   1: legal, by output of the policy
 *   policy       F32 (n, 52)   visits / sum, by output of the policy; 0 if not legal
 *   value        F32 (n, 8)    (score - min) / (max - min) of the round, relative seats; 0 from
 *   seat P on value_mask   U8  (n, 8)    1: the relative seat plays
 *   game_id      I64 (n)       ply   I32 (n)   bids and cards since the start of the game
 *   seat         U8  (n)       the mover, absolute
 *
 * An output of the policy is a bid b, or a card in the row's own order of suits, trump first. The
 * metadata is the run's identity, which includes observation_version. */
#ifndef HOST_GAMES_EXPORT_H
#define HOST_GAMES_EXPORT_H

#include "records.h"

/* Reads the games twice, to count and to write, so that memory does not grow with them. Durable.
 * *rows = n. STATUS_INPUT, reported: a game is wrong, or the records changed meanwhile. */
Status export_write(Records *records, const char *path, int64_t *rows);

#endif
