/* host/files/json_line.c - a scan refuses what cJSON would accept wrongly. */
#include "json_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 character at `at`; 0: it is not one (Unicode 15, table 3-7). */
static size_t utf8_bytes(const unsigned char *at, size_t left) {
    unsigned char lead = at[0], low = 0x80, high = 0xBF;
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    size_t n = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (n > left) return 0;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < n; i++)
        if (at[i] < 0x80 || at[i] > 0xBF) return 0;
    return n;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The end of the number at `at`; NULL: JSON does not allow it. The line ends in '\0'. */
static const char *number_end(const char *at) {
    if (*at == '-') at++;
    if (!is_digit(*at)) return NULL;
    if (*at == '0' && is_digit(at[1])) return NULL;
    while (is_digit(*at)) at++;
    if (*at == '.') {
        if (!is_digit(*++at)) return NULL;
        while (is_digit(*at)) at++;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') at++;
        if (!is_digit(*at)) return NULL;
        while (is_digit(*at)) at++;
    }
    return at;
}

/* The end of the string whose opening quote is at `at`; or NULL, and *why. */
static const char *text_end(const char *at, const char *end, const char **why) {
    for (at++; at < end && *at != '"';) {
        size_t n = utf8_bytes((const unsigned char *)at, (size_t)(end - at));
        if (n == 0 || (unsigned char)*at < 0x20) {
            *why = n == 0 ? "a string is not UTF-8" : "a string contains a control character";
            return NULL;
        }
        if (*at == '\\') {
            if (strncmp(at, "\\u0000", 6) == 0) {
                *why = "a string contains a zero character";
                return NULL;
            }
            n = end - at < 2 ? 1 : 2;
        }
        at += n;
    }
    *why = "a string does not end";
    return at < end ? at + 1 : NULL;
}

/* What is wrong in the line, as far as cJSON would not notice it; or NULL. */
static const char *line_refuse(const char *line, const char *end) {
    const char *why = "a number is malformed";
    for (const char *at = line; at < end;) {
        if (*at == '"')
            at = text_end(at, end, &why);
        else if (*at == '-' || is_digit(*at))
            at = number_end(at);
        else if ((*at >= ' ' && *at <= '~') || *at == '\t' || *at == '\r' || *at == '\n')
            at++;
        else
            return "a character outside strings is not allowed there";
        if (at == NULL) return why;
    }
    return NULL;
}

Status json_line_parse(const char *line, size_t bytes, cJSON **out, char *why, size_t why_bytes) {
    const char *wrong = line_refuse(line, line + bytes), *end = NULL;
    *out = NULL;
    if (wrong) {
        snprintf(why, why_bytes, "not JSON: %s", wrong);
        return STATUS_INPUT;
    }
    *out = cJSON_ParseWithLengthOpts(line, bytes, &end, 0);
    size_t at = end ? (size_t)(end - line) : 0;
    bool rest = *out && at + strspn(line + at, " \t\r\n") < bytes;
    if (*out && !rest) return STATUS_OK;
    cJSON_Delete(*out);
    *out = NULL;
    snprintf(why, why_bytes, "not JSON from character %zu", at + 1);
    return STATUS_INPUT;
}

size_t json_line_mark_bytes(const char *text, size_t bytes) {
    return bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

cJSON *json_line_add_text(cJSON *object, const char *key, const char *text) {
    static const char unknown[] = "\xEF\xBF\xBD"; /* U+FFFD */
    size_t left = strlen(text), used = 0;
    char *valid = (char *)malloc(3 * left + 1);
    if (!valid) return NULL;
    for (const char *at = text; left > 0;) {
        size_t n = utf8_bytes((const unsigned char *)at, left);
        memcpy(valid + used, n ? at : unknown, n ? n : 3);
        used += n ? n : 3;
        at += n ? n : 1;
        left -= n ? n : 1;
    }
    valid[used] = 0;
    cJSON *item = cJSON_AddStringToObject(object, key, valid);
    free(valid);
    return item;
}

void json_line_write_text(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

int json_line_quoted_bytes(const char *text, int most) {
    int n = (int)strnlen(text, (size_t)most + 1);
    if (n <= most) return n;
    for (n = most; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;) n--;
    return n;
}

Status json_line_write_file(DurableFile *f, const cJSON *object) {
    char *text = object ? cJSON_Print(object) : NULL;
    Status status = STATUS_MEMORY;
    if (!text) return status;
    size_t bytes = strlen(text);
    text[bytes] = '\n'; /* replaces the NUL */
    status = durable_write(f, 0, text, bytes + 1);
    if (status == STATUS_OK) status = durable_commit(f);
    cJSON_free(text);
    return status;
}
