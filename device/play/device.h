/* device/play/device.h - a device to play on: its backend and each module's table of launches. */
#ifndef DEVICE_PLAY_DEVICE_H
#define DEVICE_PLAY_DEVICE_H

#include "device/core/backend.h"
#include "device/search/search.h"
#include "nn/infer/forward.h"
#include "device/replay/replay_ops.h"
#include "play.h"

typedef struct {
    const Backend *backend;
    const SearchOps *search;
    const NetOps *net;
    const PlayOps *play;
    const ReplayOps *replay;
    const TrainOps *train;
} Device;

/* Of several processes on a machine each takes another device: before device_open. */
void device_select(int index);

/* Finds and opens the device called `name`: "cpu", "cuda", or "auto", which is cuda where there is
 * a usable GPU. `device_text` receives a line about it. STATUS_INPUT: no such device here,
 * reported in one line. */
Status device_open(const char *name, const Device **out, char *device_text,
                   size_t device_text_bytes);

/* The first that matches: the best one first. NULL ends the list. */
extern const Device *const devices[];

#endif
