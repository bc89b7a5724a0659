/* tests/sim/sim.h - the simulated device as a test sees it: order of lanes, counts, memory.
 *
 * A model of CUDA's execution on the host: the project's kernel files and launchers run on it as a
 * third device. What goes wrong in a kernel ends the program with exit status 97. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { SIM_ASCENDING, SIM_DESCENDING, SIM_RANDOM, SIM_ORDER_COUNT } SimOrder;

/* In which order lanes, warps and blocks take their turns. At first: the environment's CUSIM_ORDER
 * (asc, desc, rand) and CUSIM_SEED, or ascending. */
void sim_order(SimOrder order, uint64_t seed);

/* Switches from lane to lane so far: the unit of what a simulation costs. */
long sim_steps(void);

/* The device has so much memory, of which cudaMalloc hands out; 16 GiB at first. */
void sim_memory(size_t bytes);

/* From here on call number `after` (0: the next) of those that return an error returns `error`, a
 * cudaError_t, and does nothing else. */
void sim_inject(int after, int error);

/* Calls that are refused return their errors without the line on stderr that says why: for tests
 * that provoke them. */
void sim_quiet(bool quiet);

#ifdef __cplusplus
}
#endif

#endif
