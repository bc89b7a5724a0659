/* bench/bench_phases.h - what the phases of a wave move: time, bytes by arithmetic, GB/s.
 *
 * The model counts what a phase must touch in its arrays, with memory moved by sectors of 32 bytes:
 *   one field of a node, slot or head alone: 32; a whole state or node: 128
 *   a node passed on the way down: the field, its edges (16 bytes each), one of them written
 *   on the way up: the field, an edge read and written, the mover of the node above
 * Depths, edges and leaves that cost a row are counted in the trees themselves. Not counted: what
 * determinization works in, which is a thread's own, and instructions. Arrays that lie in a cache
 * may well exceed the rate of copying. */
#ifndef BENCH_BENCH_PHASES_H
#define BENCH_BENCH_PHASES_H

#include "bench.h"

/* A table with a row for each phase of self-play, launched one by one, with the full network. */
Status bench_phases(const BenchOptions *o);

#endif
