/* host/files/json_line.h - one line of JSON, parsed strictly; strings and objects written as JSON.
 *
 * cJSON accepts more than JSON allows (01 and 1. as numbers, control characters, a string cut at
 * \u0000); a scan before it leaves RFC 8259 alone.
 *
 * Jansson 2.14 would do without that scan (70 lines), the searches for duplicate keys (10) and the
 * sorting of metadata (25), with messages as good as ours. But it indents with spaces where
 * run.json has tabs and prints 3.0 and 0.10000000000000001 where cJSON prints 3 and 0.1, so the
 * bytes of run.json and of a checkpoint's history would change; and 530 calls in 74 files would be
 * rewritten to save a hundred lines. cJSON stays. */
#ifndef HOST_FILES_JSON_LINE_H
#define HOST_FILES_JSON_LINE_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "durable.h"

/* Parses the `bytes` of `line` as one value with nothing but white space around it; line[bytes] is
 * '\0'. The caller calls cJSON_Delete. STATUS_INPUT: not JSON, or nested too deeply for cJSON;
 * nothing is printed, `why` (why_bytes) receives the reason. */
Status json_line_parse(const char *line, size_t bytes, cJSON **out, char *why, size_t why_bytes);

/* Bytes of the byte order mark with which editors of Windows begin a file of UTF-8; or 0. */
size_t json_line_mark_bytes(const char *text, size_t bytes);

/* Adds a text that need not be UTF-8, such as the name of a file: U+FFFD stands for each byte that
 * is no part of a character. Returns the new item; NULL: not enough memory. */
cJSON *json_line_add_text(cJSON *object, const char *key, const char *text);

/* Writes `text`, which is UTF-8, in quotes and escaped. */
void json_line_write_text(FILE *out, const char *text);

/* Writes the object, indented, as all of an opened file, and commits it. STATUS_MEMORY: also of an
 * object that is NULL; else as durable_write. */
Status json_line_write_file(DurableFile *f, const cJSON *object);

/* How many of the first bytes of `text` to quote in a message: at most `most`, without cutting a
 * UTF-8 character in two. */
int json_line_quoted_bytes(const char *text, int most);

#endif
