/* device/core/comm.c - one process alone, and whether there are others. */
#include "comm.h"

#include <stdlib.h>
#include <string.h>

#include "comm_mpi.h"
#include "comm_nccl.h"

static Status all_reduce_sum_one(Comm *comm, float *data, size_t count, Stream stream) {
    (void)comm, (void)data, (void)count, (void)stream;
    return STATUS_OK;
}

static Status broadcast_one(Comm *comm, void *data, size_t bytes, int root, Stream stream) {
    (void)comm, (void)data, (void)bytes, (void)root, (void)stream;
    return STATUS_OK;
}

static Status all_reduce_max_one(Comm *comm, int64_t *x) {
    (void)comm, (void)x;
    return STATUS_OK;
}

static void close_one(Comm *comm) { (void)comm; }

static const CommOps comm_one = {
    .all_reduce_sum = all_reduce_sum_one,
    .broadcast = broadcast_one,
    .all_reduce_max = all_reduce_max_one,
    .close = close_one,
};

/* How many processes were started together; -1: several, as it seems, and nobody says how many. */
static int comm_started(void) {
    const char *size = getenv("OMPI_COMM_WORLD_SIZE"); /* mpirun of Open MPI */
    if (!size) size = getenv("PMI_SIZE");              /* of MPICH and its kin */
    if (size) return atoi(size);
    return getenv("PMIX_RANK") ? -1 : 1; /* another starter of Open MPI's processes */
}

Status comm_open(Comm *comm, int *argc, char ***argv) {
    int started = comm_started();
    Comm one = {&comm_one, 0, 1, 0, 1, NULL};
    *comm = one;
    return started == 1 ? STATUS_OK : comm_mpi_join(comm, started, argc, argv);
}

Status comm_attach(Comm *comm, const Backend *backend) {
    if (comm->size == 1 || strcmp(backend->name, "cuda") != 0) return STATUS_OK;
    return comm_nccl_attach(comm);
}

void comm_abort(Comm *comm, int exit_status) {
    if (comm->size > 1) comm_mpi_abort(exit_status);
}
