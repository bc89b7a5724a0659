/* host/options/option_pages.h - what a table says, as a manual page or as completion for bash.
 *
 * Both come from the table that --help prints, so that no text has to be parsed and no help2man
 * installed. The build asks every program for them; --help does not list --describe. */
#ifndef HOST_OPTIONS_OPTION_PAGES_H
#define HOST_OPTIONS_OPTION_PAGES_H

#include <stdio.h>

#include "options.h"

/* Every table has these options besides its own; NULL at the end. */
extern const Option option_common[];

/* A page of section 1, in the man macros of troff. */
void option_page_man(const OptionTable *table, FILE *out);

/* A function that completes options, their words, files and folders, and the `complete` that
 * names it. Needs bash 4, but not the package bash-completion. */
void option_page_bash(const OptionTable *table, FILE *out);

#endif
