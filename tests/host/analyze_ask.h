/* tests/host/analyze_ask.h - asks blob-analyze a query within the process. */
#ifndef TESTS_HOST_ANALYZE_ASK_H
#define TESTS_HOST_ANALYZE_ASK_H

#include <omp.h>
#include <stdlib.h>

#include "host/analyze/answer.h"
#include "host/analyze/query.h"

static Answerer asked;

static bool ask_open(void) {
    const Device *device = NULL;
    char device_text[256];
    omp_set_num_threads(1); /* a query keeps one busy; more would only wait */
    return device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK &&
           answer_open(&asked, device, NULL, 1, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK;
}

/* The answer to the line; the caller frees it. Ends the test if the device fails. */
static char *ask_bytes(const char *line, size_t bytes) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out || answer_line(&asked, line, bytes, out) != STATUS_OK || fclose(out) != 0) abort();
    return text;
}

static char *ask(const char *line) { return ask_bytes(line, strlen(line)); }

/* The same, parsed; the caller deletes it. Ends the test unless it is one line of JSON. */
static cJSON *ask_tree(const char *line) {
    char *text = ask(line);
    size_t length = strlen(text);
    bool one_line = length > 0 && strcspn(text, "\n") == length - 1;
    cJSON *tree = one_line ? cJSON_Parse(text) : NULL;
    if (!tree) abort();
    free(text);
    return tree;
}

static inline const cJSON *field_of(const cJSON *tree, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(tree, name);
}

/* "": the answer is not an error; "null": it names no field. */
static inline const char *error_field(const cJSON *answer) {
    const cJSON *field = field_of(answer, "field");
    if (!cJSON_IsString(field_of(answer, "error"))) return field ? "field without error" : "";
    return cJSON_IsString(field) ? field->valuestring : cJSON_IsNull(field) ? "null" : "no field";
}

#endif
