/* tests/core/test_fragment.c - device/probe/fragment.h: every element of a tile has one place. */
#include "device/probe/fragment.h"

#include "tests/support/check.h"

/* Each of (rows, columns) is held once by 32 lanes of `each` elements. */
static void lanes_hold_every_element_once(int rows, int columns, int each, int is_b) {
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

/* Published with the instruction: the lane's elements of the 16 x 16 operand. */
static void a_lane_holds_what_is_published(void) {
    const int rows[8] = {1, 1, 9, 9, 1, 1, 9, 9}, columns[8] = {4, 5, 4, 5, 12, 13, 12, 13};
    for (int i = 0; i < 8; i++) {
        CHECK(fragment_row(6, i) == rows[i]); /* lane 6: g = 1, t = 2 */
        CHECK(fragment_column(6, i) == columns[i]);
    }
    CHECK(fragment_k(6, 0) == 4 && fragment_k(6, 1) == 5);
    CHECK(fragment_k(6, 2) == 12 && fragment_k(6, 3) == 13);
}

/* A pair of elements shares a register, so its columns are neighbours, the lower one even. */
static void registers_hold_neighbours(void) {
    for (int lane = 0; lane < 32; lane++)
        for (int i = 0; i < 32; i += 2) {
            CHECK(fragment_row(lane, i) == fragment_row(lane, i + 1));
            CHECK(fragment_column(lane, i) % 2 == 0);
            CHECK(fragment_column(lane, i) + 1 == fragment_column(lane, i + 1));
        }
}

static void tiles_have_a_place_for_every_element(void) {
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
    CHECK(tile_plain(0, 8, K) == 128 && tile_plain(8, 0, K) == 1024); /* the two distances */
    CHECK(tile_swizzled(0, 16) == 32 && tile_swizzled(8, 0) == 1024);
}

/* Eight rows of one piece, which the hardware reads together, touch all banks. */
static void a_swizzled_piece_touches_every_bank(void) {
    for (int piece = 0; piece < 8; piece++) {
        int seen = 0;
        for (int row = 0; row < 8; row++) seen |= 1 << (tile_swizzled(row, 8 * piece) / 16 % 8);
        CHECK(seen == 0xFF);
    }
}

/* A wrong place must show: no two rows of a tile are alike, nor two columns. */
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
    lanes_hold_every_element_once(16, 16, 8, 0);
    lanes_hold_every_element_once(16, 8, 4, 1);
    lanes_hold_every_element_once(16, 8, 4, 0);
    lanes_hold_every_element_once(16, 64, 32, 0);
    a_lane_holds_what_is_published();
    registers_hold_neighbours();
    tiles_have_a_place_for_every_element();
    a_swizzled_piece_touches_every_bank();
    rows_and_columns_differ();
    return check_report();
}
