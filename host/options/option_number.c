/* host/options/option_number.c - reads a number without the liberties that strtod takes. */
#include "option_number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 64 };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The text without its '_'. False: some other sign, a '_' without digits around it, or too long. */
static bool plain(const char *text, char out[TEXT_MOST]) {
    size_t n = 0;
    if (*text == '+' || text[strspn(text, "-+.0123456789eE_")]) return false;
    for (const char *at = text; *at; at++) {
        bool between = at > text && is_digit(at[-1]) && is_digit(at[1]);
        if (*at == '_' && !between) return false;
        if (*at != '_') out[n++] = *at;
        if (n == TEXT_MOST) return false;
    }
    out[n] = 0;
    return n > 0;
}

bool option_number_real(const char *text, double *out) {
    char copy[TEXT_MOST], *end = NULL;
    if (!plain(text, copy)) return false;
    errno = 0;
    *out = strtod(copy, &end);
    return !*end && !errno && isfinite(*out);
}

/* By long double, as 9007199254740991.4 is a whole double. */
bool option_number_whole(const char *text, int64_t *out) {
    char copy[TEXT_MOST], *end = NULL;
    if (!plain(text, copy)) return false;
    errno = 0;
    long double x = strtold(copy, &end);
    if (*end || errno || !(fabsl(x) <= 9007199254740992.0L) || x != floorl(x)) return false;
    *out = (int64_t)x;
    return true;
}
