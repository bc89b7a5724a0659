/* host/process/threads.h - how the threads of a program wait for each other. */
#ifndef HOST_PROCESS_THREADS_H
#define HOST_PROCESS_THREADS_H

/* First in main. Threads that wait give their core away, unless OMP_WAIT_POLICY says otherwise:
 * spinning gains 1% of self-play on two idle cores (2,850 games/min for 2,827) and costs two thirds
 * of it on busy ones (602 for 1,856). OpenMP reads that variable before main, so the program starts
 * itself once more. */
void threads_begin(char **argv);

#endif
