/* device/core/comm_mpi.c - processes joined by MPI, with data in host memory. */
#include "comm_mpi.h"

#include <mpi.h>

/* One line for a call that MPI refused. */
static Status refused(const char *call, int error) {
    char why[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (error == MPI_SUCCESS) return STATUS_OK;
    if (MPI_Error_string(error, why, &length) != MPI_SUCCESS) length = 0;
    fprintf(stderr, "MPI: %s: %.*s\n", call, length, why);
    return STATUS_DEVICE;
}

static Status all_reduce_sum_mpi(Comm *comm, float *data, size_t count, Stream stream) {
    (void)comm, (void)stream;
    for (size_t at = 0; at < count; at += COMM_MPI_CHUNK) {
        size_t n = count - at < COMM_MPI_CHUNK ? count - at : COMM_MPI_CHUNK;
        TRY(refused("all_reduce_sum", MPI_Allreduce(MPI_IN_PLACE, data + at, (int)n, MPI_FLOAT,
                                                    MPI_SUM, MPI_COMM_WORLD)));
    }
    return STATUS_OK;
}

static Status broadcast_mpi(Comm *comm, void *data, size_t bytes, int root, Stream stream) {
    const size_t chunk = COMM_MPI_CHUNK * sizeof(float);
    (void)comm, (void)stream;
    for (size_t at = 0; at < bytes; at += chunk) {
        size_t n = bytes - at < chunk ? bytes - at : chunk;
        TRY(refused("broadcast",
                    MPI_Bcast((char *)data + at, (int)n, MPI_BYTE, root, MPI_COMM_WORLD)));
    }
    return STATUS_OK;
}

Status comm_mpi_all_reduce_max(Comm *comm, int64_t *x) {
    (void)comm;
    return refused("all_reduce_max",
                   MPI_Allreduce(MPI_IN_PLACE, x, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD));
}

void comm_mpi_close(Comm *comm) {
    (void)comm;
    (void)refused("the end", MPI_Finalize());
}

void comm_mpi_abort(int exit_status) { (void)MPI_Abort(MPI_COMM_WORLD, exit_status); }

static const CommOps comm_mpi = {
    .all_reduce_sum = all_reduce_sum_mpi,
    .broadcast = broadcast_mpi,
    .all_reduce_max = comm_mpi_all_reduce_max,
    .close = comm_mpi_close,
};

static Status find_ranks(Comm *comm) {
    MPI_Comm here;
    TRY(refused("start", MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN)));
    TRY(refused("start", MPI_Comm_rank(MPI_COMM_WORLD, &comm->rank)));
    TRY(refused("start", MPI_Comm_size(MPI_COMM_WORLD, &comm->size)));
    TRY(refused("start", MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL,
                                             &here)));
    TRY(refused("start", MPI_Comm_rank(here, &comm->local_rank)));
    TRY(refused("start", MPI_Comm_size(here, &comm->local_size)));
    return refused("start", MPI_Comm_free(&here));
}

Status comm_mpi_join(Comm *comm, int started, int *argc, char ***argv) {
    int provided = 0;
    TRY(refused("start", MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided)));
    comm->ops = &comm_mpi;
    TRY(find_ranks(comm));
    if (provided < MPI_THREAD_SERIALIZED) {
        fprintf(stderr, "MPI: this library is not fit for programs with threads\n");
        return STATUS_INPUT;
    }
    if (started < 0 || comm->size == started) return STATUS_OK;
    fprintf(stderr,
            "MPI: one of %d processes, but finds %d: started by another MPI's mpirun than the "
            "one it was built with\n",
            started, comm->size);
    return STATUS_INPUT;
}
