/* host/process/threads.h - how the threads of a program wait for each other. */
#ifndef HOST_PROCESS_THREADS_H
#define HOST_PROCESS_THREADS_H

/* Call first in main. Unless OMP_WAIT_POLICY is set, threads that wait release their core: spinning
 * speeds self-play up by 1% on two idle cores (2,850 games/min against 2,827) and slows it down to
 * a third on busy ones (602 against 1,856). OpenMP reads that variable before main, so the program
 * executes itself again. */
void threads_begin(char **argv);

#endif
