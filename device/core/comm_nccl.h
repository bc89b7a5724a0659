/* device/core/comm_nccl.h - sums between GPUs by NCCL; a build without it says so here. */
#ifndef DEVICE_CORE_COMM_NCCL_H
#define DEVICE_CORE_COMM_NCCL_H

#include "comm.h"

#ifdef BLOB_NCCL

EXTERN_C_BEGIN
/* From here on all_reduce_sum and broadcast of a comm joined by MPI are NCCL's, on the GPU that is
 * the current one now; close ends both. */
Status comm_nccl_attach(Comm *comm);
EXTERN_C_END

#else

static inline Status comm_nccl_attach(Comm *comm) {
    if (comm->rank == 0)
        fprintf(stderr, "%d processes on GPUs, but built without NCCL: one GPU\n", comm->size);
    return STATUS_INPUT;
}

#endif

#endif
