/* host/analyze/field.h - the fields of a query: their names, their order, and how one is read or refused.
 *
 * The order is that in which they are checked; the first wrong one is named. A number is whole if
 * its value is: 1.0 and 1e0 are 1, -0 is 0. */
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
    FIELD_SCORES, /* with FIELD_ROUND: of a full game */
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
    FIELD_GAME, /* with FIELD_PLY: a recorded decision */
    FIELD_PLY,
    FIELD_COUNT
} FieldName;

enum { FIELD_WHY_BYTES = 200 };

typedef struct {
    const cJSON *item[FIELD_COUNT]; /* views of the line's tree; NULL: not given */
    const char *wrong;              /* the name of the first wrong one; a view too */
    char why[FIELD_WHY_BYTES];
} Fields;

/* Each of the next returns STATUS_INPUT where it refuses; nothing is said, wrong and why tell. */

/* Finds every field of the object. Refused: a name that is none, or that stands there twice. */
Status fields_collect(Fields *fields, const cJSON *object);

Status field_refuse(Fields *fields, FieldName name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
Status field_require(Fields *fields, FieldName name, const char *allowed);

/* Whether two fields that go together are given; refused: one without the other. */
Status field_read_pair(Fields *fields, FieldName one, FieldName other, bool *given);

/* A field that is not given leaves *out as it is, which is the default. */
Status field_read_whole(Fields *fields, FieldName name, int64_t min, int64_t max, int64_t *out);
Status field_read_int(Fields *fields, FieldName name, int min, int max, int *out);
Status field_read_real(Fields *fields, FieldName name, double min, double max, double *out);
Status field_read_flag(Fields *fields, FieldName name, int *out);
/* choices: ends in NULL; *out is an index. */
Status field_read_choice(Fields *fields, FieldName name, const char *const *choices, int *out);

/* The text of a field that is given. */
Status field_read_text(Fields *fields, FieldName name, const char **out);

/* An array that is given, of min..max items. */
Status field_check_array(Fields *fields, FieldName name, int min, int max);

#endif
