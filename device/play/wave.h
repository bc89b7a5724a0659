/* device/play/wave.h - one wave: descend ─► rows ─► network ─► expand and back up.
 *
 * Nothing here waits for the device: on cuda a wave is a list of launches on the stream. */
#ifndef DEVICE_PLAY_WAVE_H
#define DEVICE_PLAY_WAVE_H

#include "device.h"
#include "sides.h"

typedef struct {
    const Device *device;
    Stream stream;
    Search search;            /* its logits and values point to those below */
    const Standing *standing; /* (B / W) of each decision, in device memory */
    Net *net;                 /* NULL unless the evaluator is net */
    Net *net_b;               /* of side B, where `sides` has arrays */
    Sides sides;              /* of two networks; all NULL: there is one */
    bool two;                 /* there are two, to be laid out */
    void *rows;      /* (R, OBSERVE_COLUMNS) observations, elements as the net wants them */
    float *logits;   /* (R, ACTIONS) */
    float *values;   /* (R, MAX_SEATS); of two networks all three have 2 R rows */
    void *scan_temp; /* (scan_temp_bytes) */
    size_t scan_temp_bytes;
} Wave;

/* The wave's own arrays; search_layout has the trees'. `scan_items`: the longest scan asked for. */
void wave_layout(Wave *wave, int scan_items, Arena *arena);

/* Enqueues one wave. */
Status wave_run(const Wave *wave);

#endif
