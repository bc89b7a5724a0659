/* host/run/run_memory.h - how many games live at once: what fills the device, and fits. */
#ifndef HOST_RUN_RUN_MEMORY_H
#define HOST_RUN_RUN_MEMORY_H

#include "device/play/selfplay.h"

/* Sets config->parallel where it is 0 (automatic), never above `games`; what it takes goes to
 * *bytes, what is free on the device to *free_bytes. STATUS_INPUT: it does not fit into nine tenths
 * of that; said with the largest that does. */
Status run_memory_choose(SelfplayConfig *config, int64_t games, const Device *device,
                         SelfplayBytes *bytes, size_t *free_bytes);

/* After memory ran out all the same, and everything was released: says what would fit now.
 * STATUS_INPUT. */
Status run_memory_refuse(const SelfplayConfig *config, const Device *device);

#endif
