/* tests/host/test_selftest_report.c - the verdicts of blob-selftest: one wrong item fails
 * everything above it.
 *
 * Standard output goes to a file, since what a person reads is checked too. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/selftest/selftest_network.c" /* rows_differ is its own */
#include "tests/support/check.h"

static FILE *printed;

/* What was printed since the last call. */
static const char *take_printed(void) {
    static char text[8192];
    fflush(stdout);
    rewind(printed);
    text[fread(text, 1, sizeof text - 1, printed)] = 0;
    rewind(printed);
    (void)!ftruncate(fileno(printed), 0);
    return text;
}

/* The items of the sections below. */
static struct {
    int64_t differ, of;
    const Agreement *agreement;
    const AgreeLimits *limits;
    Status status;
} items;

static Status section_exact(Selftest *t) {
    selftest_exact(t, "before", 0, 7, "rows");
    selftest_exact(t, "it", items.differ, items.of, "rows");
    selftest_exact(t, "behind", 0, 7, "rows");
    return items.status;
}

static Status section_distance(Selftest *t) {
    selftest_distance(t, "it", items.agreement, items.limits);
    selftest_note(t, "a note", "fails nothing");
    return items.status;
}

/* Runs the section: do its result, the report, its items and its last line all say `ok`? */
static bool all_say(Status (*run)(Selftest *t), bool ok) {
    Selftest t;
    const SelftestSection section = {"section", run, false};
    memset(&t, 0, sizeof t);
    t.json = cJSON_CreateArray();
    take_printed();
    bool result = selftest_section(&t, &section);
    const char *text = take_printed();
    const cJSON *kept = cJSON_GetArrayItem(t.json, 0), *item;
    bool said = cJSON_IsTrue(cJSON_GetObjectItem(kept, "ok")), item_said = true;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(kept, "items")) {
        item_said = item_said && cJSON_IsTrue(cJSON_GetObjectItem(item, "ok"));
    }
    bool verdict = strstr(text, "\nsection: ok") != NULL;
    bool failed = strstr(text, "\nsection: FAILED") != NULL;
    cJSON_Delete(t.json);
    if (items.status == STATUS_OK && item_said != ok) return false;
    if (items.status == STATUS_OK && (strstr(text, " FAILED ") == NULL) != ok) return false;
    return result == ok && said == ok && verdict == ok && failed == !ok;
}

static void one_wrong_count_fails_a_section(void) {
    static const struct {
        int64_t differ, of;
        bool ok;
    } cases[] = {{0, 5, true}, {1, 5, false}, {5, 5, false}, {0, 0, false}, {-1, 5, false}};
    memset(&items, 0, sizeof items);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        items.differ = cases[i].differ;
        items.of = cases[i].of;
        CHECK(all_say(section_exact, cases[i].ok));
    }
    items.differ = 0;
    items.of = 5;
    for (int s = STATUS_ARGUMENT; s < STATUS_COUNT; s++) { /* it could not finish */
        items.status = (Status)s;
        CHECK(all_say(section_exact, false));
    }
}

static void distances_beyond_limits_fail(void) {
    const AgreeLimits limits = {0.02, 0.05, 0.002, 0.004}, none = {0, 0, 0, 0};
    memset(&items, 0, sizeof items);
    for (int i = 0; i < 4; i++) {
        for (int above = 0; above < 2; above++) {
            Agreement a = {{0.001, 0.002, 0.01, 0.02}, {0.0001, 0.0002, 0.001, 0.002}};
            double *x[4] = {&a.value.p99, &a.value.max, &a.policy.p99, &a.policy.max};
            const double limit[4] = {0.02, 0.05, 0.002, 0.004};
            *x[i] = limit[i] * (above ? 1 + 1e-9 : 1 - 1e-9);
            items.agreement = &a;
            items.limits = &limits;
            CHECK(all_say(section_distance, !above));
            items.limits = &none; /* as for equal bits */
            CHECK(all_say(section_distance, false));
        }
    }
    Agreement equal;
    memset(&equal, 0, sizeof equal);
    items.agreement = &equal;
    CHECK(all_say(section_distance, true));
}

/* A number that is not finite fails the item, in the reference or in what is compared with it, also
 * in one row of many. */
static void numbers_that_are_not_finite_fail(void) {
    enum { ROWS = 200, WIDE = 2 };
    const AgreeLimits limits = agree_limits(PRECISION_BF16);
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    float logits[2][ROWS * WIDE], values[2][ROWS * WIDE];
    uint64_t legal[ROWS];
    Agreement agreement;
    memset(&items, 0, sizeof items);
    items.agreement = &agreement;
    items.limits = &limits;
    for (int k = 0; k < 13; k++) {
        memset(logits, 0, sizeof logits);
        memset(values, 0, sizeof values);
        for (int r = 0; r < ROWS; r++) legal[r] = 3;
        float *place = k / 2 % 2 ? &logits[k % 2][77] : &values[k % 2][77];
        if (k < 12) *place = bad[k / 4];
        AgreeOutputs a = {logits[0], values[0]}, b = {logits[1], values[1]};
        CHECK(agree_compare(&agreement, &a, &b, legal, ROWS, WIDE, WIDE) == STATUS_OK);
        CHECK(all_say(section_distance, k == 12));
    }
}

/* One bit of a row, in its logits or values, counts as one row; picks tells which rows are
 * compared. */
static void differing_bits_count_by_row(void) {
    enum { ROWS = 5 };
    static float logits[2][ROWS * ACTIONS], values[2][ROWS * MAX_SEATS];
    RowOutputs all = {logits[0], values[0]}, some = {logits[1], values[1]};
    const int picks[ROWS] = {4, 3, 2, 1, 0};
    for (int r = 0; r < ROWS; r++) logits[0][r * ACTIONS] = logits[1][r * ACTIONS] = (float)r;
    CHECK(rows_differ(&all, &some, NULL, ROWS) == 0);
    CHECK(rows_differ(&all, &some, picks, ROWS) == ROWS - 1); /* the middle one is the same row */
    logits[1][ROWS * ACTIONS - 1] = -0.0f;
    CHECK(rows_differ(&all, &some, NULL, ROWS) == 1);
    CHECK(rows_differ(&all, &some, NULL, ROWS - 1) == 0);
    values[1][MAX_SEATS - 1] = -0.0f;
    CHECK(rows_differ(&all, &some, NULL, ROWS) == 2);
    values[1][ROWS * MAX_SEATS - 1] = NAN; /* a row that differs already */
    CHECK(rows_differ(&all, &some, NULL, ROWS) == 2);
}

int main(void) {
    printed = tmpfile();
    if (!printed || dup2(fileno(printed), STDOUT_FILENO) < 0) {
        perror("a file for what is printed");
        return 1;
    }
    one_wrong_count_fails_a_section();
    distances_beyond_limits_fail();
    numbers_that_are_not_finite_fail();
    differing_bits_count_by_row();
    return check_report();
}
