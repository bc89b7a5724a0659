/* host/options/option_words.h - the words of a command line, sorted into options, values and files. */
#ifndef HOST_OPTIONS_OPTION_WORDS_H
#define HOST_OPTIONS_OPTION_WORDS_H

#include "options.h"

enum { OPTION_WORDS_MAX = 64 };

typedef struct {
    const OptionTable *table;
    const char *values[OPTION_WORDS_MAX]; /* by option; "" for a flag; NULL: not given */
    const char *config_file;              /* NULL: not given */
    const char **files;                   /* (files_max) the words that are no options */
    int files_max, file_count;
} OptionWords;

/* Fills all but table, files and files_max, with views of argv; of an option given twice the last
 * counts, "--" ends the options. An option may be cut short as long as no other begins like it.
 * STATUS_INPUT: refused, said in one line. --help, --usage and --version print and exit. */
Status option_words_read(OptionWords *words, int argc, char **argv);

#endif
