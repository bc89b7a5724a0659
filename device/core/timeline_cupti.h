/* device/core/timeline_cupti.h - kernels, copies and what graphs launch, as NVIDIA's CUPTI sees
 * them.
 *
 * CUPTI comes with the toolkit, not with the driver: a build without it says so here. */
#ifndef DEVICE_CORE_TIMELINE_CUPTI_H
#define DEVICE_CORE_TIMELINE_CUPTI_H

#include "timeline.h"

#ifdef BLOB_CUPTI

/* Every kernel, copy and memset of this process goes into the timeline, a row a stream, until the
 * end. STATUS_DEVICE: CUPTI refuses, and `missing` says why. */
Status timeline_cupti_begin(Timeline *timeline, char *missing, size_t missing_bytes);

/* What CUPTI still holds goes into the timeline; nothing where none is begun. */
void timeline_cupti_end(void);

#else

static inline Status timeline_cupti_begin(Timeline *timeline, char *missing, size_t missing_bytes) {
    (void)timeline;
    snprintf(missing, missing_bytes, "built without CUPTI (cupti.h of the CUDA toolkit)");
    return STATUS_DEVICE;
}

static inline void timeline_cupti_end(void) {}

#endif

#endif
