/* host/selftest/selftest_rig.h - a network on a device, and rows to run through it.
 *
 *   R  rows     C  inputs (256)     A  actions (52)     V  values (8) */
#ifndef HOST_SELFTEST_SELFTEST_RIG_H
#define HOST_SELFTEST_SELFTEST_RIG_H

#include "selftest.h"

/* Positions that networks are compared on; fewer in a build with a sanitizer, where the formula's
 * loops take a hundred times as long. A power of two. */
#ifdef __SANITIZE_ADDRESS__
enum { RIG_ROWS = 128 };
#else
enum { RIG_ROWS = 4096 };
#endif

typedef struct {
    float *x;        /* (RIG_ROWS, C) host; every number is exact in bf16; owned */
    uint64_t *legal; /* (RIG_ROWS) masks of the actions that policies are compared over; owned */
} RowSet;

typedef struct {
    float *logits, *values; /* (RIG_ROWS, A), (RIG_ROWS, V) host; owned */
} RowOutputs;

typedef struct {
    const Device *device;
    NetSpec spec;
    Net *net;
    void *rows;             /* (RIG_ROWS, C) device, as all that follows; owned */
    float *logits, *values; /* (RIG_ROWS, A), (RIG_ROWS, V) */
    int32_t *count;
    Fault *fault;
    void *staging; /* (RIG_ROWS, C) host */
    Stream stream;
    Graph graph; /* a captured forward; NULL: none */
} Rig;

/* rows_real: observations of random positions in several games; rows_random: random numbers in
 * -1..1. The caller calls rows_free in any case. STATUS_MEMORY. */
Status rows_real(RowSet *rows, uint64_t seed);
Status rows_random(RowSet *rows, uint64_t seed);
void rows_free(RowSet *rows);

Status outputs_open(RowOutputs *outputs);
void outputs_close(RowOutputs *outputs);

/* network: as NetOps.choose takes it; network_text (256) receives its line. The caller calls
 * rig_close in any case. */
Status rig_open(Rig *rig, const Device *device, const Weights *weights, Precision precision,
                Network network, char *network_text);
void rig_close(Rig *rig);

/* Captures a forward, which rig_run launches from now on. Needs backend->graphs and an earlier
 * run. */
Status rig_capture(Rig *rig);

/* Row i of the batch is row picks[i] of `rows`, or row i if picks is NULL; n <= RIG_ROWS. Rows of
 * `out` from n on are not written. STATUS_FAULT: the network met a number that is not finite. */
Status rig_run(Rig *rig, const RowSet *rows, const int *picks, int n, RowOutputs *out);

#endif
