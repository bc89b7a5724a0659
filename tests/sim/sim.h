/* tests/sim/sim.h - the simulated device as a test sees it: order of lanes, counts, memory, errors.
 *
 * A model of CUDA's execution on the host, on which the project's kernel files and launchers run as
 * a third device. An error in a kernel ends the program with exit status 97. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { SIM_ASCENDING, SIM_DESCENDING, SIM_RANDOM, SIM_ORDER_COUNT } SimOrder;

/* Sets the order in which lanes, warps and blocks take turns. The default is the environment's
 * CUSIM_ORDER (asc, desc, rand) and CUSIM_SEED, or else ascending. */
void sim_order(SimOrder order, uint64_t seed);

/* The number of switches between lanes so far: the cost of a simulation. */
long sim_steps(void);

/* Sets the amount of device memory; the default is 16 GiB. */
void sim_memory(size_t bytes);

/* Of the following calls that return an error, number `after` (0: the next one) returns `error`, a
 * cudaError_t, and does nothing else. A negative `after` cancels it. */
void sim_inject(int after, int error);

/* While quiet, refused calls return their errors without a line on stderr: for tests that provoke
 * them. */
void sim_quiet(bool quiet);

#ifdef __cplusplus
}
#endif

#endif
