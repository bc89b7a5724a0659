/* host/options/option_words.c - takes the words of a command line apart; argp writes --help.
 *
 * argp does not read them: its refusals take three lines and do not say what is allowed. */
#include "option_words.h"

#include <argp.h>
#include <stdbool.h>
#include <string.h>

enum { KEY_FIRST = 0x1000 }; /* past the letters, so that no option has a short name */

static void version_print(FILE *stream, struct argp_state *state) {
    fprintf(stream, "%s %s\n", state->name, BLOB_VERSION);
}

/* Prints what --help, --usage or --version ask for, and exits. */
static void help_print(const OptionTable *table, char *program, char *word) {
    struct argp_option list[OPTION_WORDS_MAX + 2];
    char *argv[] = {program, word, NULL};
    memset(list, 0, sizeof list);
    int n = 0;
    for (; table->options[n].name && n < OPTION_WORDS_MAX; n++) {
        list[n].name = table->options[n].name;
        list[n].key = KEY_FIRST + n;
        list[n].arg = table->options[n].arg;
        list[n].doc = table->options[n].help;
        list[n].group = n + 1; /* in the table's order, not the alphabet's */
    }
    list[n].name = "config";
    list[n].key = KEY_FIRST + n;
    list[n].arg = "FILE.json";
    list[n].doc = "options from a JSON object, by the same names; flags win";
    list[n].group = n + 1;
    struct argp argp = {list, NULL, table->files, table->about, NULL, NULL, NULL};
    argp_program_version_hook = version_print;
    argp_parse(&argp, 2, argv, 0, NULL, NULL);
}

static Status refuse_word(const char *word, const char *why) {
    fprintf(stderr, "%s: %s\n", word, why);
    return STATUS_INPUT;
}

/* The option of a word: its name in full, or a beginning that no other has. */
static Status find_word(const OptionTable *table, const char *word, const Option **out) {
    static const Option others[] = {
        {"config", "FILE.json", "", OPTION_TEXT, 0, 0, 0, NULL, NULL, 0},
        {"help", NULL, "", OPTION_FLAG, 0, 0, 0, NULL, NULL, 0},
        {"usage", NULL, "", OPTION_FLAG, 0, 0, 0, NULL, NULL, 0},
        {"version", NULL, "", OPTION_FLAG, 0, 0, 0, NULL, NULL, 0},
        {NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};
    const Option *const lists[] = {table->options, others}, *second = NULL;
    size_t length = strcspn(word + 2, "=");
    *out = NULL;
    for (int k = 0; k < 2; k++)
        for (const Option *o = lists[k]; o->name; o++) {
            if (strncmp(o->name, word + 2, length) != 0) continue;
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

/* A word that begins with "--"; *at moves on to its value where that is the next word. */
static Status read_option(OptionWords *words, int argc, char **argv, int *at) {
    char *word = argv[*at];
    const Option *o;
    TRY(find_word(words->table, word, &o));
    const char *value = strchr(word, '=');
    if (!o->arg && value) return refuse_word(word, "takes no value");
    value = value ? value + 1 : !o->arg ? "" : *at + 1 < argc ? argv[++*at] : NULL;
    if (!value) return refuse_word(word, "its value is missing; --help says which it takes");
    if (strcmp(o->name, "config") == 0)
        words->config_file = value;
    else if (o->help[0])
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
            fprintf(stderr, "%s: one word too many; %d are allowed\n", word, words->files_max);
            return STATUS_INPUT;
        } else {
            words->files[words->file_count++] = word;
        }
    }
    return STATUS_OK;
}
