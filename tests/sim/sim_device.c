/* tests/sim/sim_device.c - the tables of launches that the simulator's tests compare. */
#include "sim_device.h"

const Device device_processor = {&backend_cpu, &search_cpu, &net_cpu,
                                 &play_cpu,    &replay_cpu, &train_cpu};
const Device device_simulated = {&backend_cuda, &search_cuda, &net_cuda,
                                 &play_cuda,    &replay_cuda, &train_cuda};
