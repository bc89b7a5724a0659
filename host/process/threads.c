/* host/process/threads.c - sets the waiting policy and restarts the program. */
#include "threads.h"

#include <stdlib.h>
#include <unistd.h>

void threads_begin(char **argv) {
    if (getenv("OMP_WAIT_POLICY") || setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
    execv("/proc/self/exe", argv); /* on failure the program continues without it */
}
