/* host/process/threads.h - how many threads a program has, and how they wait for each other. */
#ifndef HOST_PROCESS_THREADS_H
#define HOST_PROCESS_THREADS_H

#include "device/core/status.h"

enum { THREADS_MAX = 4096 }; /* of OpenMP; with 100,000 libgomp overruns the stack */

/* Call first in main. Unless OMP_WAIT_POLICY is set, threads that wait release their core: spinning
 * speeds self-play up by 1% on two idle cores (2,850 games/min against 2,827) and slows it down to
 * a third on busy ones (602 against 1,856). OpenMP reads that variable before main, so the program
 * executes itself again. */
void threads_begin(char **argv);

/* Call once the options are known: `asked` is that of --threads, 0 the default of OpenMP, which
 * OMP_NUM_THREADS may set; more than THREADS_MAX is cut to that, and said. Tries at once whether
 * there are as many, for as many teams as work at a time, and another to wait for signals: libgomp
 * would end the program later. STATUS_THREAD: there are not; reported in one line.
 * STATUS_MEMORY. */
Status threads_set(int asked, int teams);

#endif
