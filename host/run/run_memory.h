/* host/run/run_memory.h - how many games are played at once: as many as fill the device and fit. */
#ifndef HOST_RUN_RUN_MEMORY_H
#define HOST_RUN_RUN_MEMORY_H

#include "device/play/selfplay.h"

/* Sets config->parallel where it is 0 (automatic), and lowers it to `games`. *bytes receives what
 * the run takes, *free_bytes what is free on the device. STATUS_INPUT: the run does not fit into
 * nine tenths of that; reported with the largest parallel that does. */
Status run_memory_choose(SelfplayConfig *config, int64_t games, const Device *device,
                         SelfplayBytes *bytes, size_t *free_bytes);

/* For when memory ran out nevertheless, after everything was released: reports what would fit now.
 * Returns STATUS_INPUT. */
Status run_memory_refuse(const SelfplayConfig *config, const Device *device);

#endif
