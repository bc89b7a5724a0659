/* tests/core/test_fragment.c - device/probe/fragment.h: every element of a tile has exactly one
 * offset. */
#include "device/probe/fragment.h"

#include "tests/support/check.h"

/* 32 lanes of `each` elements hold each element of (rows, columns) exactly once. */
static void each_element_is_in_one_lane(int rows, int columns, int each, int is_b) {
    static int held[16 * 256];
    memset(held, 0, sizeof held);
    for (int lane = 0; lane < 32; lane++)
        for (int i = 0; i < each; i++) {
            int row = is_b ? fragment_k(lane, i) : fragment_row(lane, i);
            int column = is_b ? lane / 4 : fragment_column(lane, i);
            CHECK(row >= 0 && row < rows && column >= 0 && column < columns);
            if (checks_failed) return;
            held[row * columns + column]++;
        }
    for (int at = 0; at < rows * columns; at++) CHECK(held[at] == 1);
}

/* From the instruction's documentation: a lane's elements of the 16 x 16 operand. */
static void layout_matches_the_ptx_manual(void) {
    const int rows[8] = {1, 1, 9, 9, 1, 1, 9, 9}, columns[8] = {4, 5, 4, 5, 12, 13, 12, 13};
    for (int i = 0; i < 8; i++) {
        CHECK(fragment_row(6, i) == rows[i]); /* lane 6: g = 1, t = 2 */
        CHECK(fragment_column(6, i) == columns[i]);
    }
    CHECK(fragment_k(6, 0) == 4 && fragment_k(6, 1) == 5);
    CHECK(fragment_k(6, 2) == 12 && fragment_k(6, 3) == 13);
}

/* Two elements share a register, so their columns are adjacent and the lower one is even. */
static void a_register_holds_adjacent_columns(void) {
    for (int lane = 0; lane < 32; lane++)
        for (int i = 0; i < 32; i += 2) {
            CHECK(fragment_row(lane, i) == fragment_row(lane, i + 1));
            CHECK(fragment_column(lane, i) % 2 == 0);
            CHECK(fragment_column(lane, i) + 1 == fragment_column(lane, i + 1));
        }
}

static void each_element_has_an_offset_in_its_tile(void) {
    enum { K = 64, BYTES = 64 * K * 2 };
    static int plain[BYTES], swizzled[BYTES];
    for (int row = 0; row < 64; row++)
        for (int k = 0; k < K; k++) {
            int a = tile_plain(row, k, K), b = tile_swizzled(row, k);
            CHECK(a >= 0 && a < BYTES && a % 2 == 0 && b >= 0 && b < BYTES && b % 2 == 0);
            if (checks_failed) return;
            plain[a]++;
            swizzled[b]++;
        }
    for (int at = 0; at < BYTES; at += 2) CHECK(plain[at] == 1 && swizzled[at] == 1);
    CHECK(tile_plain(0, 8, K) == 128 && tile_plain(8, 0, K) == 1024); /* the two strides */
    CHECK(tile_swizzled(0, 16) == 32 && tile_swizzled(8, 0) == 1024);
}

/* The hardware reads eight rows of a piece together: they touch all banks. */
static void swizzled_pieces_touch_every_bank(void) {
    for (int piece = 0; piece < 8; piece++) {
        int seen = 0;
        for (int row = 0; row < 8; row++) seen |= 1 << (tile_swizzled(row, 8 * piece) / 16 % 8);
        CHECK(seen == 0xFF);
    }
}

/* A wrong offset must show: no two rows of a tile are alike, and no two columns. */
static void rows_and_columns_differ(void) {
    for (int tile = 0; tile < 2; tile++)
        for (int a = 0; a < 64; a++)
            for (int b = 0; b < a; b++) {
                int rows = 0, columns = 0;
                for (int i = 0; i < 16; i++) {
                    rows += tile_number(tile, a, i) != tile_number(tile, b, i);
                    columns += tile_number(tile, i, a) != tile_number(tile, i, b);
                }
                CHECK(rows > 0 && columns > 0);
            }
}

int main(void) {
    each_element_is_in_one_lane(16, 16, 8, 0);
    each_element_is_in_one_lane(16, 8, 4, 1);
    each_element_is_in_one_lane(16, 8, 4, 0);
    each_element_is_in_one_lane(16, 64, 32, 0);
    layout_matches_the_ptx_manual();
    a_register_holds_adjacent_columns();
    each_element_has_an_offset_in_its_tile();
    swizzled_pieces_touch_every_bank();
    rows_and_columns_differ();
    return check_report();
}
