/* device/probe/probe_clusters.cu - pairs of blocks with much shared memory: how many live at
 * once. */
#include "probe.cuh"

enum { THREADS = 384, PAIR = 2 }; /* a producer and two consumer warpgroups */

static __global__ void pair_kernel(int32_t *nothing) { (void)nothing; }

static Status pairs_at_once(int multiprocessors, int shared_bytes, int *pairs) {
    cudaLaunchAttribute cluster;
    cudaLaunchConfig_t config;
    memset(&cluster, 0, sizeof cluster);
    memset(&config, 0, sizeof config);
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim.x = PAIR;
    cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
    config.gridDim = dim3((unsigned)(multiprocessors / PAIR * PAIR));
    config.blockDim = dim3(THREADS);
    config.dynamicSmemBytes = (size_t)shared_bytes;
    config.attrs = &cluster;
    config.numAttrs = 1;
    CUDA_TRY(cudaFuncSetAttribute(pair_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  shared_bytes));
    CUDA_TRY(cudaOccupancyMaxActiveClusters(pairs, pair_kernel, &config));
    return STATUS_OK;
}

Status probe_clusters(ProbeAnswer *out) {
    int capability, multiprocessors, device = 0, most_bytes = 0, pairs = 0;
    if (!probe_needs(out, 90)) return STATUS_OK;
    TRY(probe_gpu(&capability, &multiprocessors));
    CUDA_TRY(cudaGetDevice(&device));
    CUDA_TRY(cudaDeviceGetAttribute(&most_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
    probe_say(out, "multiprocessors", multiprocessors, "", NULL);
    if (most_bytes >= 200 << 10) {
        TRY(pairs_at_once(multiprocessors, 200 << 10, &pairs));
        probe_say(out, "pairs of blocks at once, 200 KiB each block", pairs, "", NULL);
    }
    TRY(pairs_at_once(multiprocessors, most_bytes, &pairs));
    probe_say(out, "shared memory of a block, at most", most_bytes / 1024.0, "KiB", NULL);
    probe_say(out, "pairs of blocks at once, with that much", pairs, "", NULL);
    return STATUS_OK;
}
