/* tests/search/test_root.c - moves drawn by visits, and the distributions behind root noise. */
#include "device/search/root.h"

#include "tests/support/check.h"

static Rng stream(uint64_t item, RngPurpose purpose) { return rng_begin(31, item, 0, purpose, 0); }

/* Draws moves by visits (5) to a power; chi-square against shares, each an integer of `total`. */
static double moves_chi_square(int power, const uint64_t share[5], uint64_t total) {
    static const uint32_t visits[5] = {1, 0, 2, 3, 4};
    int counts[5] = {0};
    double chi = 0;
    Rng rng = stream((uint64_t)power, RNG_MOVE);
    for (int i = 0; i < 40000; i++) {
        int e = root_choose(visits, 5, power, &rng);
        CHECK(e >= 0 && e < 5);
        counts[e]++;
    }
    CHECK(counts[1] == 0); /* never visited, never played */
    for (int e = 0; e < 5; e++) {
        double want = 40000.0 * (double)share[e] / (double)total;
        if (share[e]) chi += (counts[e] - want) * (counts[e] - want) / want;
    }
    return chi;
}

/* 21.1: the 99.99% point with 3 degrees of freedom. Shares of the next power would give
 * thousands. */
static void moves_are_drawn_by_powers_of_visits(void) {
    static const uint64_t first[5] = {1, 0, 2, 3, 4}, second[5] = {1, 0, 4, 9, 16};
    static const uint64_t fourth[5] = {1, 0, 16, 81, 256};
    CHECK(moves_chi_square(1, first, 10) < 21.1);
    CHECK(moves_chi_square(2, second, 30) < 21.1);
    CHECK(moves_chi_square(4, fourth, 354) < 21.1);
}

/* Integer by integer: the bounded number picks the edge into whose share it falls, in edge
 * order. */
static void one_bounded_number_gives_the_move(void) {
    static const uint32_t visits[4] = {3, 1, 0, 5};
    int seen[9] = {0};
    Rng rng = stream(7, RNG_MOVE);
    for (int i = 0; i < 300; i++) {
        Rng same = rng;
        uint64_t x = rng_below64(&same, 9);
        CHECK(root_choose(visits, 4, 1, &rng) == (x < 3 ? 0 : x < 4 ? 1 : 3));
        CHECK(memcmp(&rng, &same, sizeof rng) == 0);
        seen[x]++;
    }
    for (int x = 0; x < 9; x++) CHECK(seen[x] > 0);
    for (int i = 0; i < 300; i++) {
        Rng same = rng;
        uint64_t x = rng_below64(&same, 81 + 1 + 625);
        CHECK(root_choose(visits, 4, 4, &rng) == (x < 81 ? 0 : x < 82 ? 1 : 3));
    }
}

static void the_best_has_most_visits_then_the_lowest_index(void) {
    static const uint32_t one[3] = {1, 9, 8}, tie[4] = {3, 5, 5, 1}, all[3] = {2, 2, 2};
    static const uint32_t last[2] = {0, 1};
    Rng rng = stream(8, RNG_MOVE), before = rng;
    CHECK(root_choose(one, 3, ROOT_BEST, &rng) == 1);
    CHECK(root_choose(tie, 4, ROOT_BEST, &rng) == 1);
    CHECK(root_choose(all, 3, ROOT_BEST, &rng) == 0);
    CHECK(root_choose(last, 2, ROOT_BEST, &rng) == 1);
    CHECK(memcmp(&rng, &before, sizeof rng) == 0); /* no number is drawn */
}

/* Near the top of 64 bits two equal shares are still drawn equally often. */
static void large_powers_do_not_overflow(void) {
    static const uint32_t halves[2] = {32768, 32767}, most[2] = {1, 65534};
    int first = 0;
    Rng rng = stream(9, RNG_MOVE);
    CHECK(root_power(65535, 4) == 18445618199572250625u);
    for (int i = 0; i < 10000; i++) first += root_choose(halves, 2, 4, &rng) == 0;
    CHECK(first > 4800 && first < 5200); /* 4 standard deviations */
    for (int i = 0; i < 1000; i++) CHECK(root_choose(most, 2, 4, &rng) == 1);
}

/* The most visits whose power is below 2^64, and one more. */
static void powers_fit_up_to_the_limit(void) {
    CHECK(root_power_fits(65535, 4) && !root_power_fits(65536, 4));
    CHECK(root_power_fits(2642245, 3) && !root_power_fits(2642246, 3));
    CHECK(root_power_fits(4294967295u, 2) && !root_power_fits(4294967296u, 2));
    CHECK(root_power_fits(UINT64_MAX, 1) && root_power_fits(UINT64_MAX, ROOT_BEST));
    CHECK(root_power_fits(1, 1000) && root_power_fits(2, 63) && !root_power_fits(2, 64));
}

/* Mean, variance and fourth moment, and the share within quartiles and the 5% tails. */
static void normals_are_normal(void) {
    enum { N = 200000 };
    static const double edge[5] = {-1.959964, -0.6744898, 0, 0.6744898, 1.959964};
    static const double share[6] = {0.025, 0.225, 0.25, 0.25, 0.225, 0.025};
    double sum = 0, square = 0, fourth = 0, chi = 0;
    int counts[6] = {0};
    Rng rng = stream(10, RNG_NOISE);
    for (int i = 0; i < N; i++) {
        double x = (double)root_normal(&rng);
        int bin = 0;
        while (bin < 5 && x > edge[bin]) bin++;
        counts[bin]++;
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
    }
    for (int i = 0; i < 6; i++)
        chi += (counts[i] - N * share[i]) * (counts[i] - N * share[i]) / (N * share[i]);
    CHECK(chi < 25.7); /* 99.99%, 5 degrees of freedom */
    CHECK(fabs(sum / N) < 4 * sqrt(1.0 / N));
    CHECK(fabs(square / N - 1) < 4 * sqrt(2.0 / N));
    CHECK(fabs(fourth / N - 3) < 4 * sqrt(96.0 / N));
}

/* Gamma(alpha, 1): mean alpha, variance alpha, third central moment 2 alpha; 4 standard errors. */
static void gammas_have_their_moments(void) {
    enum { N = 100000 };
    static const float alphas[] = {0.1f, 0.55f, 0.99f, 1, 2.5f, 10};
    for (int k = 0; k < 6; k++) {
        double a = (double)alphas[k], sum = 0, square = 0, cube = 0;
        Rng rng = stream(20 + (uint64_t)k, RNG_NOISE);
        for (int i = 0; i < N; i++) {
            double x = (double)root_gamma(&rng, alphas[k]);
            CHECK(x >= 0 && x < 1000);
            sum += x;
            square += (x - a) * (x - a);
            cube += (x - a) * (x - a) * (x - a);
        }
        CHECK(fabs(sum / N - a) < 4 * sqrt(a / N));
        CHECK(fabs(square / N - a) < 4 * sqrt((2 * a * a + 6 * a) / N));
        /* sixth central moment less the squared third, from the cumulants (k - 1)! alpha */
        double sixth = 15 * a * a * a + 130 * a * a + 120 * a - 4 * a * a;
        CHECK(fabs(cube / N - 2 * a) < 4 * sqrt(sixth / N));
    }
}

/* Means 1/n, variances (n - 1) / (n^2 (n alpha + 1)), covariances -1 / (n^2 (n alpha + 1)). */
static void check_dirichlet(float alpha, int n, int draws, uint64_t item) {
    double mean[MAX_EDGES] = {0}, square = 0, cross = 0;
    double scale = (double)n * n * (n * (double)alpha + 1);
    Rng rng = stream(item, RNG_NOISE);
    for (int i = 0; i < draws; i++) {
        float noise[MAX_EDGES];
        double sum = 0;
        root_dirichlet(&rng, alpha, n, noise);
        for (int e = 0; e < n; e++) {
            CHECK(noise[e] >= 0 && noise[e] <= 1);
            double d = (double)noise[e] - 1.0 / n;
            sum += (double)noise[e];
            mean[e] += (double)noise[e];
            square += d * d;
            cross += d * ((double)noise[(e + 1) % n] - 1.0 / n);
        }
        CHECK(fabs(sum - 1) < 2e-6);
    }
    double variance = (n - 1) / scale, total = (double)draws * n;
    for (int e = 0; e < n; e++) CHECK(fabs(mean[e] / draws - 1.0 / n) < 5 * sqrt(variance / draws));
    CHECK(fabs(square / total - variance) < 0.03 * variance);
    CHECK(fabs(cross / total + 1 / scale) < 0.06 * (n - 1) / scale);
}

/* Self-play's alpha is 10 / n: above 1, 1, and below. */
static void dirichlets_have_their_moments(void) {
    check_dirichlet(5, 2, 20000, 30);
    check_dirichlet(10.0f / 3, 3, 20000, 31);
    check_dirichlet(1, 10, 20000, 32);
    check_dirichlet(10.0f / 18, 18, 10000, 33);
    check_dirichlet(0.3f, 6, 20000, 34);
    check_dirichlet(0.1f, 4, 20000, 35);
}

static void bits_are(const float *x, const uint32_t *want, int n) {
    for (int i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        if (bits != want[i])
            fprintf(stderr, "%d: %.9g is 0x%08x\n", i, (double)x[i], (unsigned)bits);
        CHECK(bits == want[i]);
    }
}

/* A seed's numbers must not change: recorded games would no longer be reproduced. */
static void seeds_keep_their_numbers(void) {
    static const uint32_t normals[4] = {0xbf030ea3, 0xbf3d327b, 0x3db586af, 0x3fb9c482};
    static const uint32_t gammas[4] = {0x4092c318, 0x3ffc4081, 0x409668fb, 0x3f067d91};
    static const uint32_t small[4] = {0x3c4a596a, 0x3cbf57f2, 0x3bc0551d, 0x3e46cfdc};
    static const uint32_t three[3] = {0x3e6d39e7, 0x3dd99323, 0x3f297f22};
    static const uint32_t six[6] = {0x3f154fc4, 0x3c970689, 0x3df542c5,
                                    0x3bb2f2d8, 0x3ce6be11, 0x3e7acf62};
    float x[6];
    Rng rng = rng_begin(1, 2, 3, RNG_NOISE, 0);
    for (int i = 0; i < 4; i++) x[i] = root_normal(&rng);
    bits_are(x, normals, 4);
    for (int i = 0; i < 4; i++) x[i] = root_gamma(&rng, 2.5f);
    bits_are(x, gammas, 4);
    for (int i = 0; i < 4; i++) x[i] = root_gamma(&rng, 0.25f);
    bits_are(x, small, 4);
    rng = rng_begin(1, 2, 3, RNG_NOISE, 0);
    root_dirichlet(&rng, 10.0f / 3, 3, x);
    bits_are(x, three, 3);
    root_dirichlet(&rng, 0.55f, 6, x);
    bits_are(x, six, 6);
}

int main(void) {
    moves_are_drawn_by_powers_of_visits();
    one_bounded_number_gives_the_move();
    the_best_has_most_visits_then_the_lowest_index();
    large_powers_do_not_overflow();
    powers_fit_up_to_the_limit();
    normals_are_normal();
    gammas_have_their_moments();
    dirichlets_have_their_moments();
    seeds_keep_their_numbers();
    return check_report();
}
