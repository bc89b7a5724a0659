/* tests/support/guard.c - runs a test so that no process outlives it: guard SECONDS COMMAND
 * [ARGS..]
 *
 *   ctest ── guard ── the test, in a process group of its own ── what it starts, orphans included
 *
 * The exit status is the test's, or 128 + the signal that ended it. If the test takes longer than
 * SECONDS, or guard is asked to end (SIGTERM, SIGINT, SIGHUP, the death of ctest), the group gets
 * SIGTERM, so that scripts tidy up, and GRACE seconds later all that is left gets SIGKILL: exit
 * status 124. A test that ends by itself must not leave processes behind either: those still
 * running GRACE seconds later are killed, and the test fails with exit status 125. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE = 5, TOO_LONG = 124, LEFT_BEHIND = 125, NOT_STARTED = 126 };

static volatile sig_atomic_t asked; /* the signal that asked this process to end, or 0 */

static void on_signal(int signal) { asked = signal; }

/* Lists the children of this process, which inherits all orphans below it: ids (max); returns how
 * many. */
static int children(pid_t *ids, int max) {
    DIR *folder = opendir("/proc");
    int count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder)) && count < max;) {
        char path[300], text[600];
        int id = atoi(entry->d_name), parent;
        if (id <= 0) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", id);
        FILE *file = fopen(path, "r");
        size_t bytes = file ? fread(text, 1, sizeof text - 1, file) : 0;
        if (file) fclose(file);
        text[bytes] = 0;
        const char *name_end = strrchr(text, ')'); /* "1 (name) S parent .." */
        if (name_end && sscanf(name_end, ") %*c %d", &parent) == 1 && parent == getpid())
            ids[count++] = id;
    }
    if (folder) closedir(folder);
    return count;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void tick(void) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    nanosleep(&pause, NULL);
}

/* Reaps for about `seconds`, or until the test has ended. True: it has, with *status. */
static bool wait_for(pid_t test, double seconds, int *status) {
    const double end = now() + seconds;
    do {
        int ended;
        for (pid_t id; (id = waitpid(-1, &ended, WNOHANG)) > 0;) {
            if (id != test) continue;
            *status = ended;
            return true;
        }
        tick();
    } while (!asked && now() < end);
    return false;
}

/* Reaps the processes that the test left behind for GRACE seconds, then kills the rest. Returns how
 * many it killed. */
static int clear(void) {
    enum { MAX = 64 };
    pid_t ids[MAX];
    int killed = 0, count;
    for (const double end = now() + GRACE; now() < end; tick()) {
        pid_t id = 1;
        while (id > 0) id = waitpid(-1, NULL, WNOHANG);
        if (id < 0 && errno == ECHILD) return 0;
    }
    while ((count = children(ids, MAX)) > 0) /* as a parent dies, its children become ours */
        for (int i = 0; i < count; i++) {
            kill(ids[i], SIGKILL);
            (void)waitpid(ids[i], NULL, 0);
            killed++;
        }
    return killed;
}

static pid_t start(char **command) {
    const pid_t test = fork();
    if (test != 0) return test;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(command[0], command);
    perror(command[0]);
    _exit(NOT_STARTED);
}

int main(int argc, char **argv) {
    const double seconds = argc > 2 ? atof(argv[1]) : 0;
    struct sigaction action;
    int status = 0;
    if (seconds <= 0) {
        fprintf(stderr, "usage: guard SECONDS COMMAND [ARGS..]\n");
        return 2;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t test = start(argv + 2);
    if (test < 0) {
        perror("guard: fork");
        return NOT_STARTED;
    }
    setpgid(test, test); /* in both processes: whichever runs first */
    const bool ended = wait_for(test, seconds, &status);
    if (!ended) {
        fprintf(stderr, "guard: %s: %s\n", argv[2],
                asked ? "stopped" : "not finished within its limit");
        asked = 0;
        kill(-test, SIGTERM);
        (void)wait_for(test, GRACE, &status);
        kill(-test, SIGKILL);
    }
    const int killed = clear();
    if (!ended) return TOO_LONG;
    if (killed > 0) {
        fprintf(stderr, "guard: %s: left %d processes behind\n", argv[2], killed);
        return LEFT_BEHIND;
    }
    if (WIFSIGNALED(status))
        fprintf(stderr, "guard: %s: %s\n", argv[2], strsignal(WTERMSIG(status)));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
