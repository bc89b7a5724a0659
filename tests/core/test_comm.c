/* tests/core/test_comm.c - processes started by mpirun sum, broadcast and agree, and all end
 * when one of them dies.
 *
 *   test_comm MPIRUN|none      runs itself as `mpirun -np N test_comm --part NAME FILE` */
#include "device/core/comm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/support/files.h"

enum { LONG = (1 << 22) + 5 }; /* more than one MPI call can take */

static Comm comm;
static const char *self, *mpirun;

static void ranks_match_mpirun(void) {
    int64_t rank = comm.rank;
    CHECK(comm.size == atoi(getenv("OMPI_COMM_WORLD_SIZE")));
    CHECK(comm.rank == atoi(getenv("OMPI_COMM_WORLD_RANK")));
    CHECK(comm.local_rank == comm.rank && comm.local_size == comm.size);
    CHECK(comm.ops->all_reduce_max(&comm, &rank) == STATUS_OK && rank == comm.size - 1);
    rank = comm.rank == comm.size - 1 ? -7 : INT64_MIN;
    CHECK(comm.ops->all_reduce_max(&comm, &rank) == STATUS_OK && rank == -7);
    rank = comm.rank == 0 ? INT64_MAX : 0;
    CHECK(comm.ops->all_reduce_max(&comm, &rank) == STATUS_OK && rank == INT64_MAX);
}

/* Sums of integers are exact: (rank + 1) * (i % 1000) adds up to i % 1000 times a triangular
 * number. */
static void integer_sums_are_exact(float *data, size_t count) {
    int triangle = comm.size * (comm.size + 1) / 2;
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) data[i] = (float)((comm.rank + 1) * (int)(i % 1000));
    data[count] = 77;
    CHECK(comm.ops->all_reduce_sum(&comm, data, count, NULL) == STATUS_OK);
    for (size_t i = 0; i < count; i++) wrong += data[i] != (float)(triangle * (int)(i % 1000));
    CHECK(wrong == 0);
    CHECK(data[count] == 77);
}

/* Sums that round: the same bits in every process and on every repetition. */
static void rounded_sums_have_the_same_bits(float *data) {
    uint64_t hash[2];
    for (int turn = 0; turn < 2; turn++) {
        uint32_t state = 12345u + (uint32_t)comm.rank;
        for (int i = 0; i < LONG; i++) {
            state = state * 1664525u + 1013904223u;
            data[i] = ((float)(state >> 8) - 8e6f) * 1e-7f;
        }
        CHECK(comm.ops->all_reduce_sum(&comm, data, LONG, NULL) == STATUS_OK);
        hash[turn] = 1469598103934665603u;
        for (int i = 0; i < LONG; i++) {
            uint32_t bits;
            memcpy(&bits, &data[i], sizeof bits);
            hash[turn] = (hash[turn] ^ bits) * 1099511628211u;
        }
    }
    int64_t most = (int64_t)(hash[0] >> 1), least = -most;
    CHECK(hash[0] == hash[1]);
    CHECK(comm.ops->all_reduce_max(&comm, &most) == STATUS_OK);
    CHECK(comm.ops->all_reduce_max(&comm, &least) == STATUS_OK);
    CHECK(most == -least);
}

static void broadcast_reaches_all(unsigned char *data, size_t bytes, int root) {
    size_t wrong = 0;
    for (size_t i = 0; i < bytes; i++) data[i] = comm.rank == root ? (unsigned char)(i * 7 + 3) : 0;
    data[bytes] = (unsigned char)(10 + comm.rank);
    CHECK(comm.ops->broadcast(&comm, data, bytes, root, NULL) == STATUS_OK);
    for (size_t i = 0; i < bytes; i++) wrong += data[i] != (unsigned char)(i * 7 + 3);
    CHECK(wrong == 0);
    CHECK(data[bytes] == 10 + comm.rank);
}

static void part_communicate(void) {
    float *data = (float *)malloc((LONG + 2) * sizeof *data);
    CHECK(data);
    if (!data) return;
    ranks_match_mpirun();
    integer_sums_are_exact(data, 0);
    integer_sums_are_exact(data, 1);
    integer_sums_are_exact(data, 1000);
    integer_sums_are_exact(data, LONG);
    rounded_sums_have_the_same_bits(data);
    broadcast_reaches_all((unsigned char *)data, 0, 0);
    broadcast_reaches_all((unsigned char *)data, 1, comm.size - 1);
    broadcast_reaches_all((unsigned char *)data, 999, 0);
    broadcast_reaches_all((unsigned char *)data, 4 * (size_t)LONG + 3, comm.size / 2);
    free(data);
}

/* The last process ends abnormally while the others wait for it; the file lists all process ids. */
static void part_end_badly(const char *how, const char *pids) {
    float x = 1;
    char line[32];
    int fd = open(pids, O_WRONLY | O_APPEND | O_CREAT, 0666);
    int length = snprintf(line, sizeof line, "%ld\n", (long)getpid());
    CHECK(fd >= 0 && write(fd, line, (size_t)length) == length);
    if (fd >= 0) close(fd);
    CHECK(comm.ops->all_reduce_sum(&comm, &x, 1, NULL) == STATUS_OK); /* all ids are written */
    if (comm.rank == comm.size - 1 && strcmp(how, "die") == 0) raise(SIGKILL);
    if (comm.rank == comm.size - 1 && strcmp(how, "leave") == 0) _exit(0);
    if (comm.rank == comm.size - 1) comm_abort(&comm, 3);
    (void)comm.ops->all_reduce_sum(&comm, &x, 1, NULL);
}

static int part(int argc, char **argv) {
    CHECK(comm_open(&comm, &argc, &argv) ==
          (strcmp(argv[2], "lost") == 0 ? STATUS_INPUT : STATUS_OK));
    if (strcmp(argv[2], "lost") == 0)
        CHECK(comm.size == 1);
    else if (strcmp(argv[2], "talk") == 0)
        part_communicate();
    else
        part_end_badly(argv[2], argv[3]);
    CHECK(comm_attach(&comm, &backend_cpu) == STATUS_OK);
    comm.ops->close(&comm);
    return check_report();
}

/* The exit status of mpirun, or of the program itself if `processes` is NULL; -1: ended by a
 * signal. */
static int start(const char *processes, const char *name, const char *file) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
        setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* MPI does not free everything */
        if (!processes) execl(self, self, "--part", name, file, (char *)NULL);
        execl(mpirun, mpirun, "-np", processes, self, "--part", name, file, (char *)NULL);
        _exit(127);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* How many of the processes listed in the file still run. mpirun does not reap the processes it
 * ends; this process does, in place of init, for two seconds. */
static int left_over(const char *pids, int *named) {
    int left = 0;
    long pid;
    FILE *f = fopen(pids, "r");
    for (int i = 0; i < 200 && waitpid(-1, NULL, WNOHANG) >= 0; i++) {
        struct timespec t = {0, 10000000};
        nanosleep(&t, NULL);
    }
    for (*named = 0; f && fscanf(f, "%ld", &pid) == 1; ++*named)
        left += kill((pid_t)pid, 0) == 0 || errno != ESRCH;
    if (f) fclose(f);
    return left;
}

static void all_end_when_one_does(const char *how, int expected) {
    const char *pids = files_path(how);
    struct timespec from, to;
    int named = 0, failed = checks_failed;
    clock_gettime(CLOCK_MONOTONIC, &from);
    files_listen();
    int status = start("3", how, pids);
    files_listen_end();
    clock_gettime(CLOCK_MONOTONIC, &to);
    CHECK(status != 0 && status != 127 && (expected == 0 || status == expected));
    CHECK(to.tv_sec - from.tv_sec <= 20);
    CHECK(left_over(pids, &named) == 0);
    CHECK(named == 3);
    if (checks_failed > failed) fprintf(stderr, "%s: exit status %d\n%s", how, status, said);
}

/* A single process makes no MPI calls, and its data stays unchanged. */
static void one_process_needs_no_mpi(int argc, char **argv) {
    float data[2] = {1.5f, -2};
    int64_t x = -5;
    CHECK(comm_open(&comm, &argc, &argv) == STATUS_OK);
    CHECK(comm.rank == 0 && comm.size == 1 && comm.local_rank == 0 && comm.local_size == 1);
    CHECK(comm_attach(&comm, &backend_cpu) == STATUS_OK);
    CHECK(comm.ops->all_reduce_sum(&comm, data, 2, NULL) == STATUS_OK && data[0] == 1.5f &&
          data[1] == -2);
    CHECK(comm.ops->broadcast(&comm, data, sizeof data, 0, NULL) == STATUS_OK && data[0] == 1.5f);
    CHECK(comm.ops->all_reduce_max(&comm, &x) == STATUS_OK && x == -5);
    comm_abort(&comm, 1);
    comm.ops->close(&comm);
}

/* The environment says two processes, but the other one does not exist. */
static void missing_process_is_refused(void) {
    files_listen();
    setenv("PMI_SIZE", "2", 1);
    int status = start(NULL, "lost", "-");
    unsetenv("PMI_SIZE");
    (void)files_listen_end(); /* MPI may print lines of its own about the machine */
    const char *text = strcmp(mpirun, "none") != 0 ? "one of 2 processes, but finds 1"
                                                   : "built without MPI";
    const char *found = strstr(said, text);
    CHECK(status == 0 && found && !strstr(found + 1, text));
}

int main(int argc, char **argv) {
    if (argc > 3 && strcmp(argv[1], "--part") == 0) return part(argc, argv);
    self = argv[0];
    mpirun = argc > 1 ? argv[1] : "none";
    files_begin();
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    one_process_needs_no_mpi(argc, argv);
    if (strcmp(mpirun, "none") != 0) {
        CHECK(start("1", "talk", "-") == 0);
        CHECK(start("3", "talk", "-") == 0); /* not a power of two: another order of sums */
        all_end_when_one_does("die", 0);
        all_end_when_one_does("leave", 0);
        all_end_when_one_does("abort", 3);
    }
    missing_process_is_refused();
    files_clear(folder);
    return check_report();
}
