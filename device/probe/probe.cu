/* device/probe/probe.cu - the list of probes, what they share, and the bodies compared by bits. */
#include "probe.cuh"

const Probe probes[] = {
    {"l2", "L2 feeds all weights to every multiprocessor faster than they are used", probe_l2},
    {"launches", "a graph's node costs less than a launch from the host", probe_launches},
    {"conditionals", "a choice or a loop on the device costs microseconds", probe_conditionals},
    {"clusters", "pairs of blocks with 200 KiB each fill the GPU", probe_clusters},
    {"mma", "the lanes of mma.m16n8k16 hold what the fragment map says", probe_mma},
#ifdef BLOB_SM90A
    {"wgmma", "the lanes of wgmma m64n64k16 and tiles in shared memory hold what the maps say",
     probe_wgmma},
    {"multicast", "each block of a pair loads half an image, and both halves arrive in both",
     probe_multicast},
#endif
    {NULL, NULL, NULL}};

void probe_say(ProbeAnswer *out, const char *name, double value, const char *unit,
               const char *note) {
    if (out->count == PROBE_LINES) return;
    ProbeLine *line = &out->line[out->count++];
    line->name = name;
    line->value = value;
    line->unit = unit;
    line->note = note;
}

Status probe_rig_open(ProbeRig *rig) {
    memset(rig, 0, sizeof *rig);
    CUDA_TRY(cudaStreamCreateWithFlags(&rig->stream, cudaStreamNonBlocking));
    CUDA_TRY(cudaEventCreate(&rig->begin));
    CUDA_TRY(cudaEventCreate(&rig->end));
    return STATUS_OK;
}

Status probe_rig_alloc(ProbeRig *rig, int i, size_t bytes) {
    CUDA_TRY(cudaMalloc(&rig->memory[i], bytes));
    CUDA_TRY(cudaMemsetAsync(rig->memory[i], 0, bytes, rig->stream));
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    return STATUS_OK;
}

void probe_rig_close(ProbeRig *rig) {
    if (rig->stream) (void)cudaStreamSynchronize(rig->stream);
    if (rig->run) (void)cudaGraphExecDestroy(rig->run);
    for (int i = 0; i < 4; i++)
        if (rig->memory[i]) (void)cudaFree(rig->memory[i]);
    if (rig->end) (void)cudaEventDestroy(rig->end);
    if (rig->begin) (void)cudaEventDestroy(rig->begin);
    if (rig->stream) (void)cudaStreamDestroy(rig->stream);
    (void)cudaGetLastError(); /* what one probe met is not the next one's */
    memset(rig, 0, sizeof *rig);
}

Status probe_clock_begin(ProbeRig *rig) {
    CUDA_TRY(cudaEventRecord(rig->begin, rig->stream));
    return STATUS_OK;
}

Status probe_clock_end(ProbeRig *rig, double *ms) {
    float passed = 0;
    CUDA_TRY(cudaEventRecord(rig->end, rig->stream));
    CUDA_TRY(cudaEventSynchronize(rig->end));
    CUDA_TRY(cudaEventElapsedTime(&passed, rig->begin, rig->end));
    *ms = (double)passed;
    return STATUS_OK;
}

Status probe_gpu(int *capability, int *multiprocessors) {
    int device = 0, major = 0, minor = 0;
    CUDA_TRY(cudaGetDevice(&device));
    CUDA_TRY(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
    CUDA_TRY(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
    CUDA_TRY(cudaDeviceGetAttribute(multiprocessors, cudaDevAttrMultiProcessorCount, device));
    *capability = 10 * major + minor;
    return STATUS_OK;
}

bool probe_needs(ProbeAnswer *out, int capability) {
    int have = 0, multiprocessors = 0;
    if (probe_gpu(&have, &multiprocessors) != STATUS_OK) return false;
    if (have >= capability) return true;
    probe_say(out, "not on this GPU: it needs compute capability", capability / 10.0, "", NULL);
    return false;
}

static __global__ void random_kernel(ProbeRandomArgs args) {
    const int i = team_item<1>();
    if (i < args.n) probe_random_one(&args, i);
}

static __global__ void real_kernel(ProbeRealArgs args) {
    const int i = team_item<1>();
    if (i < args.n) probe_real_one(&args, i);
}

enum { THREADS = 128 };

static Status random_there(const ProbeRandomArgs *there, uint32_t *out, size_t bytes,
                           Stream stream) {
    LAUNCH(random_kernel, launch_blocks(there->n, 1, THREADS), THREADS, stream, *there);
    CUDA_TRY(cudaMemcpyAsync(out, there->out, bytes, cudaMemcpyDeviceToHost, stream));
    CUDA_TRY(cudaStreamSynchronize(stream));
    return STATUS_OK;
}

static Status real_there(const ProbeRealArgs *args, ProbeRig *rig, size_t bytes) {
    ProbeRealArgs there = *args;
    there.a = (const float *)rig->memory[0];
    there.b = (const float *)rig->memory[1];
    there.y = (float *)rig->memory[2];
    CUDA_TRY(cudaMemcpyAsync(rig->memory[0], args->a, bytes, cudaMemcpyHostToDevice, rig->stream));
    CUDA_TRY(cudaMemcpyAsync(rig->memory[1], args->b, bytes, cudaMemcpyHostToDevice, rig->stream));
    LAUNCH(real_kernel, launch_blocks(args->n, 1, THREADS), THREADS, rig->stream, there);
    CUDA_TRY(cudaMemcpyAsync(args->y, there.y, bytes, cudaMemcpyDeviceToHost, rig->stream));
    CUDA_TRY(cudaStreamSynchronize(rig->stream));
    return STATUS_OK;
}

Status probe_random(const ProbeRandomArgs *args) {
    const size_t bytes = (size_t)args->n * PROBE_DRAWS * sizeof *args->out;
    ProbeRig rig;
    ProbeRandomArgs there = *args;
    Status status;
    TRY_GOTO(status, probe_rig_open(&rig));
    TRY_GOTO(status, probe_rig_alloc(&rig, 0, bytes));
    there.out = (uint32_t *)rig.memory[0];
    TRY_GOTO(status, random_there(&there, args->out, bytes, rig.stream));
fail:
    probe_rig_close(&rig);
    return status;
}

Status probe_real(const ProbeRealArgs *args) {
    const size_t bytes = (size_t)args->n * sizeof *args->y;
    ProbeRig rig;
    Status status;
    TRY_GOTO(status, probe_rig_open(&rig));
    for (int i = 0; i < 3; i++) TRY_GOTO(status, probe_rig_alloc(&rig, i, bytes));
    TRY_GOTO(status, real_there(args, &rig, bytes));
fail:
    probe_rig_close(&rig);
    return status;
}
