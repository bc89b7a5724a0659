/* tests/nn/test_train.c - training on the CPU: gradients, ten steps against PyTorch, the bits. */
#include <math.h>
#include <omp.h>

#include "nn/ops/loss.h"
#include "tests/support/golden.h"
#include "plain_net.h"
#include "train_rig.h"

static const TrainOps *const ops = &train_cpu;

/* The loss of rows 0 .. rows - 1 in double, with attention unfolded. */
static double plain_loss(const Weights *w, int rows, double value_weight) {
    const ModelConfig *c = &w->config;
    float x[64], policy[52], value[8];
    uint64_t legal;
    int32_t seats;
    TrainBatch batch = {.x = x, .legal = &legal, .policy = policy, .value = value, .seats = &seats};
    double loss = 0;
    for (int r = 0; r < rows; r++) {
        double logits[52], v[8], sum = 0, squares = 0;
        rig_row(c, (uint64_t)r, 0, &batch);
        plain_forward(w, x, logits, v);
        for (int a = 0; a < 52; a++)
            if (legal >> a & 1) sum += exp(logits[a]);
        for (int a = 0; a < 52; a++)
            if (legal >> a & 1) loss -= policy[a] * (logits[a] - log(sum)) / rows;
        for (int s = 0; s < seats; s++) squares += (v[s] - value[s]) * (v[s] - value[s]);
        loss += value_weight * squares / seats / rows;
    }
    return loss;
}

/* With beta1 = 0 and no clipping, m after a step of rate 0 is the gradient. */
static TrainSpec gradient_spec(int rows) {
    TrainSpec spec = rig_spec(rows, 1);
    spec.settings.beta1 = 0;
    spec.settings.clip = 1e30;
    return spec;
}

/* Three parameters of every tensor: (loss(p + h) - loss(p - h)) / 2h, which has an error of order
 * h^2, or more if a ReLU bends in between; float32 adds an error of about 1e-6. */
static void gradients_match_difference_quotients(ValueHead head) {
    enum { ROWS = 5, EACH = 3 };
    Rig g;
    TrainReport report;
    TrainSpec spec = gradient_spec(ROWS);
    spec.model.value_head = head;
    spec.settings.value_weight = 1.5;
    CHECK(rig_open(&g, ops, &spec, NULL));
    for (size_t i = 0; i < g.state.weights.count; i++) /* biases and gains in general position */
        g.state.weights.data[i] += (float)(splitmix64(i) >> 48) / 655360 - 0.05f;
    ops->load(g.trainer, &g.state, NULL);
    CHECK(rig_run(&g, ops, 0, 1, 0.0f, &report) == STATUS_OK);
    CHECK(fabs(report.policy_loss + 1.5 * report.value_loss -
               plain_loss(&g.state.weights, ROWS, 1.5)) < 1e-5);
    double squares = 0;
    for (size_t i = 0; i < g.state.m.count; i++)
        squares += (double)g.state.m.data[i] * g.state.m.data[i];
    CHECK(fabs(report.gradient_norm - sqrt(squares)) < 1e-5 * sqrt(squares));
    for (int t = 0; t < weights_tensor_count(&spec.model); t++) {
        WeightTensor tensor = weights_tensor(&spec.model, t);
        for (int k = 0; k < EACH; k++) {
            size_t i = tensor.offset + splitmix64((uint64_t)(t * EACH + k)) % tensor.count;
            float *p = &g.state.weights.data[i], was = *p;
            *p = was + 0x1p-10f;
            double up = plain_loss(&g.state.weights, ROWS, 1.5), high = *p;
            *p = was - 0x1p-10f;
            double want = (up - plain_loss(&g.state.weights, ROWS, 1.5)) / (high - *p);
            *p = was;
            double off = fabs(g.state.m.data[i] - want);
            if (!(off <= 2e-5 + 2e-3 * fabs(want)))
                fprintf(stderr, "%s: %g, not %g\n", tensor.name, g.state.m.data[i], want);
            CHECK(off <= 2e-5 + 2e-3 * fabs(want));
        }
    }
    rig_close(&g, ops);
}

/* train_tensor() of golden.py. */
static void fill_weights(Weights *w) {
    golden_fill(w);
    for (int t = 0; t < weights_tensor_count(&w->config); t++) {
        WeightTensor tensor = weights_tensor(&w->config, t);
        for (size_t i = 0; i < tensor.count && tensor.rank > 1; i++)
            w->data[tensor.offset + i] *= 4;
    }
}

static double read_number(FILE *f) {
    double x = NAN;
    if (fscanf(f, "%lf", &x) != 1) x = NAN;
    return x;
}

static bool near_to(double got, double want, double absolute, double relative) {
    return fabs(got - want) <= absolute + relative * fabs(want);
}

static FILE *golden_open(const char *folder, TrainSpec *spec, int *steps, int *chosen) {
    char path[512];
    snprintf(path, sizeof path, "%s/golden_train.txt", folder);
    FILE *f = fopen(path, "r");
    CHECK(f);
    if (!f) return NULL;
    *spec = rig_spec((int)read_number(f), 1);
    *steps = (int)read_number(f);
    *chosen = (int)read_number(f);
    spec->settings.value_weight = read_number(f);
    spec->settings.beta1 = read_number(f);
    spec->settings.beta2 = read_number(f);
    spec->settings.epsilon = read_number(f);
    spec->settings.decay = read_number(f);
    spec->settings.clip = read_number(f);
    spec->settings.ema = read_number(f);
    return f;
}

static void first_gradient_matches_pytorch(FILE *f, const TrainSpec *spec) {
    TrainSpec only = gradient_spec(spec->rows);
    only.settings.value_weight = spec->settings.value_weight;
    Rig g;
    TrainReport report;
    CHECK(rig_open(&g, ops, &only, NULL));
    fill_weights(&g.state.weights);
    ops->load(g.trainer, &g.state, NULL);
    CHECK(rig_run(&g, ops, 0, 1, 0.0f, &report) == STATUS_OK);
    for (int t = 0; t < weights_tensor_count(&only.model); t++) {
        WeightTensor tensor = weights_tensor(&only.model, t);
        double squares = 0, want = read_number(f);
        for (size_t i = 0; i < tensor.count; i++)
            squares += pow(g.state.m.data[tensor.offset + i], 2);
        CHECK(near_to(sqrt(squares), want, 1e-8, 1e-5));
    }
    rig_close(&g, ops);
}

static void ten_steps_match_pytorch(const char *folder) {
    TrainSpec spec;
    int steps = 0, chosen = 0;
    FILE *f = golden_open(folder, &spec, &steps, &chosen);
    if (!f) return;
    CHECK(steps == 10 && chosen == 48);
    first_gradient_matches_pytorch(f, &spec);
    Rig g;
    CHECK(rig_open(&g, ops, &spec, NULL));
    fill_weights(&g.state.weights);
    memcpy(g.state.ema.data, g.state.weights.data, g.state.ema.count * sizeof(float));
    ops->load(g.trainer, &g.state, NULL);
    for (int s = 0; s < steps; s++) {
        TrainReport report;
        float rate = (float)read_number(f);
        CHECK(rig_run(&g, ops, s, 1, rate, &report) == STATUS_OK && report.rate == rate);
        CHECK(near_to(report.policy_loss, read_number(f), 0, 2e-6));
        CHECK(near_to(report.value_loss, read_number(f), 0, 5e-6));
        CHECK(near_to(report.gradient_norm, read_number(f), 0, 2e-5));
        for (int which = 0; which < 2; which++)
            for (int i = 0; i < chosen; i++) {
                uint64_t at = splitmix64((uint64_t)7 << 60 | (uint64_t)i) % g.state.weights.count;
                const Weights *w = which ? &g.state.ema : &g.state.weights;
                double want = read_number(f);
                if (!near_to(w->data[at], want, 2e-7, 2e-6))
                    fprintf(stderr, "step %d, %d of %d: %.9g, not %.9g\n", s, i, which, w->data[at],
                            want);
                CHECK(near_to(w->data[at], want, 2e-7, 2e-6));
            }
    }
    rig_close(&g, ops);
    fclose(f);
}

/* The least cross-entropy is the targets' entropy. */
static void a_network_learns_256_examples_by_heart(void) {
    TrainSpec spec = rig_spec(256, 1);
    spec.settings.decay = 0;
    Rig g;
    TrainReport reports[150];
    CHECK(rig_open(&g, ops, &spec, NULL));
    g.source.modulus = 256;
    int64_t batch = 0;
    for (float rate = 8e-3f; rate > 1e-4f; rate *= 0.5f, batch += 150)
        CHECK(rig_run(&g, ops, batch, 150, rate, reports) == STATUS_OK);
    TrainReport *last = &reports[149];
    CHECK(last->policy_loss - last->target_entropy < 0.01f && last->value_loss < 0.001f);
    CHECK(last->accuracy > 0.8f); /* many targets have two actions nearly alike */
    rig_close(&g, ops);
}

/* Three passes a batch, of which the last has one block and a partial one; two batches a step. */
static void any_number_of_threads_gives_the_same_bits(double ratio_clip) {
    const int threads = omp_get_max_threads();
    static Rig g[4];
    TrainReport reports[4][3];
    TrainSpec spec = rig_spec(600, 2);
    spec.settings.ratio_clip = ratio_clip;
    for (int n = 0; n < 4; n++) {
        omp_set_num_threads(n + 1);
        CHECK(rig_open(&g[n], ops, &spec, NULL));
        CHECK(rig_run(&g[n], ops, 0, 3, 1e-3f, reports[n]) == STATUS_OK);
        CHECK(omp_get_max_threads() == n + 1);
        CHECK(rig_same(&g[n].state, &g[0].state));
        CHECK(memcmp(reports[n], reports[0], sizeof reports[0]) == 0);
        CHECK(g[n].state.counters.updates == 3 && atomic_load(&g[n].source.filled) == 3 * 2 * 600);
    }
    omp_set_num_threads(threads);
    for (int n = 0; n < 4; n++) rig_close(&g[n], ops);
}

static double worst_difference(const Weights *a, const Weights *b) {
    double worst = 0;
    for (size_t i = 0; i < a->count; i++) {
        const double d = fabs((double)a->data[i] - b->data[i]);
        if (d > worst) worst = d; /* with fmax gcc 12 for aarch64 crashes here */
    }
    return worst;
}

/* With whole passes the sums have the same order, so the bits are equal; else they are only
 * near. */
static void two_batches_equal_one_of_twice_the_rows(int rows, double limit) {
    Rig one, two;
    TrainReport a, b;
    TrainSpec spec = rig_spec(rows, 2);
    CHECK(rig_open(&two, ops, &spec, NULL));
    spec = rig_spec(2 * rows, 1);
    CHECK(rig_open(&one, ops, &spec, NULL));
    CHECK(rig_run(&two, ops, 0, 1, 1e-3f, &a) == STATUS_OK);
    CHECK(rig_run(&one, ops, 0, 1, 1e-3f, &b) == STATUS_OK);
    CHECK(worst_difference(&one.state.m, &two.state.m) <= limit);
    CHECK(near_to(a.policy_loss, b.policy_loss, limit, 0));
    if (limit == 0) CHECK(rig_same(&one.state, &two.state) && memcmp(&a, &b, sizeof a) == 0);
    rig_close(&one, ops);
    rig_close(&two, ops);
}

/* Adds a vector to itself, as if a second process had the same. */
static Status add_twin(void *context, float *data, size_t count, Stream stream) {
    (void)stream;
    *(size_t *)context = count;
    for (size_t i = 0; i < count; i++) data[i] += data[i];
    return STATUS_OK;
}

static void twin_processes_equal_one_process(void) {
    Rig one, two;
    TrainReport a[3], b[3];
    size_t count = 0;
    TrainReduce reduce = {.context = &count, .all_reduce_sum = add_twin, .processes = 2};
    TrainSpec spec = rig_spec(100, 1);
    CHECK(rig_open(&one, ops, &spec, NULL) && rig_open(&two, ops, &spec, &reduce));
    CHECK(rig_run(&one, ops, 0, 3, 1e-3f, a) == STATUS_OK);
    CHECK(rig_run(&two, ops, 0, 3, 1e-3f, b) == STATUS_OK);
    CHECK(rig_same(&one.state, &two.state) && memcmp(a, b, sizeof a) == 0);
    CHECK(count == one.state.weights.count + LOSS_COUNT);
    rig_close(&one, ops);
    rig_close(&two, ops);
}

static void steps_not_finite_are_skipped_and_counted(void) {
    Rig g, sound;
    TrainReport reports[40];
    TrainSpec spec = rig_spec(70, 1);
    CHECK(rig_open(&g, ops, &spec, NULL) && rig_open(&sound, ops, &spec, NULL));
    g.source.bad = 2;
    g.source.bad_end = 4;
    CHECK(rig_run(&g, ops, 0, 6, 1e-3f, reports) == STATUS_OK);
    for (int i = 0; i < 6; i++) CHECK(reports[i].skipped == (i == 2 || i == 3));
    CHECK(g.state.counters.steps == 6 && g.state.counters.updates == 4);
    CHECK(g.state.counters.skipped == 2 && g.state.counters.bad_in_a_row == 0);
    CHECK(g.state.counters.last[0] == 0xC && !g.state.counters.stopped);
    CHECK(rig_run(&sound, ops, 0, 2, 1e-3f, reports) == STATUS_OK);
    CHECK(rig_run(&sound, ops, 4, 2, 1e-3f, reports) == STATUS_OK);
    CHECK(rig_same_floats(&g.state.weights, &sound.state.weights));
    CHECK(rig_same_floats(&g.state.ema, &sound.state.ema));

    g.source.bad = 100;
    g.source.bad_end = 200;
    CHECK(rig_run(&g, ops, 100, 7, 1e-3f, reports) == STATUS_OK && !g.state.counters.stopped);
    CHECK(rig_run(&g, ops, 107, 3, 1e-3f, reports) == STATUS_OK && g.state.counters.stopped);
    CHECK(g.state.counters.steps == 14 && g.state.counters.bad_in_a_row == TRAIN_BAD_IN_A_ROW);
    for (int i = 0; i < 3; i++) CHECK(reports[i].skipped && reports[i].rate == 1e-3f);
    CHECK(rig_run(&g, ops, 300, 2, 1e-3f, reports) == STATUS_OK);
    CHECK(g.state.counters.steps == 14 && reports[0].skipped && reports[1].skipped);
    CHECK(rig_same_floats(&g.state.weights, &sound.state.weights));
    CHECK(rig_same_floats(&g.state.m, &sound.state.m));
    rig_close(&g, ops);
    rig_close(&sound, ops);
}

/* One run of 9 steps, and the same in pieces by several trainers that read ahead. */
static void a_saved_state_continues_with_the_same_bits(void) {
    Rig whole, parts;
    TrainReport a[9], b[9];
    float rates[9];
    TrainSpec spec = rig_spec(130, 1);
    for (int i = 0; i < 9; i++) rates[i] = 1e-3f * (float)(i + 1);
    CHECK(rig_open(&whole, ops, &spec, NULL) && rig_open(&parts, ops, &spec, NULL));
    CHECK(ops->run(whole.trainer, 0, 8, rates, 9, a, NULL) == STATUS_OK);
    CHECK(atomic_load(&whole.source.last) == 8 && atomic_load(&whole.source.filled) == 9 * 130);
    for (int i = 0; i < 9; i += 3) {
        TrainSource source = {&parts.source, rig_fill};
        CHECK(ops->run(parts.trainer, i, i + 3, rates + i, 3, b + i, NULL) == STATUS_OK);
        CHECK(atomic_load(&parts.source.last) <= i + 3);
        CHECK(ops->save(parts.trainer, &parts.state, NULL) == STATUS_OK);
        ops->destroy(parts.trainer);
        CHECK(ops->create(&parts.trainer, &spec, &source, &parts.reduce) == STATUS_OK);
        CHECK(ops->load(parts.trainer, &parts.state, NULL) == STATUS_OK);
    }
    CHECK(ops->save(whole.trainer, &whole.state, NULL) == STATUS_OK);
    CHECK(rig_same(&whole.state, &parts.state) && memcmp(a, b, sizeof a) == 0);
    rig_close(&whole, ops);
    rig_close(&parts, ops);
}

/* Batches read ahead are used by the next run, or dropped if it wants others or if a state is
 * loaded, since the source may then give different ones. */
static void reading_ahead_is_used_or_dropped(void) {
    Rig ahead, none;
    TrainReport a, b;
    float rate = 1e-3f;
    static const int64_t order[] = {0, 1, 2, 7, 9, 10, 20};
    TrainSpec spec = rig_spec(130, 1);
    CHECK(rig_open(&ahead, ops, &spec, NULL) && rig_open(&none, ops, &spec, NULL));
    for (int i = 0; i < 7; i++) {
        CHECK(ops->run(ahead.trainer, order[i], order[i] + 5, &rate, 1, &a, NULL) == STATUS_OK);
        CHECK(ops->run(none.trainer, order[i], order[i], &rate, 1, &b, NULL) == STATUS_OK);
        CHECK(memcmp(&a, &b, sizeof a) == 0);
    }
    CHECK(atomic_load(&none.source.filled) == 7 * 130 && atomic_load(&none.source.last) == 20);
    ops->save(ahead.trainer, &ahead.state, NULL);
    ops->save(none.trainer, &none.state, NULL);
    CHECK(rig_same(&ahead.state, &none.state));
    ahead.source.modulus = none.source.modulus = 11;
    CHECK(ops->load(ahead.trainer, &ahead.state, NULL) == STATUS_OK);
    CHECK(rig_run(&ahead, ops, 21, 1, rate, &a) == STATUS_OK);
    CHECK(rig_run(&none, ops, 21, 1, rate, &b) == STATUS_OK);
    CHECK(memcmp(&a, &b, sizeof a) == 0 && rig_same(&ahead.state, &none.state));
    rig_close(&ahead, ops);
    rig_close(&none, ops);
}

/* However late a failure is noticed, the state is that after the whole steps it counts. */
static void a_failing_source_ends_only_the_run(void) {
    Rig g, sound;
    TrainReport reports[4];
    TrainSpec spec = rig_spec(300, 1);
    TrainState begun;
    CHECK(rig_open(&g, ops, &spec, NULL) && rig_open(&sound, ops, &spec, NULL));
    CHECK(rig_run(&sound, ops, 0, 4, 1e-3f, reports) == STATUS_OK);
    begun = g.state;
    CHECK(train_state_alloc(&g.state, &spec.model) == STATUS_OK);
    for (int i = 0; i < 40; i++) {
        CHECK(ops->load(g.trainer, &begun, NULL) == STATUS_OK);
        g.source.fails = 2;
        g.source.fails_after_us = i * 50;
        CHECK(rig_run(&g, ops, 0, 4, 1e-3f, reports) == STATUS_INPUT);
        CHECK(g.state.counters.steps <= 2);
        g.source.fails = -1;
        int64_t made = g.state.counters.steps;
        CHECK(rig_run(&g, ops, made, (int)(4 - made), 1e-3f, reports) == STATUS_OK);
        CHECK(rig_same(&g.state, &sound.state));
    }
    train_state_free(&begun);
    rig_close(&g, ops);
    rig_close(&sound, ops);
}

static void invalid_arguments_are_refused(void) {
    TrainSource source = {NULL, rig_fill};
    TrainReduce alone = {NULL, NULL, 1};
    Trainer *trainer = NULL;
    for (int i = 0; i < 8; i++) {
        TrainSpec s = rig_spec(64, 1);
        if (i == 1) s.rows = 0;
        if (i == 2) s.rows = 65537;
        if (i == 3) s.accumulate = 0;
        if (i == 4) s.precision = PRECISION_BF16;
        if (i == 5) s.model.width = 33;
        if (i == 6) s.settings.beta2 = 1;
        if (i == 7) s.settings.clip = 0;
        CHECK((ops->create(&trainer, &s, &source, &alone) == STATUS_OK) == (i == 0));
        CHECK((ops->bytes(&s) > 0) == (i == 0));
        ops->destroy(trainer);
    }
    Rig g;
    TrainReport report;
    float rate = 0;
    TrainSpec spec = rig_spec(64, 1);
    CHECK(rig_open(&g, ops, &spec, NULL));
    CHECK(ops->run(g.trainer, 5, 4, &rate, 1, &report, NULL) == STATUS_ARGUMENT);
    CHECK(ops->run(g.trainer, -1, 4, &rate, 1, &report, NULL) == STATUS_ARGUMENT);
    CHECK(ops->run(g.trainer, 5, 4, &rate, 0, &report, NULL) == STATUS_OK);
    rig_close(&g, ops);
}

/* All times together are at most threads x the time that passed. */
static void times_add_up(void) {
    Rig g;
    TrainReport reports[4];
    TrainTimes times;
    TrainSpec spec = rig_spec(300, 1);
    CHECK(rig_open(&g, ops, &spec, NULL));
    double start = omp_get_wtime();
    CHECK(rig_run(&g, ops, 0, 4, 1e-3f, reports) == STATUS_OK);
    double passed = omp_get_wtime() - start;
    ops->times(g.trainer, &times);
    CHECK(times.busy > 0 && times.filling > 0 && times.waiting >= 0);
    CHECK(times.busy + times.filling + times.waiting <= passed * omp_get_max_threads() * 1.01);
    rig_close(&g, ops);
}

int main(int argc, char **argv) {
    gradients_match_difference_quotients(VALUE_SIGMOID);
    gradients_match_difference_quotients(VALUE_TANH);
    if (argc > 1) ten_steps_match_pytorch(argv[1]);
    a_network_learns_256_examples_by_heart();
    any_number_of_threads_gives_the_same_bits(0);
    any_number_of_threads_gives_the_same_bits(0.2);
    two_batches_equal_one_of_twice_the_rows(256, 0);
    two_batches_equal_one_of_twice_the_rows(40, 1e-6);
    twin_processes_equal_one_process();
    steps_not_finite_are_skipped_and_counted();
    a_saved_state_continues_with_the_same_bits();
    reading_ahead_is_used_or_dropped();
    a_failing_source_ends_only_the_run();
    invalid_arguments_are_refused();
    times_add_up();
    return check_report();
}
