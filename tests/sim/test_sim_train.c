/* tests/sim/test_sim_train.c - training on the simulated GPU: correct by formula, and always the
 * same bits.
 *
 *   test_sim_train [--some]      --some: only what a sanitizer may find something new in */
#include <fcntl.h>
#include <unistd.h>

#include "tests/support/train_checks.h"
#include "calls.h"
#include "sim.h"

/* A run as a graph makes one launch a step, waits once, and allocates nothing. */
static void graph_is_one_launch(const ModelConfig *model) {
    const TrainSpec spec = checked_spec(model, PRECISION_BF16);
    float rates[3] = {1e-3f, 1e-3f, 1e-3f};
    int count = 0, kinds[SIM_KIND_COUNT] = {0};
    Trained t;
    trained_open(&t, &spec, NULL);
    trained_run(&t, 2);
    sim_calls_begin();
    CHECK(train_cuda.run(t.trainer, 2, 4, rates, 3, t.reports, t.stream) == STATUS_OK);
    sim_calls_end();
    const SimCall *asked = sim_calls_made(&count);
    for (int i = 0; i < count; i++) kinds[asked[i].kind]++;
    CHECK(kinds[SIM_GRAPH_LAUNCH] == 3 && kinds[SIM_KERNEL] == 0 && kinds[SIM_STREAM_SYNC] == 1);
    CHECK(kinds[SIM_ALLOC] == 0 && kinds[SIM_ALLOC_HOST] == 0 && kinds[SIM_DEVICE_SYNC] == 0);
    CHECK(kinds[SIM_EVENT_SYNC] == 0 && kinds[SIM_COPY] == 3);
    trained_close(&t);
}

enum { ORDERS = 4 };

/* The state after three steps in the first `count` orders of lanes. */
static void lane_order_changes_nothing(const ModelConfig *model, Precision precision, int count) {
    static const struct {
        SimOrder order;
        uint64_t seed;
    } orders[ORDERS] = {{SIM_ASCENDING, 1}, {SIM_RANDOM, 1}, {SIM_DESCENDING, 1}, {SIM_RANDOM, 2}};
    const TrainSpec spec = checked_spec(model, precision);
    Trained t[ORDERS];
    for (int i = 0; i < count; i++) {
        sim_order(orders[i].order, orders[i].seed);
        trained_open(&t[i], &spec, NULL);
        trained_run(&t[i], 3);
        CHECK(same_state(&t[0].state, &t[i].state));
        CHECK(memcmp(t[0].reports, t[i].reports, 3 * sizeof *t[i].reports) == 0);
    }
    for (int i = 0; i < count; i++) trained_close(&t[i]);
    sim_order(SIM_ASCENDING, 1);
}

/* Between these two nothing reaches stderr, to hide the lines about refusals. */
static int quiet_begin(void) {
    fflush(stderr);
    const int keep = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    close(null);
    return keep;
}

static void quiet_end(int keep) {
    fflush(stderr);
    dup2(keep, 2);
    close(keep);
}

/* If the device refuses memory, creating a trainer fails and leaves nothing behind. */
static void failed_creations_leave_nothing(const TrainSpec *spec) {
    const TrainReduce alone = {NULL, NULL, 1};
    const TrainSource source = {NULL, train_rows_fill_cuda};
    Trainer *t = NULL;
    int after = 0;
    for (; after < 100 && !t; after++) {
        const int keep = quiet_begin();
        sim_inject(after, 2); /* cudaErrorMemoryAllocation */
        const Status status = train_cuda.create(&t, spec, &source, &alone);
        sim_inject(-1, 0);
        quiet_end(keep);
        CHECK((status == STATUS_OK) == (t != NULL));
    }
    CHECK(t && after > 5);
    train_cuda.destroy(t);
}

/* A run that the device breaks off, before or during its capture, fails; repeated from the state
 * before it, it gives the bits of an undisturbed run. */
static void failed_runs_can_be_repeated(const TrainSpec *spec) {
    static const int afters[] = {0, 1, 2, 3, 4, 5, 20, 60};
    const float rates[2] = {checked_rate(1), checked_rate(2)};
    TrainReport reports[2];
    Trained good, t;
    trained_open(&good, spec, NULL);
    trained_run(&good, 3);
    for (size_t i = 0; i < sizeof afters / sizeof afters[0]; i++) {
        trained_open(&t, spec, NULL);
        trained_run(&t, 1);
        const int keep = quiet_begin();
        sim_inject(afters[i], 719); /* cudaErrorLaunchFailure */
        const Status status = train_cuda.run(t.trainer, 1, 2, rates, 2, reports, t.stream);
        sim_inject(-1, 0);
        /* The device remembers its last error until a launch asks for it. */
        (void)train_cuda.run(t.trainer, 1, 2, rates, 2, reports, t.stream);
        quiet_end(keep);
        CHECK(status == STATUS_DEVICE);
        CHECK(train_cuda.load(t.trainer, &t.state, t.stream) == STATUS_OK);
        trained_run(&t, 2);
        CHECK(same_state(&good.state, &t.state));
        trained_close(&t);
    }
    trained_close(&good);
}

static TrainSpec failing_spec(const ModelConfig *model) {
    TrainSpec spec = checked_spec(model, PRECISION_BF16);
    spec.rows = 8;
    return spec;
}

static void check_everything(const ModelConfig *model, const ModelConfig *other) {
    const TrainSpec failing = failing_spec(model);
    sizes_are_refused();
    for (int p = 0; p < 2 && !checks_failed; p++) {
        agrees_with_reference(model, (Precision)p);
        agrees_with_reference(other, (Precision)p);
        agrees_with_cpu(model, (Precision)p, 0);
        agrees_with_cpu(model, (Precision)p, 0.2);
        every_kind_of_run_gives_the_same_bits(model, (Precision)p);
        lane_order_changes_nothing(model, (Precision)p, ORDERS);
        bad_batches_are_skipped(model, (Precision)p);
    }
    batches_add_up(model, ROWS_ALONE);
    graph_is_one_launch(model);
    failed_runs_can_be_repeated(&failing);
    failed_creations_leave_nothing(&failing);
}

/* Every kernel, each precision, two orders: a sanitizer costs ten times as much. */
static void check_some(const ModelConfig *model) {
    const TrainSpec failing = failing_spec(model);
    lane_order_changes_nothing(model, PRECISION_BF16, 2);
    agrees_with_cpu(model, PRECISION_FLOAT32, 0.2);
    failed_runs_can_be_repeated(&failing);
}

int main(int argc, char **argv) {
    ModelConfig model = checked_model(), other = model;
    char device_text[256];
    other.width = 64;
    other.heads = 2;
    other.hidden = 160;
    other.layers = 1;
    other.values = 1;
    other.value_head = VALUE_TANH;
    CHECK(backend_cuda.open(device_text, sizeof device_text) == STATUS_OK);
    if (argc > 1 && strcmp(argv[1], "--some") == 0)
        check_some(&model);
    else
        check_everything(&model, &other);
    return check_report();
}
