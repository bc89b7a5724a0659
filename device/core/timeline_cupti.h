/* device/core/timeline_cupti.h - kernels, copies and what graphs launch, as NVIDIA's CUPTI sees them.
 *
 * CUPTI comes with the toolkit, not with the driver: a build without it says so here. */
#ifndef DEVICE_CORE_TIMELINE_CUPTI_H
#define DEVICE_CORE_TIMELINE_CUPTI_H

#include "trace.h"

#ifdef BLOB_CUPTI

/* Every kernel, copy and memset of this process goes into the trace, a row a stream, until the end.
 * STATUS_DEVICE: CUPTI refuses, and `missing` says why. */
Status trace_cupti_begin(Trace *trace, char *missing, size_t missing_bytes);

/* What CUPTI still holds goes into the trace; nothing where none is begun. */
void trace_cupti_end(void);

#else

static inline Status trace_cupti_begin(Trace *trace, char *missing, size_t missing_bytes) {
    (void)trace;
    snprintf(missing, missing_bytes, "built without CUPTI (cupti.h of the CUDA toolkit)");
    return STATUS_DEVICE;
}

static inline void trace_cupti_end(void) {}

#endif

#endif
