/* tests/reference/ref_json.h - queries and answers of the reference as lines of JSON.
 *
 *   {"query": {...}, "expect": {...}} */
#ifndef TESTS_REFERENCE_REF_JSON_H
#define TESTS_REFERENCE_REF_JSON_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "reference.h"

/* Reads an open query with every field given and no noise; game and ply are optional, held,
 * root_prior and order are not part of it. NULL, or what is wrong. */
const char *ref_json_read(const cJSON *json, RefQuery *query);

/* Writes query and answer as one line, for ref_json_read and ref_json_match to read. */
void ref_json_write(FILE *file, const char *id, const RefQuery *query, const RefAnswer *answer);

/* NULL, or the name of the first field of `expect` that is not exactly the answer's. */
const char *ref_json_match(const cJSON *expect, const RefAnswer *answer);

/* An order's name as used in the ids of lines, such as "tie_last". */
const char *ref_order_name(RefOrder order);

#endif
