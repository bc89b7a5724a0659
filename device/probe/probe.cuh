/* device/probe/probe.cuh - what the probes share: temporary memory, clocks, their list. */
#ifndef DEVICE_PROBE_PROBE_CUH
#define DEVICE_PROBE_PROBE_CUH

#include "device/core/launch.cuh"
#include "probe.h"

/* Everything a probe took, released at once; zeroed at first. */
typedef struct {
    void *memory[4];
    cudaStream_t stream;
    cudaEvent_t begin, end;
    cudaGraphExec_t run;
} ProbeRig;

Status probe_rig_open(ProbeRig *rig);
Status probe_rig_alloc(ProbeRig *rig, int i, size_t bytes); /* memory[i], zeroed */
void probe_rig_close(ProbeRig *rig);

/* The clock of the stream: milliseconds between the two, once the second has passed. */
Status probe_clock_begin(ProbeRig *rig);
Status probe_clock_end(ProbeRig *rig, double *ms);

/* major * 10 + minor of the GPU, and its multiprocessors. */
Status probe_gpu(int *capability, int *multiprocessors);

/* For probes of GPUs of a newer kind: says so in the answer and returns false. */
bool probe_needs(ProbeAnswer *out, int capability);

Status probe_mma(ProbeAnswer *out);
Status probe_wgmma(ProbeAnswer *out);
Status probe_multicast(ProbeAnswer *out);
Status probe_clusters(ProbeAnswer *out);
Status probe_l2(ProbeAnswer *out);
Status probe_launches(ProbeAnswer *out);
Status probe_conditionals(ProbeAnswer *out);

#endif
