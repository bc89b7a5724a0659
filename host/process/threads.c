/* host/process/threads.c - sets the waiting policy and starts the program again. */
#include "threads.h"

#include <stdlib.h>
#include <unistd.h>

void threads_begin(char **argv) {
    if (getenv("OMP_WAIT_POLICY") || setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
    execv("/proc/self/exe", argv); /* where that is not to be had, it goes on as it is */
}
