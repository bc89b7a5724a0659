/* host/options/options.c - reads the command line and the file; one function checks and sets
 * either. */
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "option_files.h"
#include "option_number.h"

/* An empty value would be invisible in a message. */
static const char *shown(const char *text) { return *text ? text : "''"; }

static Status refuse_range(const Option *o, const char *origin, const char *text) {
    fprintf(stderr, "%s%s %s: must be %s%.16g..%.16g\n", origin, o->name, shown(text),
            o->kind == OPTION_REAL ? "" : "a whole number in ", o->min, o->max);
    return STATUS_INPUT;
}

static Status set_number(const Option *o, const char *origin, const char *text, char *field) {
    double real = 0;
    int64_t whole = 0;
    bool read = o->kind == OPTION_REAL ? option_number_real(text, &real)
                                       : option_number_whole(text, &whole);
    double value = o->kind == OPTION_REAL ? real : (double)whole;
    if (!read || value < o->min || value > o->max) return refuse_range(o, origin, text);
    int small = (int)whole;
    if (o->kind == OPTION_REAL)
        memcpy(field, &real, sizeof real);
    else if (o->kind == OPTION_INT)
        memcpy(field, &small, sizeof small);
    else
        memcpy(field, &whole, sizeof whole);
    return STATUS_OK;
}

static Status set_choice(const Option *o, const char *origin, const char *text, char *field) {
    int choice = 0;
    while (o->choices[choice] && strcmp(o->choices[choice], text) != 0) choice++;
    if (o->choices[choice]) {
        if (o->kind == OPTION_PRESET)
            o->preset(field, choice);
        else
            memcpy(field, &choice, sizeof choice);
        return STATUS_OK;
    }
    fprintf(stderr, "%s%s %s: must be one of", origin, o->name, shown(text));
    for (int i = 0; o->choices[i]; i++) fprintf(stderr, " %s", o->choices[i]);
    fprintf(stderr, "\n");
    return STATUS_INPUT;
}

static Status set_text(const Option *o, const char *origin, const char *text, char *field) {
    if (!*text) {
        fprintf(stderr, "%s%s '': must not be empty\n", origin, o->name);
        return STATUS_INPUT;
    }
    memcpy(field, &text, sizeof text);
    return STATUS_OK;
}

/* origin: "--", or the name of the file and ": ". `text` must stay valid until exit. */
static Status option_set(const Option *o, const char *origin, const char *text, void *options) {
    char *field = (char *)options + o->offset;
    int one = 1;
    switch (o->kind) {
    case OPTION_INT:
    case OPTION_INT64:
    case OPTION_REAL: return set_number(o, origin, text, field);
    case OPTION_CHOICE:
    case OPTION_PRESET: return set_choice(o, origin, text, field);
    case OPTION_TEXT: return set_text(o, origin, text, field);
    case OPTION_FLAG: memcpy(field, &one, sizeof one); return STATUS_OK;
    case OPTION_HEADING: break;
    }
    return STATUS_ARGUMENT;
}

/* A name in a file may have '_' where the option has '-'. */
static const Option *option_find(const OptionTable *table, const char *name) {
    for (const Option *o = table->options; o->name; o++) {
        size_t i = 0;
        if (o->kind == OPTION_HEADING) continue;
        while (o->name[i] && (o->name[i] == name[i] || (o->name[i] == '-' && name[i] == '_'))) i++;
        if (!o->name[i] && !name[i]) return o;
    }
    return NULL;
}

/* A JSON value as the command line would spell it; number (32) is space for a number. NULL: the
 * option takes no such value. */
static const char *value_text(const Option *o, const cJSON *value, char *number) {
    if (o->kind == OPTION_FLAG) return cJSON_IsBool(value) ? "" : NULL;
    if (cJSON_IsString(value)) return value->valuestring;
    if (!cJSON_IsNumber(value) || o->kind == OPTION_TEXT) return NULL;
    snprintf(number, 32, "%.17g", value->valuedouble);
    return number;
}

static Status file_read(const char *path, cJSON **out) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "--config %s: %s\n", path, strerror(errno));
        return STATUS_INPUT;
    }
    static char text[1 << 20];
    size_t n = fread(text, 1, sizeof text - 1, f);
    bool bad = ferror(f) || !feof(f);
    fclose(f);
    text[n] = 0;
    bad = bad || strlen(text) != n;
    *out = bad ? NULL : cJSON_ParseWithLengthOpts(text, n + 1, NULL, 1);
    if (!cJSON_IsObject(*out)) {
        fprintf(stderr, "--config %s: not a JSON object of options, 1 MiB at most\n", path);
        cJSON_Delete(*out);
        *out = NULL;
        return STATUS_INPUT;
    }
    return STATUS_OK;
}

static Status file_values(const OptionTable *table, const char *path, const cJSON *file,
                          const char *values[OPTION_WORDS_MAX]) {
    static char numbers[OPTION_WORDS_MAX][32];
    const cJSON *item;
    cJSON_ArrayForEach(item, file) {
        const Option *o = option_find(table, item->string);
        if (o && values[o - table->options]) {
            fprintf(stderr, "%s: %s: given twice\n", path, o->name);
            return STATUS_INPUT;
        }
        if (!o) {
            fprintf(stderr, "%s: %s: unknown option; --help lists them\n", path, item->string);
            return STATUS_INPUT;
        }
        const char *text = value_text(o, item, numbers[o - table->options]);
        if (!text) {
            fprintf(stderr, "%s: %s: must be %s\n", path, o->name,
                    o->kind == OPTION_FLAG   ? "true or false"
                    : o->kind == OPTION_TEXT ? "a string"
                                             : "a number or a string");
            return STATUS_INPUT;
        }
        if (o->kind == OPTION_FLAG && !cJSON_IsTrue(item)) continue;
        values[o - table->options] = text;
    }
    return STATUS_OK;
}

typedef enum { APPLY_PRESETS, APPLY_REST, APPLY_COUNT } Apply;

/* Sets the presets that one source gives, or the rest of what it gives. */
static Status apply(const OptionTable *table, Apply which, const char *origin,
                    const char *const *values, void *options) {
    for (int i = 0; table->options[i].name; i++) {
        const Option *o = &table->options[i];
        if (values[i] && (o->kind == OPTION_PRESET) == (which == APPLY_PRESETS))
            TRY(option_set(o, origin, values[i], options));
    }
    return STATUS_OK;
}

Status options_parse(const OptionTable *table, int argc, char **argv, void *options,
                     const char **files, int files_max, int *file_count) {
    OptionWords words = {.table = table, .files = files, .files_max = files_max};
    const char *in_file[OPTION_WORDS_MAX] = {NULL};
    char origin[512];
    static cJSON *file; /* never freed: options point into its texts */
    TRY(option_words_read(&words, argc, argv));
    snprintf(origin, sizeof origin, "%s: ", words.config_file ? words.config_file : "");
    if (words.config_file) {
        TRY(file_read(words.config_file, &file));
        TRY(file_values(table, words.config_file, file, in_file));
    }
    if (file_count) *file_count = words.file_count;
    /* options override presets, whichever source they come from; else the command line wins */
    for (int which = 0; which < APPLY_COUNT; which++) {
        TRY(apply(table, (Apply)which, origin, in_file, options));
        TRY(apply(table, (Apply)which, "--", words.values, options));
    }
    return option_files_check(&words, options);
}

void options_identity(const OptionTable *table, const void *options, cJSON *identity) {
    for (const Option *o = table->options; o->name; o++) {
        const char *field = (const char *)options + o->offset;
        char text[64], name[64];
        if (!o->decides) continue;
        int small;
        int64_t large;
        double real;
        switch (o->kind) {
        case OPTION_INT64:
            memcpy(&large, field, sizeof large);
            snprintf(text, sizeof text, "%lld", (long long)large);
            break;
        case OPTION_REAL:
            memcpy(&real, field, sizeof real);
            snprintf(text, sizeof text, "%.15g", real); /* 0.1 rather than 0.10000000000000001 */
            if (strtod(text, NULL) != real) snprintf(text, sizeof text, "%.17g", real);
            break;
        case OPTION_CHOICE:
            memcpy(&small, field, sizeof small);
            snprintf(text, sizeof text, "%s", o->choices[small]);
            break;
        default: memcpy(&small, field, sizeof small); snprintf(text, sizeof text, "%d", small);
        }
        snprintf(name, sizeof name, "%s", o->name);
        for (char *c = name; *c; c++)
            if (*c == '-') *c = '_';
        cJSON_AddStringToObject(identity, name, text);
    }
}
