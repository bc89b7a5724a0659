/* bench/bench_phases.h - what the phases of a wave move: measured time, calculated bytes, GB/s.
 *
 * The model counts the bytes that a phase must touch in its arrays; memory moves in sectors of 32:
 *   a single field of a node, slot or head: 32; a whole state or node: 128
 *   a node passed on the way down: the field, its edges (16 bytes each), one edge written
 *   a node passed on the way up: the field, an edge read and written, the mover of the node above
 * Depths, edges and leaves that cost a row are counted in the trees of the run. The scratch memory
 * of determinization, one for each thread, is not counted, nor are instructions. Arrays that fit a
 * cache may well be faster than copying. */
#ifndef BENCH_BENCH_PHASES_H
#define BENCH_BENCH_PHASES_H

#include "bench.h"

/* Prints a table with a row for each phase of self-play with the full network, launched one by
 * one. */
Status bench_phases(const BenchOptions *o);

#endif
