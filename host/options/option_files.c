/* host/options/option_files.c - finds a file that is read and written, or written twice. */
#include "option_files.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *option; /* that names the file; NULL: a standard stream or a word */
    const char *path;   /* as given, or what a message calls the stream */
    bool exists;
    struct stat is;
} Named;

typedef struct {
    Named files[OPTION_WORDS_MAX + 2];
    int count;
} List;

static Named name_path(const char *option, const char *path) {
    Named n = {.option = option, .path = path};
    n.exists = stat(path, &n.is) == 0;
    return n;
}

static Named name_stream(int fd, const char *what) {
    Named n = {.path = what};
    n.exists = fstat(fd, &n.is) == 0;
    return n;
}

/* Splits the path into its folder, without links, and its name. */
static const char *split(const char *path, char folder[PATH_MAX]) {
    char given[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(given, sizeof given, "%.*s", slash ? (int)(slash + 1 - path) : 2, slash ? path : "./");
    return realpath(given, folder) ? slash ? slash + 1 : path : NULL;
}

/* Whether both are the same plain file, or would be once they are made. */
static bool is_same(const Named *a, const Named *b) {
    char here[PATH_MAX], there[PATH_MAX];
    if (a->exists != b->exists) return false;
    if (a->exists)
        return S_ISREG(a->is.st_mode) && a->is.st_dev == b->is.st_dev &&
               a->is.st_ino == b->is.st_ino;
    const char *first = split(a->path, here), *second = split(b->path, there);
    return first && second && strcmp(here, there) == 0 && strcmp(first, second) == 0;
}

static Status refuse_same(const Named *written, const Named *other, const char *how) {
    fprintf(stderr, "%s%s%s%s: must be another file than %s%s%s%s, which is %s too\n",
            written->option ? "--" : "", written->option ? written->option : "",
            written->option ? " " : "", written->path, other->option ? "--" : "",
            other->option ? other->option : "", other->option ? " " : "", other->path, how);
    return STATUS_INPUT;
}

/* Whether it is one of a run's own small files: beside the lock that the run keeps in its folder. */
static bool is_of_run(const Named *output) {
    static const char *const names[] = {"run.json", "metrics.jsonl", "lock", "lock.held"};
    const char *slash = strrchr(output->path, '/'), *name = slash ? slash + 1 : output->path;
    char lock[PATH_MAX];
    snprintf(lock, sizeof lock, "%.*slock", (int)(name - output->path), output->path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (output->exists && strcmp(name, names[i]) == 0) return access(lock, F_OK) == 0;
    return false;
}

static Status refuse_of_run(const Named *output) {
    fprintf(stderr, "--%s %s: must not be a file that a run keeps for itself\n", output->option,
            output->path);
    return STATUS_INPUT;
}

static Status check_input(const List *outputs, const Named *input) {
    for (int i = 0; i < outputs->count; i++)
        if (is_same(&outputs->files[i], input))
            return refuse_same(&outputs->files[i], input, "read");
    return STATUS_OK;
}

/* The value of an option that names a file, or NULL. */
static const char *path_of(const Option *o, const void *options) {
    const char *path = NULL;
    if (o->kind == OPTION_TEXT && strncmp(o->arg, "FILE", 4) == 0)
        memcpy(&path, (const char *)options + o->offset, sizeof path);
    return path;
}

/* All that is written. Options may name the file that standard output goes to, and share it with
 * what is printed (host/files/durable.h); two may not name another file. */
static Status list_outputs(const OptionTable *table, const void *options, List *outputs) {
    Named printed = name_stream(STDOUT_FILENO, "standard output");
    for (const Option *o = table->options; o->name; o++) {
        const char *path = o->writes ? path_of(o, options) : NULL;
        if (!path) continue;
        Named output = name_path(o->name, path);
        if (is_of_run(&output)) return refuse_of_run(&output);
        for (int i = 0; i < outputs->count; i++)
            if (is_same(&outputs->files[i], &output) && !is_same(&printed, &output))
                return refuse_same(&output, &outputs->files[i], "written");
        outputs->files[outputs->count++] = output;
    }
    outputs->files[outputs->count++] = printed;
    return STATUS_OK;
}

/* Whether the word is one of those that table->words lists, and no file. */
static bool is_listed(const OptionTable *table, const char *word) {
    size_t length = strlen(word);
    for (const char *at = table->words; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == length && strncmp(at, word, n) == 0) return true;
        at += n;
    }
    return false;
}

Status option_files_check(const OptionWords *words, const void *options) {
    const OptionTable *table = words->table;
    List outputs = {.count = 0};
    TRY(list_outputs(table, options, &outputs));
    for (const Option *o = table->options; o->name; o++) {
        const char *path = o->writes ? NULL : path_of(o, options);
        Named input = name_path(o->name, path ? path : "");
        if (path) TRY(check_input(&outputs, &input));
    }
    if (words->config_file) {
        Named input = name_path("config", words->config_file);
        TRY(check_input(&outputs, &input));
    }
    for (int i = 0; i < words->file_count; i++) {
        Named input = name_path(NULL, words->files[i]);
        if (!is_listed(table, words->files[i])) TRY(check_input(&outputs, &input));
    }
    Named input = name_stream(STDIN_FILENO, "standard input");
    return table->filter && words->file_count == 0 ? check_input(&outputs, &input) : STATUS_OK;
}
