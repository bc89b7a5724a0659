/* tests/core/test_rng.c - device/core/rng.h: published vectors, the layout of the counter, no
 * bias. */
#include "device/core/rng.h"

#include "tests/support/check.h"

/* Philox 4x32-10 test vectors published with Random123: counter, key, output. */
static const struct {
    uint32_t counter[4], key[2], out[4];
} PHILOX[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
              {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
               {0xffffffff, 0xffffffff},
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
              {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
               {0xa4093822, 0x299f31d0},
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

static void philox_matches_the_published_vectors(void) {
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        philox4x32(PHILOX[i].counter, PHILOX[i].key, out);
        CHECK(memcmp(out, PHILOX[i].out, sizeof out) == 0);
    }
}

/* The published generator adds the odd constant first, so its i-th output from seed s is
 * splitmix64(s + i * constant). */
static void splitmix64_matches_the_published_vectors(void) {
    static const uint64_t from_1234567[] = {6457827717110365317u, 3203168211198807973u,
                                            9817491932198370423u, 4593380528125082431u,
                                            16408922859458223821u};
    for (int i = 0; i < 5; i++)
        CHECK(splitmix64(1234567 + (uint64_t)i * 0x9E3779B97F4A7C15u) == from_1234567[i]);
    CHECK(splitmix64(0) == 0xE220A8397B1DCDAFu);
    CHECK(splitmix64(0x9E3779B97F4A7C15u) == 0x6E789E6AA1B965F4u);
}

/* key = seed, counter = (world << 16 | block, ply << 8 | purpose, game low, high). */
static void a_stream_follows_its_counter(void) {
    const uint64_t seed = 0x0123456789abcdefu, game = 0xfedcba9876543210u;
    Rng rng = rng_begin(seed, game, 77, RNG_WORLD, 5);
    const uint32_t key[2] = {0x89abcdef, 0x01234567};
    uint32_t counter[4] = {5u << 16, 77u << 8 | RNG_WORLD, 0x76543210, 0xfedcba98};
    for (int block = 0; block < 3; block++) {
        uint32_t out[4];
        philox4x32(counter, key, out);
        for (int i = 0; i < 4; i++) CHECK(rng_u32(&rng) == out[i]);
        counter[0]++;
    }
    Rng wide = rng_begin(seed, game, 77, RNG_WORLD, 5), narrow = wide;
    uint64_t high = rng_u32(&narrow), low = rng_u32(&narrow);
    CHECK(rng_u64(&wide) == (high << 32 | low));
}

static void every_part_of_the_counter_matters(void) {
    Rng streams[] = {rng_begin(1, 2, 3, RNG_DEAL, 4),
                     rng_begin(9, 2, 3, RNG_DEAL, 4),
                     rng_begin(1 | (uint64_t)1 << 40, 2, 3, RNG_DEAL, 4),
                     rng_begin(1, 9, 3, RNG_DEAL, 4),
                     rng_begin(1, 2 | (uint64_t)1 << 40, 3, RNG_DEAL, 4),
                     rng_begin(1, 2, 9, RNG_DEAL, 4),
                     rng_begin(1, 2, 3, RNG_MOVE, 4),
                     rng_begin(1, 2, 3, RNG_DEAL, 65535)};
    uint64_t first[8];
    for (int i = 0; i < 8; i++) {
        first[i] = rng_u64(&streams[i]);
        for (int j = 0; j < i; j++) CHECK(first[i] != first[j]);
    }
}

/* Pearson's statistic of counts that should be equal. */
static double chi_square(const int *counts, int n) {
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++) total += counts[i];
    for (int i = 0; i < n; i++) sum += (counts[i] - total / n) * (counts[i] - total / n);
    return sum * n / total;
}

/* Bounds are the 99.99% points of chi-square with n - 1 degrees of freedom; the seed is fixed. */
static void small_bounds_are_unbiased(void) {
    static const struct {
        uint32_t n;
        double bound;
    } cases[] = {{2, 15.1}, {3, 18.4}, {6, 25.7}, {13, 39.1}, {52, 97.3}};
    for (int c = 0; c < 5; c++) {
        int counts[52] = {0}, counts64[52] = {0};
        Rng rng = rng_begin(7, (uint64_t)c, 0, RNG_DEAL, 0);
        for (int i = 0; i < 20000; i++) {
            uint32_t x = rng_below(&rng, cases[c].n);
            uint64_t y = rng_below64(&rng, cases[c].n);
            CHECK(x < cases[c].n && y < cases[c].n);
            if (x < cases[c].n) counts[x]++;
            if (y < cases[c].n) counts64[y]++;
        }
        CHECK(chi_square(counts, (int)cases[c].n) < cases[c].bound);
        CHECK(chi_square(counts64, (int)cases[c].n) < cases[c].bound);
    }
    Rng rng = rng_begin(7, 9, 0, RNG_DEAL, 0);
    for (int i = 0; i < 100; i++) CHECK(rng_below(&rng, 1) == 0 && rng_below64(&rng, 1) == 0);
}

/* With n at three quarters of the range, a method without rejection gives every third number (by
 * multiplication) or the lowest third (by remainder) twice its share. */
static void large_bounds_are_unbiased(void) {
    const uint32_t n = 3u << 30;
    const uint64_t n64 = (uint64_t)3 << 62;
    int by_rest[3] = {0}, by_third[3] = {0}, by_rest64[3] = {0}, by_third64[3] = {0};
    Rng rng = rng_begin(7, 10, 0, RNG_DEAL, 0);
    for (int i = 0; i < 30000; i++) {
        uint32_t x = rng_below(&rng, n);
        uint64_t y = rng_below64(&rng, n64);
        CHECK(x < n && y < n64);
        by_rest[x % 3]++;
        by_third[x / (n / 3) % 3]++;
        by_rest64[y % 3]++;
        by_third64[y / (n64 / 3) % 3]++;
    }
    CHECK(chi_square(by_rest, 3) < 18.4 && chi_square(by_third, 3) < 18.4);
    CHECK(chi_square(by_rest64, 3) < 18.4 && chi_square(by_third64, 3) < 18.4);
}

/* 24 bits: (k + 1/2) / 2^23, so that neither 0 nor 1 occurs. */
static void units_exclude_zero_and_one(void) {
    int tenths[10] = {0};
    float least = 1, most = 0;
    Rng rng = rng_begin(7, 11, 0, RNG_NOISE, 0);
    for (int i = 0; i < 100000; i++) {
        float x = rng_unit(&rng);
        CHECK(x > 0.0f && x < 1.0f);
        tenths[(int)(x * 10.0f) % 10]++;
        if (x < least) least = x;
        if (x > most) most = x;
    }
    CHECK(chi_square(tenths, 10) < 33.7);
    CHECK(least < 1e-4f && most > 1.0f - 1e-4f);
    Rng low, high;
    memset(&low, 0, sizeof low);
    memset(&high, 0xFF, sizeof high);
    low.left = high.left = 4;
    CHECK(rng_unit(&low) == 0.5f / 8388608.0f);
    CHECK(rng_unit(&high) == 1.0f - 0.5f / 8388608.0f && rng_unit(&high) < 1.0f);
}

int main(void) {
    philox_matches_the_published_vectors();
    splitmix64_matches_the_published_vectors();
    a_stream_follows_its_counter();
    every_part_of_the_counter_matters();
    small_bounds_are_unbiased();
    large_bounds_are_unbiased();
    units_exclude_zero_and_one();
    return check_report();
}
