/* host/files/json_line.h - one line of JSON, read strictly, and texts written as JSON.
 *
 * cJSON lets more pass than JSON allows (numbers as 01 or 1., control characters, a text cut at
 * \u0000); what is accepted here is RFC 8259 alone. */
#ifndef HOST_FILES_JSON_LINE_H
#define HOST_FILES_JSON_LINE_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "device/core/status.h"

/* The value that the `bytes` of `line` hold, with nothing but white space around it; line[bytes] is
 * '\0'. The caller calls cJSON_Delete. STATUS_INPUT: not JSON, or too deep for cJSON; nothing was
 * said, `why` (why_bytes) tells. */
Status json_line_parse(const char *line, size_t bytes, cJSON **out, char *why, size_t why_bytes);

/* `text` in quotes; what it holds is UTF-8. */
void json_line_write_text(FILE *out, const char *text);

/* How many of the first bytes of `text` to quote in a message: at most `most`, and no character of
 * UTF-8 cut in two. */
int json_line_quoted_bytes(const char *text, int most);

#endif
