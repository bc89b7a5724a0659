/* host/options/option_bash.c - writes completion for bash. */
#include "option_pages.h"

#include <stdbool.h>
#include <string.h>

/* bash takes the '=' of --name=value for a word. */
static const char begin[] =
    "%s() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    [[ $word != = ]] || word=\n"
    "    [[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    COMPREPLY=()\n"
    "    case $before in\n";

/* Folders need compopt: a '/' at the end, and no space after it. It works only while bash
 * completes. */
static const char files_reply[] =
    "mapfile -t COMPREPLY < <(compgen %s -- \"$word\") && compopt -o filenames";

static void put_words(const Option *options, FILE *out) {
    for (const Option *o = options; o->name; o++)
        if (o->kind != OPTION_HEADING) fprintf(out, "--%s ", o->name);
}

/* The values of an option: its words, files or folders; of a number or another text, none. */
static void put_values(const Option *o, FILE *out) {
    if (!o->arg || o->kind == OPTION_HEADING) return;
    fprintf(out, "        --%s) ", o->name);
    if (o->choices) {
        fprintf(out, "mapfile -t COMPREPLY < <(compgen -W '");
        for (int i = 0; o->choices[i]; i++) fprintf(out, "%s ", o->choices[i]);
        fprintf(out, "' -- \"$word\")");
    } else if (strncmp(o->arg, "FILE", 4) == 0) {
        fprintf(out, files_reply, "-f");
    } else if (strcmp(o->arg, "DIR") == 0) {
        fprintf(out, files_reply, "-d");
    }
    fprintf(out, " ;;\n");
}

/* Words that are not options: paths, those of the table, or both. */
static void put_files(const OptionTable *table, FILE *out) {
    bool paths = !strchr(table->files, '|'); /* else one word of a list */
    fprintf(out, "            if [[ $word != -* ]]; then\n                ");
    if (paths) {
        fprintf(out, files_reply, "-f");
        fprintf(out, "\n                ");
    }
    if (table->words)
        fprintf(out, "COMPREPLY+=($(compgen -W '%s' -- \"$word\"))\n                ",
                table->words);
    fprintf(out, "return\n            fi\n");
}

void option_page_bash(const OptionTable *table, FILE *out) {
    char function[64];
    snprintf(function, sizeof function, "_%s", table->program);
    for (char *c = function; *c; c++)
        if (*c == '-') *c = '_';
    fprintf(out, "# %s - completion for bash, written by %s --describe=bash\n", table->program,
            table->program);
    fprintf(out, begin, function);
    for (const Option *o = table->options; o->name; o++) put_values(o, out);
    for (const Option *o = option_common; o->name; o++) put_values(o, out);
    fprintf(out, "        *)\n");
    if (table->files) put_files(table, out);
    fprintf(out, "            mapfile -t COMPREPLY < <(compgen -W '");
    put_words(table->options, out);
    put_words(option_common, out);
    fprintf(out, "' -- \"$word\") ;;\n    esac\n}\ncomplete -F %s %s\n", function, table->program);
}
