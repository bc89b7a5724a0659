/* host/options/options.h - one table of options serves the command line, --config files and the
 * run's log.
 *
 * Long options as getopt knows them; a JSON file holds the same names ('-' or '_'); flags win over
 * the file. Each refusal is one line: option, value, what is allowed. */
#ifndef HOST_OPTIONS_OPTIONS_H
#define HOST_OPTIONS_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "device/core/status.h"

typedef enum {
    OPTION_INT,    /* int */
    OPTION_INT64,  /* int64_t */
    OPTION_REAL,   /* double */
    OPTION_TEXT,   /* const char *, owned by the option list and kept until exit */
    OPTION_CHOICE, /* int: index into `choices` */
    OPTION_FLAG,   /* int: 0 or 1, no argument */
    OPTION_PRESET  /* a choice that sets several fields by `preset`; others override it */
} OptionKind;

typedef struct {
    const char *name; /* without dashes in front; NULL ends the table */
    const char *arg;  /* what --help calls its value; NULL for a flag */
    const char *help; /* unit, meaning, default */
    OptionKind kind;
    size_t offset;              /* of the field in the options struct; of PRESET: what it gets */
    double min, max;            /* of INT, INT64, REAL; both ends allowed */
    const char *const *choices; /* (NULL-terminated) of CHOICE and PRESET */
    void (*preset)(void *at, int choice);
    int decides; /* 1: decides the content of the output (options_identity) */
} Option;

#define OPTION_SEED_MAX 9007199254740991.0 /* 2^53 - 1: exact in JSON */

typedef struct {
    const char *program, *about; /* about: what it does, then how to use it, for --help */
    const char *files;           /* what --help calls the words that are no options; NULL: none */
    const Option *options;
} OptionTable;

/* Fills `options`, which holds the defaults; files (files_max) and *file_count receive the other
 * words. STATUS_INPUT: refused, said in one line; the program exits with 2. --help and --version
 * exit. */
Status options_parse(const OptionTable *table, int argc, char **argv, void *options,
                     const char **files, int files_max, int *file_count);

/* Adds every option that decides the content to `identity`, as strings, '-' written '_'. */
void options_identity(const OptionTable *table, const void *options, cJSON *identity);

#endif
