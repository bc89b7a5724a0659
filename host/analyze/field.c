/* host/analyze/field.c - a reader for each kind of field. */
#include "field.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/files/json_line.h"

static const char *const NAMES[FIELD_COUNT] = {
    "id",      "rules",       "players", "cards",  "trump", "turned", "points",
    "penalty", "dealer",      "scores",  "round",  "open",  "hands",  "actions",
    "worlds",  "simulations", "search",  "c_puct", "fpu",   "leaves", "noise",
    "seed",    "evaluator",   "game",    "ply"};

Status field_refuse(Fields *fields, FieldName name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(fields->why, sizeof fields->why, format, args);
    va_end(args);
    fields->wrong = NAMES[name];
    return STATUS_INPUT;
}

Status fields_collect(Fields *fields, const cJSON *object) {
    memset(fields, 0, sizeof *fields);
    for (const cJSON *item = object->child; item; item = item->next) {
        int f = 0;
        while (f < FIELD_COUNT && strcmp(NAMES[f], item->string) != 0) f++;
        if (f < FIELD_COUNT && !fields->item[f]) {
            fields->item[f] = item;
            continue;
        }
        snprintf(fields->why, sizeof fields->why, "%s",
                 f < FIELD_COUNT ? "is given twice" : "no query has such a field");
        fields->wrong = item->string;
        return STATUS_INPUT;
    }
    return STATUS_OK;
}

Status field_require(Fields *fields, FieldName name, const char *allowed) {
    if (fields->item[name]) return STATUS_OK;
    return field_refuse(fields, name, "is missing: %s", allowed);
}

Status field_read_pair(Fields *fields, FieldName one, FieldName other, bool *given) {
    *given = fields->item[one] != NULL;
    if (*given == (fields->item[other] != NULL)) return STATUS_OK;
    return field_refuse(fields, *given ? other : one, "is missing: %s needs it",
                        NAMES[*given ? one : other]);
}

Status field_read_whole(Fields *fields, FieldName name, int64_t min, int64_t max, int64_t *out) {
    const cJSON *item = fields->item[name];
    if (!item) return STATUS_OK;
    double x = item->valuedouble;
    if (!cJSON_IsNumber(item))
        return field_refuse(fields, name, "must be a whole number %lld..%lld", (long long)min,
                            (long long)max);
    if (!(x >= (double)min && x <= (double)max) || x != (double)(int64_t)x)
        return field_refuse(fields, name, "%.16g: must be a whole number %lld..%lld", x,
                            (long long)min, (long long)max);
    *out = (int64_t)x;
    return STATUS_OK;
}

Status field_read_int(Fields *fields, FieldName name, int min, int max, int *out) {
    int64_t whole = *out;
    TRY(field_read_whole(fields, name, min, max, &whole));
    *out = (int)whole;
    return STATUS_OK;
}

Status field_read_real(Fields *fields, FieldName name, double min, double max, double *out) {
    const cJSON *item = fields->item[name];
    if (!item) return STATUS_OK;
    if (!cJSON_IsNumber(item))
        return field_refuse(fields, name, "must be a number %g..%g", min, max);
    if (!(item->valuedouble >= min && item->valuedouble <= max))
        return field_refuse(fields, name, "%.16g: must be %g..%g", item->valuedouble, min, max);
    *out = item->valuedouble;
    return STATUS_OK;
}

Status field_read_flag(Fields *fields, FieldName name, int *out) {
    const cJSON *item = fields->item[name];
    if (!item) return STATUS_OK;
    if (!cJSON_IsBool(item)) return field_refuse(fields, name, "must be true or false");
    *out = cJSON_IsTrue(item) ? 1 : 0;
    return STATUS_OK;
}

Status field_read_choice(Fields *fields, FieldName name, const char *const *choices, int *out) {
    const cJSON *item = fields->item[name];
    char allowed[64] = "";
    if (!item) return STATUS_OK;
    for (int i = 0; choices[i]; i++) {
        if (cJSON_IsString(item) && strcmp(item->valuestring, choices[i]) == 0) {
            *out = i;
            return STATUS_OK;
        }
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, " %s", choices[i]);
    }
    if (!cJSON_IsString(item)) return field_refuse(fields, name, "must be one of%s", allowed);
    return field_refuse(fields, name, "\"%.*s\": must be one of%s",
                        json_line_quoted_bytes(item->valuestring, 40), item->valuestring, allowed);
}

Status field_read_text(Fields *fields, FieldName name, const char **out) {
    if (!cJSON_IsString(fields->item[name])) return field_refuse(fields, name, "must be a string");
    *out = fields->item[name]->valuestring;
    return STATUS_OK;
}

Status field_check_array(Fields *fields, FieldName name, int min, int max) {
    const cJSON *item = fields->item[name];
    if (!cJSON_IsArray(item)) return field_refuse(fields, name, "must be an array");
    int n = cJSON_GetArraySize(item);
    if (n >= min && n <= max) return STATUS_OK;
    if (min == max)
        return field_refuse(fields, name, "has %d items: one for each of %d seats", n, min);
    return field_refuse(fields, name, "has %d items: at most %d", n, max);
}
