/* host/options/option_words.h - splits a command line into options, their values, and files. */
#ifndef HOST_OPTIONS_OPTION_WORDS_H
#define HOST_OPTIONS_OPTION_WORDS_H

#include "options.h"

enum { OPTION_WORDS_MAX = 96 }; /* rows of a table, headings included */

typedef struct {
    const OptionTable *table;
    const char *values[OPTION_WORDS_MAX]; /* by row of the table; "" for a flag; NULL: not given */
    const char *config_file;              /* NULL: not given */
    const char **files;                   /* (files_max) the words that are not options */
    int files_max, file_count;
} OptionWords;

/* Fills all but table, files and files_max with views of argv. The last of an option's values
 * counts; "--" ends the options; an option may be abbreviated while no other begins alike.
 * STATUS_INPUT: refused and reported in one line. --help, --usage and --version print and exit. */
Status option_words_read(OptionWords *words, int argc, char **argv);

#endif
