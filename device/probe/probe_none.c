/* device/probe/probe_none.c - the probes of a build without CUDA: there are none. */
#include "probe.h"

Status probe_random(const ProbeRandomArgs *args) {
    (void)args;
    return STATUS_DEVICE;
}

Status probe_real(const ProbeRealArgs *args) {
    (void)args;
    return STATUS_DEVICE;
}

const Probe probes[] = {{NULL, NULL, NULL}};
