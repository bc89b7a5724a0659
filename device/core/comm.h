/* device/core/comm.h - processes that train one network together, and what they tell each other.
 *
 *   comm_open ─► [ comm_attach ] ─► all_reduce_sum, broadcast, all_reduce_max .. ─► close
 *                                    or comm_abort at any point
 *
 * One process a device: `mpirun -np N`. Between CPUs data goes by MPI, between GPUs by NCCL;
 * without MPI in the build there is one process. Every process makes the same calls in the same
 * order, one thread at a time. A process that dies is noticed by mpirun, which ends the others. */
#ifndef DEVICE_CORE_COMM_H
#define DEVICE_CORE_COMM_H

#include "backend.h"

typedef struct Comm Comm;

/* What a failed call leaves in `data` is anything; the other processes may wait for this one, so
 * that the caller ends with comm_abort. STATUS_DEVICE: MPI or NCCL refused, reported in one
 * line. */
typedef struct {
    /* data[i] (count) summed over all processes, in place, the same bits in each (MPI requires it
     * of a reduction, NCCL's rings and trees compute a sum once); with other numbers of processes
     * the sums round otherwise. Device memory; on cuda asynchronous on `stream`, may be
     * captured. */
    Status (*all_reduce_sum)(Comm *comm, float *data, size_t count, Stream stream);
    /* `bytes` of device memory from process `root` to all others. */
    Status (*broadcast)(Comm *comm, void *data, size_t bytes, int root, Stream stream);
    /* *x becomes the greatest x of all processes, so that one can decide for all. Host memory;
     * waits. */
    Status (*all_reduce_max)(Comm *comm, int64_t *x);
    /* At the end of main, also after an error that all processes found (a wrong option): mpirun
     * takes a process that ends without it for one that died. Waits for the others. */
    void (*close)(Comm *comm);
} CommOps;

struct Comm {
    const CommOps *ops;
    int rank, size;             /* 0..size - 1 */
    int local_rank, local_size; /* among those on this machine: which of its GPUs is whose */
    void *state;                /* the implementation's */
};

EXTERN_C_BEGIN
/* Called first in main: joins the other processes if the program was started as one of several; a
 * process alone does not touch MPI. After a failure the comm is that of one process, to be closed.
 * STATUS_INPUT: started with several, but built without MPI or with another MPI; reported in one
 * line. */
Status comm_open(Comm *comm, int *argc, char ***argv);
/* Once the device is open: lets data go by NCCL if `backend` is cuda. All processes get the same
 * answer. STATUS_INPUT: built without NCCL, or fewer GPUs than processes; reported in one line. */
Status comm_attach(Comm *comm, const Backend *backend);
/* Ends all processes at once after a failure in this one; mpirun's exit status is `exit_status`,
 * 1..255. Does not return; does nothing where it is alone. */
void comm_abort(Comm *comm, int exit_status);
EXTERN_C_END

#endif
