/* host/options/option_man.c - writes a manual page. */
#include "option_pages.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Characters that troff would take for commands, or turn into other characters. */
static void put_char(char c, FILE *out) {
    static const char special[] = "\\-'`^~", *const names[] = {"\\e",   "\\-",   "\\(aq",
                                                               "\\(ga", "\\(ha", "\\(ti"};
    const char *at = strchr(special, c);
    if (at && c)
        fputs(names[at - special], out);
    else
        fputc(c, out);
}

static void put(const char *text, size_t bytes, FILE *out) {
    if (bytes && text[0] == '.') fputs("\\&", out);
    for (size_t i = 0; i < bytes; i++) put_char(text[i], out);
}

static void put_text(const char *text, FILE *out) { put(text, strlen(text), out); }

/* The length of the word that a line explains, as in "  word  text"; 0: it is no such line. */
static size_t term_of(const char *line) {
    size_t word = strcspn(line + 2, " \n");
    return strncmp(line + 2 + word, "  ", 2) == 0 ? word : 0;
}

/* "  word  text", its text filled. */
static void put_term(const char *line, size_t word, size_t bytes, FILE *out) {
    size_t text = 2 + word + strspn(line + 2 + word, " ");
    fputs(".TP\n", out);
    put(line + 2, word, out);
    fputc('\n', out);
    put(line + text, bytes - text, out);
}

/* Other lines that begin with two spaces stay as they are; the rest is filled, and an empty line
 * ends a paragraph. */
static void put_paragraphs(const char *text, size_t bytes, FILE *out) {
    const char *end = text + bytes;
    bool as_is = false;
    for (const char *line = text; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) stop = end;
        bool indented = strncmp(line, "  ", 2) == 0;
        size_t word = indented ? term_of(line) : 0;
        if ((indented && !word) != as_is) fputs(as_is ? ".fi\n" : ".nf\n", out);
        as_is = indented && !word;
        if (word)
            put_term(line, word, (size_t)(stop - line), out);
        else if (line == stop)
            fputs(".PP", out);
        else
            put(line, (size_t)(stop - line), out);
        fputc('\n', out);
        line = stop + 1;
    }
    if (as_is) fputs(".fi\n", out);
}

/* The first sentence, or the part of it that stands by itself, for apropos. */
static void put_name(const OptionTable *table, FILE *out) {
    const char *about = table->about;
    size_t bytes = strcspn(about, ".:;\v");
    fprintf(out, ".SH NAME\n");
    put_text(table->program, out);
    fputs(" \\- ", out);
    put_char((char)tolower((unsigned char)about[0]), out);
    put(about + 1, bytes - 1, out);
    fputc('\n', out);
}

static void put_synopsis(const OptionTable *table, FILE *out) {
    const char *files = table->files ? table->files : "";
    fprintf(out, ".SH SYNOPSIS\n");
    for (size_t length;; files += length + 1) {
        length = strcspn(files, "\n");
        fputs(".B ", out);
        put_text(table->program, out);
        fputs("\n[\\fIOPTION\\fR...] ", out);
        put(files, length, out);
        fputc('\n', out);
        if (!files[length]) return;
        fputs(".br\n", out);
    }
}

static void put_option(const Option *o, FILE *out) {
    if (o->kind == OPTION_HEADING) {
        size_t length = strlen(o->help);
        if (length && o->help[length - 1] == ':') length--;
        fputs(".SS ", out);
        put(o->help, length, out);
        fputc('\n', out);
        return;
    }
    fputs(".TP\n\\fB\\-\\-", out);
    put_text(o->name, out);
    fputs("\\fR", out);
    if (o->arg) {
        fputs("=\\fI", out);
        put_text(o->arg, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_text(o->help, out);
    fputc('\n', out);
}

void option_page_man(const OptionTable *table, FILE *out) {
    const char *about = table->about, *rest = strchr(about, '\v');
    size_t first = rest ? (size_t)(rest - about) : strlen(about);
    fputs(".TH ", out);
    for (const char *c = table->program; *c; c++) put_char((char)toupper((unsigned char)*c), out);
    fprintf(out, " 1 \"\" \"Blob %s\" \"User Commands\"\n", BLOB_VERSION);
    put_name(table, out);
    put_synopsis(table, out);
    fprintf(out, ".SH DESCRIPTION\n");
    put_paragraphs(about, first, out);
    fprintf(out, ".SH OPTIONS\n");
    for (const Option *o = table->options; o->name; o++) put_option(o, out);
    fprintf(out, ".SS General\n");
    for (const Option *o = option_common; o->name; o++) put_option(o, out);
    if (!rest) return;
    fprintf(out, ".SH EXAMPLES AND DETAILS\n");
    put_paragraphs(rest + 1, strlen(rest + 1), out);
}
