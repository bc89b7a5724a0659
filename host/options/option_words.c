/* host/options/option_words.c - reads the words of a command line; argp prints --help.
 *
 * argp does not read them, as its refusals take three lines and do not say what is allowed. */
#include "option_words.h"

#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "option_pages.h"
#include "revision.h" /* BLOB_REVISION */

#define DESCRIBE "--describe="

enum { KEY_FIRST = 0x1000 }; /* beyond the letters, so no option has a short name */

const Option option_common[] = {
    {.name = "config",
     .arg = "FILE.json",
     .kind = OPTION_TEXT,
     .help = "a JSON object of options by the same names; options given here win over those in "
             "the file"},
    {.name = "help", .kind = OPTION_FLAG, .help = "prints all options; also -?"},
    {.name = "usage", .kind = OPTION_FLAG, .help = "prints a short usage message"},
    {.name = "version", .kind = OPTION_FLAG, .help = "prints version and revision; also -V"},
    {.name = NULL}};

const char *options_revision(void) { return BLOB_REVISION; }

static void version_print(FILE *stream, struct argp_state *state) {
    fprintf(stream, "%s %s, revision %s\n", state->name, BLOB_VERSION, options_revision());
}

/* Each option is a group of its own, or argp would sort them by name. Headings are options of kind
 * OPTION_DOC: argp separates groups under true headings by empty lines. */
static void help_row(struct argp_option *row, const Option *o, int n) {
    bool heading = o->kind == OPTION_HEADING;
    *row = (struct argp_option){.name = heading ? o->help : o->name,
                                .key = KEY_FIRST + n,
                                .arg = o->arg,
                                .flags = heading ? OPTION_DOC | OPTION_NO_USAGE : 0,
                                .doc = heading ? NULL : o->help,
                                .group = n + 1};
}

/* Prints what --help, --usage or --version asks for, and exits. */
static void help_print(const OptionTable *table, char *program, char *word) {
    struct argp_option list[OPTION_WORDS_MAX + 2];
    char *argv[] = {program, word, NULL};
    memset(list, 0, sizeof list);
    int n = 0;
    for (; table->options[n].name && n < OPTION_WORDS_MAX; n++)
        help_row(&list[n], &table->options[n], n);
    help_row(&list[n], &option_common[0], n); /* argp adds the others by itself */
    struct argp argp = {.options = list, .args_doc = table->files, .doc = table->about};
    argp_program_version_hook = version_print;
    argp_parse(&argp, 2, argv, 0, NULL, NULL);
}

static Status refuse_word(const char *word, const char *why) {
    fprintf(stderr, "%s: %s\n", word, why);
    return STATUS_INPUT;
}

/* The option that a word names, in full or by a beginning that no other option has. */
static Status find_word(const OptionTable *table, const char *word, const Option **out) {
    const Option *const lists[] = {table->options, option_common}, *second = NULL;
    size_t length = strcspn(word + 2, "=");
    *out = NULL;
    for (int k = 0; k < 2; k++)
        for (const Option *o = lists[k]; o->name; o++) {
            if (o->kind == OPTION_HEADING || strncmp(o->name, word + 2, length) != 0) continue;
            if (!o->name[length]) {
                *out = o;
                return STATUS_OK;
            }
            if (*out)
                second = o;
            else
                *out = o;
        }
    if (!*out || length == 0) return refuse_word(word, "unknown option; --help lists them");
    if (!second) return STATUS_OK;
    fprintf(stderr, "%s: may be --%s or --%s; --help lists all\n", word, (*out)->name,
            second->name);
    return STATUS_INPUT;
}

static bool is_common(const Option *option) {
    for (const Option *o = option_common; o->name; o++)
        if (o == option) return true;
    return false;
}

/* Prints a page and exits. It has to be asked for by its full name, or the beginnings that name
 * other options today would have two meanings. */
static Status describe(const OptionTable *table, const char *page) {
    if (strcmp(page, "man") == 0) {
        option_page_man(table, stdout);
    } else if (strcmp(page, "bash") == 0) {
        option_page_bash(table, stdout);
    } else {
        fprintf(stderr, "--describe=%s: must be one of man bash\n", page);
        return STATUS_INPUT;
    }
    exit(fflush(stdout) == 0 ? 0 : 1);
}

/* A word that begins with "--"; *at moves on to the next word if that is its value. */
static Status read_option(OptionWords *words, int argc, char **argv, int *at) {
    char *word = argv[*at];
    const Option *o;
    if (strncmp(word, DESCRIBE, strlen(DESCRIBE)) == 0)
        return describe(words->table, word + strlen(DESCRIBE));
    TRY(find_word(words->table, word, &o));
    const char *value = strchr(word, '=');
    if (!o->arg && value) return refuse_word(word, "takes no value");
    value = value ? value + 1 : !o->arg ? "" : *at + 1 < argc ? argv[++*at] : NULL;
    if (!value) return refuse_word(word, "its value is missing; --help says what it takes");
    if (strcmp(o->name, "config") == 0)
        words->config_file = value;
    else if (!is_common(o))
        words->values[o - words->table->options] = value;
    else
        help_print(words->table, argv[0], word);
    return STATUS_OK;
}

Status option_words_read(OptionWords *words, int argc, char **argv) {
    bool options = true;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && strncmp(word, "--", 2) == 0) {
            TRY(read_option(words, argc, argv, &i));
        } else if (options && (strcmp(word, "-?") == 0 || strcmp(word, "-V") == 0)) {
            help_print(words->table, argv[0], word);
        } else if (options && word[0] == '-' && word[1]) {
            return refuse_word(word, "unknown option; --help lists them");
        } else if (!words->table->files) {
            return refuse_word(*word ? word : "''",
                               "no word is expected here; options begin with --");
        } else if (words->file_count == words->files_max) {
            fprintf(stderr, "%s: too many words; %d are allowed\n", word, words->files_max);
            return STATUS_INPUT;
        } else {
            words->files[words->file_count++] = word;
        }
    }
    return STATUS_OK;
}
