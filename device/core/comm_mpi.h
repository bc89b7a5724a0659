/* device/core/comm_mpi.h - processes joined by MPI; a build without it says so here. */
#ifndef DEVICE_CORE_COMM_MPI_H
#define DEVICE_CORE_COMM_MPI_H

#include "comm.h"

#ifdef BLOB_MPI

enum {
    COMM_MPI_CHUNK = 1 << 22 /* floats a call: MPI counts in int, and needs a buffer of this size */
};

EXTERN_C_BEGIN
/* Fills all of *comm. `started`: the number of processes that were started; -1: unknown. Processes
 * that do not find each other are refused, as each would do all of the work. */
Status comm_mpi_join(Comm *comm, int started, int *argc, char ***argv);
Status comm_mpi_all_reduce_max(Comm *comm, int64_t *x);
void comm_mpi_close(Comm *comm);
void comm_mpi_abort(int exit_status);
EXTERN_C_END

#else

static inline Status comm_mpi_join(Comm *comm, int started, int *argc, char ***argv) {
    (void)comm, (void)started, (void)argc, (void)argv;
    fprintf(stderr, "started as one of several processes, but built without MPI: install the "
                    "packages libopenmpi-dev and openmpi-bin, build again\n");
    return STATUS_INPUT;
}

static inline void comm_mpi_abort(int exit_status) { (void)exit_status; }

#endif

#endif
