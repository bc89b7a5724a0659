/* device/probe/fragment.h - which element of a tile a lane holds, for mma and wgmma in bf16.
 *
 *   lane l = 4 g + t, t in 0..3; element i of the lane's registers
 *
 *   A (16, 16)  row g + 8 (i / 2 % 2)   column 2 t + i % 2 + 8 (i / 4)      i in 0..7
 *   B (16, 8)   row 2 t + i % 2 + 8 (i / 2)   column g                      i in 0..3
 *   D (16, N)   row g + 8 (i / 2 % 2)   column 2 t + i % 2 + 8 (i / 4)      i in 0..N / 2 - 1
 *
 * D of one product is A of the next, column block by column block. In wgmma warp w of the group has
 * rows 16 w onwards. In shared memory a tile of K columns lies in blocks of 8 rows of 16 bytes:
 *
 *   plain     (rows / 8, K / 8) blocks of 128 bytes
 *   swizzled  (rows / 8) atoms of 8 rows of 128 bytes; the 16-byte piece p of row r is at p ^ r %
 *   8 */
#ifndef DEVICE_PROBE_FRAGMENT_H
#define DEVICE_PROBE_FRAGMENT_H

#include "device/core/portable.h"

HD int fragment_row(int lane, int i) { return lane / 4 + 8 * (i / 2 % 2); }
HD int fragment_column(int lane, int i) { return 2 * (lane % 4) + i % 2 + 8 * (i / 4); }

/* Of B: its row is k. */
HD int fragment_k(int lane, int i) { return 2 * (lane % 4) + i % 2 + 8 * (i / 2); }

/* Bytes from the tile's start to the bf16 of (row, k). */
HD int tile_plain(int row, int k, int K) {
    return (row / 8 * (K / 8) + k / 8) * 128 + row % 8 * 16 + k % 8 * 2;
}

/* K = 64, one atom wide. */
HD int tile_swizzled(int row, int k) {
    return row / 8 * 1024 + row % 8 * 128 + ((k / 8) ^ (row % 8)) * 16 + k % 8 * 2;
}

/* Small whole numbers, exact in bf16 and in every sum of 64 products; no two rows are alike. */
HD int tile_number(int tile, int row, int k) {
    return (int)(((uint32_t)(row * 37 + k * 101 + tile * 53 + row * k * 7) * 2654435761u >> 28)) -
           8;
}

#endif
