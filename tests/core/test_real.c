/* tests/core/test_real.c - device/core/real.h against libm in double: edge cases, and a stride over
 * all floats.
 *
 *   test_real                 edge cases, every 1,021st float, a grid for pow
 *   test_real --all           every float
 *   test_real --object FILE   an object of these functions alone calls nothing of libm */
#include "device/core/real.h"
#include "device/core/rng.h"
#include "tests/support/check.h"

/* real.h promises 2 ulp; the test demands the precision actually reached, so that a lost
 * coefficient shows. */
static const double ULP = 0.501;

typedef struct {
    const char *name;
    float (*ours)(float);
    double (*libm)(double);
    uint32_t sum; /* of the results' bits over every 1,021st float; equal in all builds */
} Function;

static float ours_exp(float x) { return real_exp(x); }
static float ours_log(float x) { return real_log(x); }
static float ours_tanh(float x) { return real_tanh(x); }
static float ours_sigmoid(float x) { return real_sigmoid(x); }
static double libm_sigmoid(double x) { return 1 / (1 + exp(-x)); }

static const Function functions[] = {
    {"exp", ours_exp, exp, 0xb72f2d43},
    {"log", ours_log, log, 0x055d02b5},
    {"tanh", ours_tanh, tanh, 0x0384d3c2},
    {"sigmoid", ours_sigmoid, libm_sigmoid, 0xd23b921e},
};

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The distance in ulps of a float near `want`; infinity counts as 2^128. */
static double ulps(float got, double want) {
    if (got != got || want != want) return (got != got) == (want != want) ? 0 : INFINITY;
    double a = (double)got, b = want, top = ldexp(1, 128);
    if (a > top) a = top;
    if (a < -top) a = -top;
    if (b > top) b = top;
    if (b < -top) b = -top;
    int exponent;
    frexp(b, &exponent);
    if (exponent > 128) exponent = 128;
    if (b == 0 || exponent < -125) exponent = -125;
    return fabs(a - b) / ldexp(1, exponent - 24);
}

static void floats_agree(const Function *f, uint32_t stride, int want_sum) {
    double worst = 0;
    uint32_t sum = 0;
    int64_t n = (int64_t)1 << 32;
#pragma omp parallel for reduction(max : worst) reduction(+ : sum) schedule(static)
    for (int64_t i = 0; i < n; i += stride) {
        float x = float_of((uint32_t)i), y = f->ours(x);
        double want = f->libm((double)x);
        if (y != (float)want) { /* otherwise correctly rounded */
            double u = ulps(y, want);
            if (u > worst) worst = u;
        }
        sum += y != y ? 1 : bits_of(y);
    }
    if (!(worst <= ULP)) fprintf(stderr, "%s: %g ulp\n", f->name, worst);
    CHECK(worst <= ULP);
    if (want_sum && sum != f->sum) fprintf(stderr, "%s: sum 0x%08x\n", f->name, sum);
    CHECK(!want_sum || sum == f->sum);
}

static int same(float a, float b) { return a != a ? b != b : bits_of(a) == bits_of(b); }

static void edge_cases_follow_annex_f(void) {
    CHECK(real_exp(0) == 1 && real_exp(-0.0f) == 1 && real_exp(INFINITY) == INFINITY);
    CHECK(same(real_exp(-INFINITY), 0) && same(real_exp(NAN), NAN));
    CHECK(real_exp(88.72283f) < INFINITY && real_exp(88.72284f) == INFINITY);
    CHECK(real_exp(-103.97f) == 0x1p-149f && real_exp(-103.98f) == 0);
    CHECK(same(real_log(1), 0) && real_log(0) == -INFINITY && real_log(-0.0f) == -INFINITY);
    CHECK(same(real_log(-1), NAN) && same(real_log(-INFINITY), NAN));
    CHECK(real_log(INFINITY) == INFINITY && real_log(0x1p-149f) == (float)(-149 * log(2)));
    CHECK(same(real_tanh(-0.0f), -0.0f) && same(real_tanh(0x1p-149f), 0x1p-149f));
    CHECK(real_tanh(INFINITY) == 1 && real_tanh(-INFINITY) == -1);
    CHECK(real_sigmoid(0) == .5f && real_sigmoid(INFINITY) == 1 && real_sigmoid(-INFINITY) == 0);
}

static void powers_equal_libms(void) {
    static const float special[] = {
        0,        -0.0f,  1,      -1,      2,       -2,    3,      -3,       0.5f,     -0.5f, 1.5f,
        -1.5f,    0.125f, -7.25f, 1e-45f,  -1e-45f, 3e38f, -3e38f, 126.5f,   -149,     -150,  151,
        16777215, 1e10f,  -1e10f, 1.0001f, 0.9999f, 10,    NAN,    INFINITY, -INFINITY};
    int n = (int)(sizeof special / sizeof special[0]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            float got = real_pow(special[i], special[j]);
            double want = pow((double)special[i], (double)special[j]);
            CHECK(ulps(got, want) <= ULP);
            CHECK(want != want || !signbit(got) == !signbit(want));
        }
    uint64_t state = 1;
    double worst = 0;
    for (int i = 0; i < 300000; i++) {
        state = splitmix64(state);
        float x = float_of((uint32_t)state & 0x7fffffffu);
        float y = (float)((double)(int32_t)(state >> 32) / ldexp(1, 31 - i % 12));
        double u = ulps(real_pow(x, y), pow((double)x, (double)y));
        if (u > worst) worst = u;
    }
    if (!(worst <= ULP)) fprintf(stderr, "pow: %g ulp\n", worst);
    CHECK(worst <= ULP);
}

/* Sanitizers and unoptimized builds add symbols of their own, none from libm. */
static void object_calls_no_libm(const char *path) {
    char line[512];
    snprintf(line, sizeof line, "nm -u '%s'", path);
    FILE *nm = popen(line, "r");
    CHECK(nm != NULL);
    if (!nm) return;
    while (fgets(line, sizeof line, nm)) {
        char name[256] = "";
        CHECK(sscanf(line, " U %255s", name) == 1);
        int allowed = strncmp(name, "__asan", 6) == 0 || strncmp(name, "__ubsan", 7) == 0 ||
                      strncmp(name, "__stack_chk", 11) == 0 || strcmp(name, "memcpy") == 0 ||
                      strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0;
        if (!allowed) fprintf(stderr, "%s calls %s\n", path, name);
        CHECK(allowed);
    }
    CHECK(pclose(nm) == 0);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--object") == 0) {
        object_calls_no_libm(argv[2]);
        return check_report();
    }
    int all = argc == 2 && strcmp(argv[1], "--all") == 0;
    edge_cases_follow_annex_f();
    powers_equal_libms();
    for (int f = 0; f < (int)(sizeof functions / sizeof functions[0]); f++)
        floats_agree(&functions[f], all ? 1 : 1021, !all);
    return check_report();
}
