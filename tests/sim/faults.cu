/* tests/sim/faults.cu - requires that the simulator catches the classic faults, and only those.
 *
 *   faults               every fault of the tables, each in a process of its own and in three lane
 *                        orders: right must pass in all, wrong fail in one where it can be seen
 *   faults NAME 0|1      one of them, right or wrong: says why it fails
 *
 * A build sees what its sanitizer sees; PLAIN has none. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults_host.cuh"
#include "faults_kernels.cuh"
#include "sanitizer.h"

enum { SEEN_PLAIN = 1, SEEN_ADDRESS = 2, SEEN_MEMORY = 4, SEEN_THREAD = 8, SEEN_ALL = 15 };
enum {
    SEEN_HERE = SIM_ASAN   ? SEEN_ADDRESS
                : SIM_MSAN ? SEEN_MEMORY
                : SIM_TSAN ? SEEN_THREAD
                           : SEEN_PLAIN
};

static int expect_same(int i) { return i + 1; }
static int expect_same_reversed(int i) { return i < 128 ? 128 - i : 0; }
static int expect_warp_reversed(int i) { return 32 - i; }
static int expect_warp_reversed_twice(int i) { return 2 * (32 - i); }
static int expect_first(int i) { return i < 16 ? 1 : i + 1; }
static int expect_fifth(int i) { return i < 16 ? 5 : i + 1; }
static int expect_neighbour(int i) { return (i ^ 1) + 1; }
static int expect_twentyfirst(int) { return 21; }
static int expect_block_count(int) { return 4; }
static int expect_warp_sum(int) { return 32 * 33 / 2; }
static int expect_element(int i) { return (i + 1) % 8 + 1; }
static int expect_odd_count(int) { return 4; }

typedef void (*FaultKernel)(const int *in, int *out, int wrong);

typedef struct {
    const char *name;
    FaultKernel kernel;
    int blocks, threads;
    int items; /* of out that are looked at */
    int (*expect)(int i);
    int seen; /* SEEN_, or'ed: the builds that must catch it */
} KernelFault;

#define KERNEL(name) #name, name
static const KernelFault kernel_faults[] = {
    {KERNEL(barrier_missing), 1, 128, 128, expect_same_reversed, SEEN_ALL},
    {KERNEL(barrier_in_branch), 1, 64, 64, expect_same, SEEN_ALL},
    {KERNEL(barrier_not_reached), 1, 64, 64, expect_same, SEEN_ALL},
    {KERNEL(warp_barrier_missing), 1, 32, 32, expect_warp_reversed, SEEN_ALL},
    {KERNEL(warp_barrier_missing_after_read), 1, 32, 32, expect_warp_reversed_twice, SEEN_ALL},
    {KERNEL(mask_full_in_branch), 1, 32, 32, expect_first, SEEN_ALL},
    {KERNEL(mask_without_caller), 1, 32, 32, expect_neighbour, SEEN_ALL},
    {KERNEL(shuffle_outside_mask), 1, 32, 32, expect_fifth, SEEN_ALL},
    {KERNEL(shuffle_from_exited), 1, 32, 16, expect_twentyfirst, SEEN_ALL},
    {KERNEL(race_between_blocks), 4, 32, 1, expect_block_count, SEEN_THREAD},
    {KERNEL(race_within_warp), 1, 32, 1, expect_warp_sum, SEEN_THREAD},
    {KERNEL(order_by_atomic), 1, 64, 64, expect_same, SEEN_ALL},
    {KERNEL(past_global), 5, 64, FAULT_ITEMS, expect_same, SEEN_ADDRESS},
    {KERNEL(before_global), 1, 64, 1, expect_same, SEEN_ADDRESS},
    {KERNEL(past_shared), 1, 32, 32, expect_same, SEEN_ADDRESS},
    {KERNEL(past_local), 1, 32, 32, expect_element, SEEN_ADDRESS},
    {KERNEL(unwritten_shared), 1, 32, 32, expect_same, SEEN_ALL},
    {KERNEL(unwritten_local), 1, 32, 32, expect_odd_count, SEEN_MEMORY},
};
enum { KERNEL_FAULTS = sizeof kernel_faults / sizeof kernel_faults[0] };

typedef struct {
    const char *name;
    Status (*run)(FaultRun *run, int wrong); /* result (32) is i + 1 */
    int seen;
} HostFault;

static const HostFault host_faults[] = {
    {KERNEL(memory_unwritten), SEEN_ALL},        {KERNEL(memory_freed_early), SEEN_ADDRESS},
    {KERNEL(source_changed_early), SEEN_ALL},    {KERNEL(result_read_early), SEEN_ALL},
    {KERNEL(event_recorded_early), SEEN_ALL},    {KERNEL(streams_not_ordered), SEEN_ALL},
    {KERNEL(launch_too_wide), SEEN_ALL},         {KERNEL(launch_without_blocks), SEEN_ALL},
    {KERNEL(capture_with_allocation), SEEN_ALL}, {KERNEL(capture_with_wait), SEEN_ALL},
};
enum { HOST_FAULTS = sizeof host_faults / sizeof host_faults[0] };

static Status kernel_fault_run(const KernelFault *fault, FaultRun *run, int wrong) {
    LAUNCH(fault->kernel, fault->blocks, fault->threads, run->stream, run->in, run->out, wrong);
    return fault_fetch(run);
}

/* Whether out is what it should be. */
static int result_is_right(const int *result, int items, int (*expect)(int i)) {
    for (int i = 0; i < items; i++)
        if (result[i] != expect(i)) {
            fprintf(stderr, "out[%d] is %d, not %d\n", i, result[i], expect(i));
            return 0;
        }
    return 1;
}

/* The exit status of `faults NAME wrong`. */
static int fault_main(const char *name, int wrong) {
    FaultRun run;
    if (fault_open(&run) != STATUS_OK) return 2;
    Status status = STATUS_ARGUMENT;
    int items = 32, right;
    int (*expect)(int) = expect_same;
    for (int i = 0; i < KERNEL_FAULTS; i++)
        if (strcmp(kernel_faults[i].name, name) == 0) {
            status = kernel_fault_run(&kernel_faults[i], &run, wrong);
            items = kernel_faults[i].items;
            expect = kernel_faults[i].expect;
        }
    for (int i = 0; i < HOST_FAULTS; i++)
        if (strcmp(host_faults[i].name, name) == 0) status = host_faults[i].run(&run, wrong);
    if (status != STATUS_OK) return 3;
    right = result_is_right(run.result, items, expect);
    fault_close(&run);
    return right ? 0 : 1;
}

/* What `program name wrong` says in one lane order: its exit status, or 128 and more for a signal.
 * A process of its own, since most faults end it. */
static int exit_status(const char *program, const char *name, int wrong, const char *order) {
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        char arg[2] = {(char)('0' + wrong), 0};
        setenv("CUSIM_ORDER", order, 1);
        setenv("TSAN_OPTIONS", "atexit_sleep_ms=0", 1); /* else a second each */
        if (!freopen("/dev/null", "w", stderr)) _exit(126);
        execl(program, program, name, arg, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* How many of the two demands on a fault are not met. */
static int fault_failures(const char *program, const char *name, int seen) {
    static const char *const orders[] = {"asc", "desc", "rand"};
    int failures = 0, caught = 0;
    for (int i = 0; i < 3; i++) {
        int status = exit_status(program, name, 0, orders[i]);
        if (status == 0) continue;
        fprintf(stderr, "%s, right, order %s: exit status %d\n", name, orders[i], status);
        failures++;
    }
    if (!(seen & SEEN_HERE)) return failures;
    for (int i = 0; i < 3 && !caught; i++) {
        int status = exit_status(program, name, 1, orders[i]);
        caught = status > 0 && status != 2 && status != 126 && status != 127;
    }
    if (!caught) fprintf(stderr, "%s, wrong: passes in every lane order\n", name);
    return failures + !caught;
}

int main(int argc, char **argv) {
    if (argc == 3) return fault_main(argv[1], argv[2][0] == '1');
    int failures = 0;
    for (int i = 0; i < KERNEL_FAULTS; i++)
        failures += fault_failures(argv[0], kernel_faults[i].name, kernel_faults[i].seen);
    for (int i = 0; i < HOST_FAULTS; i++)
        failures += fault_failures(argv[0], host_faults[i].name, host_faults[i].seen);
    return failures != 0;
}
