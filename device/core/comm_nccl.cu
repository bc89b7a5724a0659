/* device/core/comm_nccl.cu - sums and copies between GPUs by NCCL, joined with the help of MPI. */
#include "comm_nccl.h"

#include <nccl.h>
#include <stdlib.h>

#include "comm_mpi.h"
#include "launch.cuh"

static Status refused(const char *call, ncclResult_t result) {
    if (result == ncclSuccess) return STATUS_OK;
    fprintf(stderr, "NCCL: %s: %s: %s\n", call, ncclGetErrorString(result), ncclGetLastError(NULL));
    return STATUS_DEVICE;
}

static ncclComm_t nccl_of(const Comm *comm) { return (ncclComm_t)comm->state; }

static Status all_reduce_sum_nccl(Comm *comm, float *data, size_t count, Stream stream) {
    return refused("all_reduce_sum",
                   ncclAllReduce(data, data, count, ncclFloat32, ncclSum, nccl_of(comm), stream));
}

static Status broadcast_nccl(Comm *comm, void *data, size_t bytes, int root, Stream stream) {
    return refused("broadcast",
                   ncclBroadcast(data, data, bytes, ncclUint8, root, nccl_of(comm), stream));
}

static void close_nccl(Comm *comm) {
    (void)refused("the end", ncclCommDestroy(nccl_of(comm)));
    comm_mpi_close(comm);
}

static const CommOps comm_nccl = {
    .all_reduce_sum = all_reduce_sum_nccl,
    .broadcast = broadcast_nccl,
    .all_reduce_max = comm_mpi_all_reduce_max,
    .close = close_nccl,
};

/* Whether each process of this machine has a GPU of its own, reported by the first of them. */
static Status enough_gpus(const Comm *comm) {
    int gpus = 0;
    CUDA_TRY(cudaGetDeviceCount(&gpus));
    if (comm->local_size <= gpus) return STATUS_OK;
    if (comm->local_rank == 0)
        fprintf(stderr, "%d processes on a machine with %d GPUs: at most one process a GPU\n",
                comm->local_size, gpus);
    return STATUS_INPUT;
}

/* The worst status of any process, the same in each: nobody waits for one that gave up. */
static Status agree(Comm *comm, Status status) {
    int64_t worst = status;
    TRY(comm_mpi_all_reduce_max(comm, &worst));
    return (Status)worst;
}

Status comm_nccl_attach(Comm *comm) {
    ncclComm_t nccl = NULL;
    ncclUniqueId id;
    Status status = enough_gpus(comm);
    if (status == STATUS_OK && comm->rank == 0) status = refused("start", ncclGetUniqueId(&id));
    TRY(agree(comm, status));
    TRY(comm->ops->broadcast(comm, &id, sizeof id, 0, NULL));
    status = agree(comm, refused("start", ncclCommInitRank(&nccl, comm->size, id, comm->rank)));
    if (status != STATUS_OK && nccl) (void)ncclCommAbort(nccl);
    TRY(status);
    comm->state = nccl;
    comm->ops = &comm_nccl;
    return STATUS_OK;
}
