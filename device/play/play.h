/* device/play/play.h - the launches of self-play: the only module that sees both search and nn. */
#ifndef DEVICE_PLAY_PLAY_H
#define DEVICE_PLAY_PLAY_H

#include "sides.h"
#include "slot.h"

typedef struct {
    Search search;
    const Standing *standing; /* (B / W) */
    void *rows;               /* (R, OBSERVE_COLUMNS) out: rows [0, row_offset[B]), in tree order */
    bool bf16;                /* elements of rows: bf16, or float32 */
} ObserveArgs;

/* One table a backend. Same contract on each:
 *   memory    the caller owns every array; nothing is allocated or retained
 *   ordering  asynchronous on `stream` (cuda), complete on return (cpu)
 *   errors    STATUS_DEVICE: the launch was refused; what a game meets raises the Fault */
typedef struct {
    /* How many threads determinize at once on this device, for G slots: Play.workers. */
    int (*workers)(int G);
    /* The observations of the wave's rows, where the scan placed them. */
    Status (*observe)(const ObserveArgs *args, Stream stream);
    Status (*move)(const Play *play, Stream stream);
    Status (*emit)(const Play *play, Stream stream);
    Status (*refill)(const Play *play, Stream stream);
    Status (*tally)(const Play *play, Stream stream);
    /* Of two networks: before and after the scans of their rows, see sides.h. */
    Status (*split)(const Search *search, const Sides *sides, Stream stream);
    Status (*join)(const Search *search, const Sides *sides, Stream stream);
} PlayOps;

EXTERN_C_BEGIN
extern const PlayOps play_cpu, play_cuda;
EXTERN_C_END

#endif
