/* tests/support/files.h - a folder for the test alone, and what the code under test writes to
 * stderr. */
#ifndef TESTS_SUPPORT_FILES_H
#define TESTS_SUPPORT_FILES_H

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/durable.h"
#include "check.h"

static char folder[64]; /* the test's own, made by files_begin */
static char said[8192]; /* the text that files_listen_end read */
static char heard[80];  /* the file that takes stderr meanwhile */
static int stderr_aside;

static inline void files_begin(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/blob-test-XXXXXX",
             base && strlen(base) < 40 ? base : "/tmp");
    CHECK(mkdtemp(folder));
    snprintf(heard, sizeof heard, "%s/heard", folder);
    signal(SIGXFSZ, SIG_IGN);
}

/* The path of a name in the folder; sixteen results stay valid at once. */
static inline const char *files_path(const char *name) {
    static char paths[16][512];
    static int next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Removes a folder and its contents, one level of folders deep. */
static inline void files_clear(const char *path) {
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char name[1024];
        if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= (int)sizeof name) continue;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (unlink(name) != 0) files_clear(name);
    }
    if (d) closedir(d);
    rmdir(path);
}

/* The number of entries of the folder at `path` whose names contain `part`. */
static inline int files_count(const char *path, const char *part) {
    int count = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        count += e->d_name[0] != '.' && strstr(e->d_name, part) != NULL;
    if (d) closedir(d);
    return count;
}

static inline void files_listen(void) {
    fflush(stderr);
    stderr_aside = dup(2);
    FILE *f = fopen(heard, "w+");
    CHECK(stderr_aside >= 0 && f && dup2(fileno(f), 2) == 2);
    if (f) fclose(f);
}

/* Fills `said`; returns its number of lines. */
static inline int files_listen_end(void) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    fflush(stderr);
    dup2(stderr_aside, 2);
    close(stderr_aside);
    CHECK(durable_read(heard, &bytes, &size) == STATUS_OK);
    snprintf(said, sizeof said, "%s", bytes ? (char *)bytes : "");
    free(bytes);
    unlink(heard);
    int lines = 0;
    for (const char *c = said; *c; c++) lines += *c == '\n';
    return lines;
}

/* The call returns `status` and writes one line, which contains `text`, to stderr. */
#define CHECK_SAYS(call, status, text)                            \
    do {                                                          \
        files_listen();                                           \
        Status got_ = (call);                                     \
        int lines_ = files_listen_end();                          \
        CHECK(got_ == (status));                                  \
        CHECK(lines_ == 1);                                       \
        CHECK(strstr(said, text));                                \
        if (lines_ != 1 || !strstr(said, text))                   \
            fprintf(stderr, "expected %s, heard %s", text, said); \
    } while (0)

/* Limits files to `bytes`, as on a full disk; RLIM_INFINITY lifts the limit. */
static inline void files_limit(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static inline int files_same(const char *a, const char *b) {
    unsigned char *x = NULL, *y = NULL;
    size_t m = 0, n = 0;
    int same = durable_read(a, &x, &m) == STATUS_OK && durable_read(b, &y, &n) == STATUS_OK &&
               m == n && memcmp(x, y, m) == 0;
    free(x);
    free(y);
    return same;
}

/* Writes the file plainly, bypassing durable, as an outsider would. */
static inline void files_put(const char *path, const void *bytes, size_t size) {
    unlink(path); /* some file systems flush a file that is overwritten in place */
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, size, f) == size);
    if (f) CHECK(fclose(f) == 0);
}

#endif
