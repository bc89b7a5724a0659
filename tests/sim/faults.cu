/* tests/sim/faults.cu - the simulator must catch the classic faults, and nothing that is right.
 *
 *   faults               every fault of the tables, each in a process of its own and in three
 *   orders
 *                        of lanes: the right version must pass in all of them, the wrong one must
 *                        fail in one, if this build can see the fault
 *   faults NAME 0|1      the right or the wrong version of one fault: prints why it fails
 *
 * A build sees what its sanitizer sees; SEEN_PLAIN is a build without one. */
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
    int items; /* of out that are checked */
    int (*expect)(int i);
    int seen; /* SEEN_ flags: the builds that must catch it */
} KernelFault;

#define KERNEL(function) .name = #function, .kernel = function
/* clang-format off */
static const KernelFault kernel_faults[] = {
    {KERNEL(barrier_missing), .blocks = 1, .threads = 128, .items = 128,
     .expect = expect_same_reversed, .seen = SEEN_ALL},
    {KERNEL(barrier_in_branch), .blocks = 1, .threads = 64, .items = 64,
     .expect = expect_same, .seen = SEEN_ALL},
    {KERNEL(barrier_not_reached), .blocks = 1, .threads = 64, .items = 64,
     .expect = expect_same, .seen = SEEN_ALL},
    {KERNEL(warp_barrier_missing), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_warp_reversed, .seen = SEEN_ALL},
    {KERNEL(warp_barrier_missing_after_read), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_warp_reversed_twice, .seen = SEEN_ALL},
    {KERNEL(mask_full_in_branch), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_first, .seen = SEEN_ALL},
    {KERNEL(mask_without_caller), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_neighbour, .seen = SEEN_ALL},
    {KERNEL(shuffle_outside_mask), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_fifth, .seen = SEEN_ALL},
    {KERNEL(shuffle_from_exited), .blocks = 1, .threads = 32, .items = 16,
     .expect = expect_twentyfirst, .seen = SEEN_ALL},
    {KERNEL(race_between_blocks), .blocks = 4, .threads = 32, .items = 1,
     .expect = expect_block_count, .seen = SEEN_THREAD},
    {KERNEL(race_within_warp), .blocks = 1, .threads = 32, .items = 1,
     .expect = expect_warp_sum, .seen = SEEN_THREAD},
    {KERNEL(order_by_atomic), .blocks = 1, .threads = 64, .items = 64,
     .expect = expect_same, .seen = SEEN_ALL},
    {KERNEL(past_global), .blocks = 5, .threads = 64, .items = FAULT_ITEMS,
     .expect = expect_same, .seen = SEEN_ADDRESS},
    {KERNEL(before_global), .blocks = 1, .threads = 64, .items = 1,
     .expect = expect_same, .seen = SEEN_ADDRESS},
    {KERNEL(past_shared), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_same, .seen = SEEN_ADDRESS},
    {KERNEL(past_local), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_element, .seen = SEEN_ADDRESS},
    {KERNEL(unwritten_shared), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_same, .seen = SEEN_ALL},
    {KERNEL(unwritten_local), .blocks = 1, .threads = 32, .items = 32,
     .expect = expect_odd_count, .seen = SEEN_MEMORY},
};
/* clang-format on */
enum { KERNEL_FAULTS = sizeof kernel_faults / sizeof kernel_faults[0] };

typedef struct {
    const char *name;
    Status (*run)(FaultRun *run, int wrong); /* result (32) is i + 1 */
    int seen;
} HostFault;

#define HOST(function) .name = #function, .run = function
/* clang-format off */
static const HostFault host_faults[] = {
    {HOST(memory_unwritten), .seen = SEEN_ALL},
    {HOST(memory_freed_early), .seen = SEEN_ADDRESS},
    {HOST(source_changed_early), .seen = SEEN_ALL},
    {HOST(result_read_early), .seen = SEEN_ALL},
    {HOST(event_recorded_early), .seen = SEEN_ALL},
    {HOST(streams_not_ordered), .seen = SEEN_ALL},
    {HOST(launch_too_wide), .seen = SEEN_ALL},
    {HOST(launch_without_blocks), .seen = SEEN_ALL},
    {HOST(capture_with_allocation), .seen = SEEN_ALL},
    {HOST(capture_with_wait), .seen = SEEN_ALL},
};
/* clang-format on */
enum { HOST_FAULTS = sizeof host_faults / sizeof host_faults[0] };

static Status kernel_fault_run(const KernelFault *fault, FaultRun *run, int wrong) {
    LAUNCH(fault->kernel, fault->blocks, fault->threads, run->stream, run->in, run->out, wrong);
    return fault_fetch(run);
}

/* Whether result holds what is expected. */
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

/* The exit status of `program name wrong` in one order of lanes, or 128 + the signal. In a process
 * of its own, since most faults end it. */
static int exit_status(const char *program, const char *name, int wrong, const char *order) {
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        char arg[2] = {(char)('0' + wrong), 0};
        setenv("CUSIM_ORDER", order, 1);
        setenv("TSAN_OPTIONS", "atexit_sleep_ms=0", 1); /* otherwise each would sleep a second */
        if (!freopen("/dev/null", "w", stderr)) _exit(126);
        execl(program, program, name, arg, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* How many of the requirements on a fault are not met. */
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
