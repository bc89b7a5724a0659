/* device/core/timeline_cupti.cu - CUPTI's records of what ran, turned into events of the
 * timeline. */
#include "timeline_cupti.h"

#include <cupti.h>
#include <cxxabi.h>
#include <stdlib.h>

/* The records' layouts grow with the toolkit; the names of their fields stay. */
#if CUPTI_API_VERSION >= 130000
typedef CUpti_ActivityKernel10 KernelRecord;
typedef CUpti_ActivityMemcpy6 CopyRecord;
#else
typedef CUpti_ActivityKernel9 KernelRecord;
typedef CUpti_ActivityMemcpy5 CopyRecord;
#endif
typedef CUpti_ActivityMemset4 SetRecord;

enum { RECORDS_BYTES = 1 << 20, STREAMS_NAMED = 64 };

static Timeline *open_timeline; /* NULL: none is begun */
static double clock_offset;     /* seconds from CUPTI's clock to the timeline's */
static bool stream_named[STREAMS_NAMED];

static const CUpti_ActivityKind kinds[] = {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
                                           CUPTI_ACTIVITY_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMSET};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* An interval that CUPTI saw whole; start and end in its nanoseconds. */
static void interval(const char *name, uint32_t stream, uint64_t start, uint64_t end) {
    char text[32];
    int row = TIMELINE_PHASES + 1 + (int)(stream % STREAMS_NAMED);
    if (start == 0 || end == 0) return;
    if (!stream_named[stream % STREAMS_NAMED]) {
        snprintf(text, sizeof text, "stream %u", stream);
        timeline_name(open_timeline, TIMELINE_DEVICE, row, text);
        stream_named[stream % STREAMS_NAMED] = true;
    }
    timeline_event(open_timeline, TIMELINE_DEVICE, row, name, 1e-9 * (double)start + clock_offset,
                   1e-9 * (double)end + clock_offset);
}

static void kernel_record(const KernelRecord *r) {
    int refused = 0;
    char *name = abi::__cxa_demangle(r->name, NULL, NULL, &refused);
    interval(refused == 0 && name ? name : r->name, r->streamId, r->start, r->end);
    free(name);
}

static void copy_record(const CopyRecord *r) {
    const char *name = r->copyKind == CUPTI_ACTIVITY_MEMCPY_KIND_HTOD   ? "copy, host to device"
                       : r->copyKind == CUPTI_ACTIVITY_MEMCPY_KIND_DTOH ? "copy, device to host"
                       : r->copyKind == CUPTI_ACTIVITY_MEMCPY_KIND_DTOD ? "copy within the device"
                                                                        : "copy";
    interval(name, r->streamId, r->start, r->end);
}

static void record(const CUpti_Activity *r) {
    if (r->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL)
        kernel_record((const KernelRecord *)r);
    else if (r->kind == CUPTI_ACTIVITY_KIND_MEMCPY)
        copy_record((const CopyRecord *)r);
    else if (r->kind == CUPTI_ACTIVITY_KIND_MEMSET)
        interval("memset", ((const SetRecord *)r)->streamId, ((const SetRecord *)r)->start,
                 ((const SetRecord *)r)->end);
}

/* CUPTI asks for space; without any it drops records. */
static void CUPTIAPI buffer_wanted(uint8_t **buffer, size_t *bytes, size_t *records_max) {
    *buffer = (uint8_t *)aligned_alloc(8, RECORDS_BYTES);
    *bytes = *buffer ? RECORDS_BYTES : 0;
    *records_max = 0;
}

/* On a thread of CUPTI's, or on that of the flush. */
static void CUPTIAPI buffer_full(CUcontext context, uint32_t stream, uint8_t *buffer, size_t bytes,
                                 size_t used) {
    CUpti_Activity *r = NULL;
    (void)context;
    (void)stream;
    (void)bytes;
    while (used > 0 && cuptiActivityGetNextRecord(buffer, used, &r) == CUPTI_SUCCESS) record(r);
    free(buffer);
}

/* True: CUPTI refuses, and `missing` says what and why. */
static bool refused(CUptiResult result, const char *doing, char *missing, size_t missing_bytes) {
    const char *text = NULL;
    if (result == CUPTI_SUCCESS) return false;
    if (cuptiGetResultString(result, &text) != CUPTI_SUCCESS) text = "unknown error";
    snprintf(missing, missing_bytes, "CUPTI refuses to %s: %s", doing, text);
    return true;
}

Status timeline_cupti_begin(Timeline *timeline, char *missing, size_t missing_bytes) {
    uint64_t now = 0;
    for (int i = 0; i < STREAMS_NAMED; i++) stream_named[i] = false;
    if (refused(cuptiGetTimestamp(&now), "tell the time", missing, missing_bytes) ||
        refused(cuptiActivityRegisterCallbacks(buffer_wanted, buffer_full), "call back", missing,
                missing_bytes))
        return STATUS_DEVICE;
    clock_offset = timeline_clock() - 1e-9 * (double)now;
    open_timeline = timeline;
    for (int i = 0; i < KINDS; i++)
        if (refused(cuptiActivityEnable(kinds[i]), "record", missing, missing_bytes)) {
            timeline_cupti_end();
            return STATUS_DEVICE;
        }
    return STATUS_OK;
}

/* Disabled first: what still runs is not waited for. */
void timeline_cupti_end(void) {
    if (!open_timeline) return;
    for (int i = 0; i < KINDS; i++) (void)cuptiActivityDisable(kinds[i]);
    (void)cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    open_timeline = NULL;
}
