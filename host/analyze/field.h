/* host/analyze/field.h - the fields of a query: names, order, and how each is read or refused.
 *
 * Fields are checked in the order of FieldName, and the first wrong one is named. What counts is
 * the value of a number: 1.0 and 1e0 are the whole number 1, -0 is 0. */
#ifndef HOST_ANALYZE_FIELD_H
#define HOST_ANALYZE_FIELD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "device/core/status.h"

typedef enum {
    FIELD_ID,
    FIELD_RULES,
    FIELD_PLAYERS,
    FIELD_CARDS,
    FIELD_TRUMP,  /* blob */
    FIELD_TURNED, /* oh-hell, as the next two */
    FIELD_POINTS,
    FIELD_PENALTY,
    FIELD_DEALER,
    FIELD_SCORES, /* with FIELD_ROUND, in a full game */
    FIELD_ROUND,
    FIELD_OPEN,
    FIELD_HANDS,
    FIELD_ACTIONS,
    FIELD_WORLDS,
    FIELD_SIMULATIONS,
    FIELD_SEARCH,
    FIELD_C_PUCT,
    FIELD_FPU,
    FIELD_LEAVES,
    FIELD_NOISE,
    FIELD_SEED,
    FIELD_EVALUATOR,
    FIELD_GAME, /* with FIELD_PLY, of a recorded decision */
    FIELD_PLY,
    FIELD_COUNT
} FieldName;

enum { FIELD_WHY_BYTES = 200 };

typedef struct {
    const cJSON *item[FIELD_COUNT]; /* views of the parsed line; NULL: not given */
    const char *wrong;              /* name of the first wrong field; a view */
    char why[FIELD_WHY_BYTES];
} Fields;

/* Each of these returns STATUS_INPUT if it refuses: `wrong` and `why` tell, nothing is printed. */

/* Finds the fields of the object. Refuses unknown names, and names given twice. */
Status fields_collect(Fields *fields, const cJSON *object);

Status field_refuse(Fields *fields, FieldName name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
Status field_require(Fields *fields, FieldName name, const char *allowed);

/* Whether two fields that need each other are given; refuses one without the other. */
Status field_read_pair(Fields *fields, FieldName one, FieldName other, bool *given);

/* If the field is not given, *out keeps the default. */
Status field_read_whole(Fields *fields, FieldName name, int64_t min, int64_t max, int64_t *out);
Status field_read_int(Fields *fields, FieldName name, int min, int max, int *out);
Status field_read_real(Fields *fields, FieldName name, double min, double max, double *out);
Status field_read_flag(Fields *fields, FieldName name, int *out);
/* choices: ends in NULL; *out: an index. */
Status field_read_choice(Fields *fields, FieldName name, const char *const *choices, int *out);

/* The text of a field that is given. */
Status field_read_text(Fields *fields, FieldName name, const char **out);

/* An array that is given, of min..max items. */
Status field_check_array(Fields *fields, FieldName name, int min, int max);

#endif
