/* tests/support/check.h - the whole test framework. main() ends with return check_report(). */
#ifndef TESTS_SUPPORT_CHECK_H
#define TESTS_SUPPORT_CHECK_H

#include <stdio.h>

static int checks_failed;

#define CHECK(cond)                                                              \
    do {                                                                         \
        if (!(cond)) {                                                           \
            fprintf(stderr, "%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #cond);    \
            checks_failed++;                                                     \
        }                                                                        \
    } while (0)

static int check_report(void) {
    if (checks_failed) fprintf(stderr, "%d checks failed\n", checks_failed);
    return checks_failed ? 1 : 0;
}

#endif
