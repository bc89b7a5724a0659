/* tests/host/test_durable.c - outputs through links, to pipes, devices and open descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "host/files/durable_target.h"
#include "tests/support/files.h"

static bool holds(const char *path, const char *text) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    bool same = durable_read(path, &bytes, &size) == STATUS_OK && size == strlen(text) &&
                memcmp(bytes, text, size) == 0;
    free(bytes);
    return same;
}

static bool is_link(const char *path) {
    struct stat is;
    return lstat(path, &is) == 0 && S_ISLNK(is.st_mode);
}

/* A link and what it leads to after a write through it. */
static void check_link(const char *name, const char *to, const char *file) {
    CHECK(symlink(to, files_path(name)) == 0);
    CHECK(durable_save(files_path(name), name, strlen(name)) == STATUS_OK);
    CHECK(is_link(files_path(name)) && !is_link(files_path(file)));
    CHECK(holds(files_path(file), name) && holds(files_path(name), name));
}

static void links_stay_and_their_files_are_replaced(void) {
    CHECK(mkdir(files_path("far"), 0777) == 0);
    files_put(files_path("far/old"), "old", 3);
    check_link("relative", "far/old", "far/old");
    check_link("absolute", files_path("far/old"), "far/old");
    check_link("chain", "relative", "far/old");
    check_link("far/up", "../far/old", "far/old");
    check_link("to nothing", "far/new", "far/new");
    CHECK(symlink("far", files_path("door")) == 0);
    CHECK(durable_save(files_path("door/new"), "door", 4) == STATUS_OK);
    CHECK(holds(files_path("far/new"), "door") && is_link(files_path("door")));
    CHECK(files_count(folder, "aside") == 0 && files_count(files_path("far"), "aside") == 0);
    CHECK(symlink("loop", files_path("loop")) == 0);
    CHECK_SAYS(durable_save(files_path("loop"), "x", 1), STATUS_FILE, "loop: cannot be written: ");
    CHECK(symlink("none/x", files_path("no folder")) == 0);
    CHECK_SAYS(durable_save(files_path("no folder"), "x", 1), STATUS_FILE, "No such file");
    CHECK(is_link(files_path("loop")) && is_link(files_path("no folder")));
}

/* The file aside stands beside the file that it replaces, perhaps on another disk than the link. */
static void the_file_aside_is_in_the_folder_of_the_file(void) {
    DurableFile f;
    CHECK(durable_open(&f, files_path("relative")) == STATUS_OK);
    CHECK(files_count(files_path("far"), "aside") == 1 && files_count(folder, "aside") == 0);
    durable_abort(&f);
    CHECK(files_count(files_path("far"), "aside") == 0 && holds(files_path("far/old"), "far/up"));
}

static void *read_all(void *path) {
    static char text[1 << 20];
    int fd = open(path, O_RDONLY);
    size_t size = 0;
    for (ssize_t n; fd >= 0 && (n = read(fd, text + size, sizeof text - 1 - size)) > 0;)
        size += (size_t)n;
    text[size] = 0;
    if (fd >= 0) close(fd);
    return text;
}

/* More than a pipe holds at a time, and not in order. */
static void a_pipe_receives_everything_in_order(void) {
    enum { BYTES = 300000 };
    static char bytes[BYTES + 1];
    const char *pipe = files_path("pipe");
    pthread_t reader;
    DurableFile f;
    void *text = NULL;
    struct stat is;
    for (int i = 0; i < BYTES; i++) bytes[i] = (char)('a' + i % 23);
    CHECK(mkfifo(pipe, 0666) == 0);
    CHECK(durable_open(&f, pipe) == STATUS_OK); /* waits for no reader */
    durable_abort(&f);
    CHECK(durable_open(&f, pipe) == STATUS_OK);
    CHECK(durable_write(&f, 1000, bytes + 1000, BYTES - 1000) == STATUS_OK);
    CHECK(durable_write(&f, 0, bytes, 1000) == STATUS_OK);
    CHECK(pthread_create(&reader, NULL, read_all, (void *)(uintptr_t)pipe) == 0);
    CHECK(durable_commit(&f) == STATUS_OK);
    CHECK(pthread_join(reader, &text) == 0 && strcmp(text, bytes) == 0);
    CHECK(lstat(pipe, &is) == 0 && S_ISFIFO(is.st_mode));
    CHECK(files_count(folder, "aside") == 0 && files_count(folder, "blob-") == 0);
}

static void devices_stay(void) {
    struct stat is;
    CHECK(durable_save("/dev/null", "x", 1) == STATUS_OK);
    CHECK(lstat("/dev/null", &is) == 0 && S_ISCHR(is.st_mode));
    CHECK(symlink("/dev/null", files_path("null")) == 0);
    CHECK(durable_save(files_path("null"), "x", 1) == STATUS_OK && is_link(files_path("null")));
    CHECK_SAYS(durable_save(files_path("far"), "x", 1), STATUS_INPUT,
               "far: is not a plain file, and is left alone");
}

/* Bytes to a descriptor follow what was written to it before, also when it is a file's. */
static void descriptors_of_this_process_are_written_to(void) {
    char path[64];
    enum { FD = 77 }; /* no other file gets this number */
    int low = open(files_path("open"), O_WRONLY | O_CREAT, 0666), fd = dup2(low, FD);
    CHECK(fd == FD && close(low) == 0 && write(fd, "before ", 7) == 7);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    CHECK(durable_target_stream(path) == fd && durable_target_stream("/dev/stdout") == 1);
    CHECK(durable_save(path, "saved ", 6) == STATUS_OK);
    CHECK(symlink(path, files_path("through")) == 0);
    CHECK(durable_save(files_path("through"), "through ", 8) == STATUS_OK);
    CHECK(write(fd, "after", 5) == 5 && close(fd) == 0);
    CHECK(holds(files_path("open"), "before saved through after"));
    CHECK_SAYS(durable_save(path, "x", 1), STATUS_FILE, "cannot be written: Bad file descriptor");
    fd = open(files_path("open"), O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_SAYS(durable_save(path, "x", 1), STATUS_FILE, "cannot be written: Bad file descriptor");
    close(fd);
    CHECK(holds(files_path("open"), "before saved through after"));
    CHECK(durable_target_stream(files_path("open")) == -1);
}

/* A file that standard output goes to keeps what is printed. */
static void standard_output_is_not_renamed_over(void) {
    int kept = dup(1), fd = open(files_path("log"), O_WRONLY | O_CREAT, 0666);
    fflush(stdout);
    CHECK(kept >= 0 && fd >= 0 && dup2(fd, 1) == 1);
    printf("printed\n");
    Status status = durable_save(files_path("log"), "saved\n", 6);
    Status device = durable_save("/dev/stdout", "saved again\n", 12);
    printf("printed after\n");
    fflush(stdout);
    dup2(kept, 1);
    close(kept);
    close(fd);
    CHECK(status == STATUS_OK && device == STATUS_OK);
    CHECK(holds(files_path("log"), "printed\nsaved\nsaved again\nprinted after\n"));
}

int main(void) {
    files_begin();
    setenv("TMPDIR", folder, 1);
    links_stay_and_their_files_are_replaced();
    the_file_aside_is_in_the_folder_of_the_file();
    a_pipe_receives_everything_in_order();
    devices_stay();
    descriptors_of_this_process_are_written_to();
    standard_output_is_not_renamed_over();
    files_clear(folder);
    return check_report();
}
