/* device/core/backend_cpu.c - the host's own memory and clock; twin of backend_cuda.cu. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <omp.h>

#include "scan.h"
#include "timeline.h"

static double phase_start, phase_seconds[PHASE_COUNT];
static Phase phase_now;
static Timeline *phase_timeline; /* NULL: nobody draws the phases */

static Status open_cpu(char *device_text, size_t device_text_bytes) {
    snprintf(device_text, device_text_bytes, "cpu, %d threads", omp_get_max_threads());
    for (int i = 0; i < PHASE_COUNT; i++) phase_seconds[i] = 0;
    phase_start = timeline_clock();
    phase_now = PHASE_OTHER;
    return STATUS_OK;
}

/* What the kernel could hand out now, page cache included (MemAvailable of /proc/meminfo). */
static size_t memory_available_bytes(void) {
    FILE *f = fopen("/proc/meminfo", "r");
    unsigned long kib = 0;
    char line[128];
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %lu", &kib) == 1) break;
    if (f) fclose(f);
    return (size_t)kib * 1024;
}

/* The number in a file, or all bits set where there is none, such as "max". */
static size_t file_number(const char *path) {
    unsigned long long x;
    FILE *f = fopen(path, "r");
    int read = f ? fscanf(f, "%llu", &x) : 0;
    if (f) fclose(f);
    return read == 1 ? (size_t)x : SIZE_MAX;
}

/* What a container may still take (cgroup version 2), or all bits set. */
static size_t container_available_bytes(void) {
    size_t most = file_number("/sys/fs/cgroup/memory.max");
    size_t used = file_number("/sys/fs/cgroup/memory.current");
    if (most == SIZE_MAX || used == SIZE_MAX) return SIZE_MAX;
    return used < most ? most - used : 0;
}

static void select_cpu(int index) { (void)index; }

static Status enter_cpu(void) { return STATUS_OK; }

static Status memory_cpu(size_t *free_bytes, size_t *total_bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *total_bytes = (size_t)sysconf(_SC_PHYS_PAGES) * page;
    *free_bytes = memory_available_bytes();
    if (*free_bytes == 0) *free_bytes = (size_t)sysconf(_SC_AVPHYS_PAGES) * page;
    if (container_available_bytes() < *free_bytes) *free_bytes = container_available_bytes();
    return STATUS_OK;
}

/* Aligned as cudaMalloc's; a large block asks for huge pages, since trees are read at random:
 * 12,288 of them are searched 5% faster. */
static Status alloc_cpu(void **out, size_t bytes) {
    enum { HUGE_PAGE = 2 << 20 };
    bool large = bytes >= 2 * HUGE_PAGE;
    size_t align = large ? HUGE_PAGE : 256, rounded = (bytes + 255) / 256 * 256;
    *out = NULL;
    if (rounded < bytes || posix_memalign(out, align, rounded ? rounded : 256) != 0) {
        *out = NULL;
        return STATUS_MEMORY;
    }
    if (large) (void)madvise(*out, rounded, MADV_HUGEPAGE);
    memset(*out, 0, rounded);
    return STATUS_OK;
}

static void release_cpu(void *p) { free(p); }

static Status stream_open_cpu(Stream *out) {
    *out = NULL;
    return STATUS_OK;
}

static void stream_close_cpu(Stream stream) { (void)stream; }
static Status stream_sync_cpu(Stream stream) {
    (void)stream;
    return STATUS_OK;
}

static Status event_open_cpu(Event *out) {
    *out = NULL;
    return STATUS_OK;
}

static void event_close_cpu(Event event) { (void)event; }
static Status event_record_cpu(Event event, Stream stream) {
    (void)event;
    (void)stream;
    return STATUS_OK;
}

static Status event_sync_cpu(Event event) {
    (void)event;
    return STATUS_OK;
}

static Status copy_cpu(void *dst, const void *src, size_t bytes, Stream stream) {
    (void)stream;
    if (bytes) memcpy(dst, src, bytes);
    return STATUS_OK;
}

static Status zero_cpu(void *dst, size_t bytes, Stream stream) {
    (void)stream;
    if (bytes) memset(dst, 0, bytes);
    return STATUS_OK;
}

static Status scan_cpu(const int32_t *in, int32_t *out, int n, void *temp, size_t temp_bytes,
                       Stream stream) {
    (void)temp;
    (void)temp_bytes;
    (void)stream;
    ScanArgs args = {in, out, n};
    scan_one(&args);
    return STATUS_OK;
}

static size_t scan_bytes_cpu(int n) {
    (void)n;
    return 0;
}

/* Calls are complete on return: there is nothing to capture, and nothing is gained. */
static Status capture_begin_cpu(Stream stream, GraphKind kind) {
    (void)stream;
    (void)kind;
    return STATUS_ARGUMENT;
}

static Status capture_end_cpu(Stream stream, Graph *out) {
    (void)stream;
    *out = NULL;
    return STATUS_ARGUMENT;
}

static Status graph_launch_cpu(Graph graph, Stream stream) {
    (void)graph;
    (void)stream;
    return STATUS_ARGUMENT;
}

static void graph_close_cpu(Graph graph) { (void)graph; }

static Status phase_cpu(Phase phase, Stream stream) {
    (void)stream;
    double now = timeline_clock();
    phase_seconds[phase_now] += now - phase_start;
    if (phase_now != PHASE_OTHER)
        timeline_event(phase_timeline, TIMELINE_DEVICE, TIMELINE_PHASES, phase_name(phase_now),
                       phase_start, now);
    phase_start = now;
    phase_now = phase;
    return STATUS_OK;
}

static Status phases_read_cpu(double seconds[PHASE_COUNT]) {
    for (int i = 0; i < PHASE_COUNT; i++) seconds[i] = phase_seconds[i];
    return STATUS_OK;
}

static Status timeline_cpu(Timeline *timeline, char *how, size_t how_bytes) {
    phase_timeline = timeline;
    timeline_name(timeline, TIMELINE_DEVICE, TIMELINE_PHASES, "phases");
    snprintf(how, how_bytes, "phases, by the clock of the host");
    return STATUS_OK;
}

const Backend backend_cpu = {
    .name = "cpu",
    .graphs = false,
    .async = false,
    .open = open_cpu,
    .select = select_cpu,
    .enter = enter_cpu,
    .memory = memory_cpu,
    .alloc = alloc_cpu,
    .release = release_cpu,
    .alloc_host = alloc_cpu,
    .release_host = release_cpu,
    .stream_open = stream_open_cpu,
    .stream_close = stream_close_cpu,
    .stream_sync = stream_sync_cpu,
    .event_open = event_open_cpu,
    .event_close = event_close_cpu,
    .event_record = event_record_cpu,
    .event_sync = event_sync_cpu,
    .to_device = copy_cpu,
    .to_host = copy_cpu,
    .zero = zero_cpu,
    .scan = scan_cpu,
    .scan_bytes = scan_bytes_cpu,
    .capture_begin = capture_begin_cpu,
    .capture_end = capture_end_cpu,
    .graph_launch = graph_launch_cpu,
    .graph_close = graph_close_cpu,
    .phase = phase_cpu,
    .phases_read = phases_read_cpu,
    .timeline = timeline_cpu,
};
