/* tests/sim/sim_device.c - the two devices that the simulator's tests compare. */
#include "sim_device.h"

const Device device_processor = {.backend = &backend_cpu,
                                 .search = &search_cpu,
                                 .net = &net_cpu,
                                 .play = &play_cpu,
                                 .replay = &replay_cpu,
                                 .train = &train_cpu};
const Device device_simulated = {.backend = &backend_cuda,
                                 .search = &search_cuda,
                                 .net = &net_cuda,
                                 .play = &play_cuda,
                                 .replay = &replay_cuda,
                                 .train = &train_cuda};
