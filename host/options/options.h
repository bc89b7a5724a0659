/* host/options/options.h - one table of options serves the command line, --config files and a run's
 * identity.
 *
 * Options are long, as in getopt_long. A JSON file holds the same names ('-' or '_') and numbers
 * (option_number.h); the command line wins over the file. A refusal is one line: the option, its
 * value, what is allowed. */
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
    OPTION_TEXT,   /* const char *, which stays valid until exit; not owned */
    OPTION_CHOICE, /* int: index into `choices` */
    OPTION_FLAG,   /* int: 0 or 1, no argument */
    OPTION_PRESET, /* a choice that sets several fields by `preset`; options override it */
    OPTION_HEADING /* no option: --help prints `help` above the rows that follow */
} OptionKind;

typedef struct {
    const char *name; /* without the dashes; NULL ends the table */
    const char *arg;  /* what --help calls the value; FILE.. and DIR are paths; NULL for a flag */
    const char *help; /* meaning, unit, and the default in parentheses at the end */
    OptionKind kind;
    size_t offset;              /* of the field in the options struct; of what `preset` gets */
    double min, max;            /* of INT, INT64, REAL; inclusive */
    const char *const *choices; /* of CHOICE and PRESET; of TEXT, to be offered; ends in NULL */
    void (*preset)(void *at, int choice);
    int decides; /* 1: decides the bytes of the output, so options_identity names it */
    int writes;  /* 1: of TEXT, a file that the program writes; the other FILEs are read */
} Option;

#define OPTION_GROUP(TEXT) \
    { .name = "", .kind = OPTION_HEADING, .help = TEXT }
#define OPTION_SEED_MAX 9007199254740991.0 /* 2^53 - 1: exact in JSON */

typedef struct {
    const char *program;
    const char *about; /* for --help: what the program does, \v, then examples and details */
    const char *files; /* what --help calls the words that are not options; NULL: none allowed */
    const char *words; /* among those words, what completion offers beside files; NULL: nothing */
    int filter;        /* 1: without such words the program reads standard input */
    const Option *options;
} OptionTable;

/* Fills `options`, which holds the defaults; files (files_max) and *file_count receive the other
 * words. STATUS_INPUT: refused and reported in one line, as is a command that would write a file
 * which it reads (option_files.h); the program exits with 2. --help and --version exit here. */
Status options_parse(const OptionTable *table, int argc, char **argv, void *options,
                     const char **files, int files_max, int *file_count);

/* The git revision that the program was built from, or "unknown". */
const char *options_revision(void);

/* Adds every option that decides the output to `identity`: its value as a string, '-' in the name
 * as '_'. */
void options_identity(const OptionTable *table, const void *options, cJSON *identity);

#endif
