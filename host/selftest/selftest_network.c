/* host/selftest/selftest_network.c - a network's outputs against the CPU's in float32, and the bits
 * of a row.
 *
 * Distances are taken over 4,096 positions of eight games and over 4,096 random rows. Bits are
 * compared in batches of 1 to 4,096 rows in different orders, called and as a captured graph. */
#include <stdlib.h>

#include "selftest_rig.h"

typedef struct {
    RowSet rows[2];         /* real, random */
    RowOutputs expected[2]; /* the CPU's, in float32 */
    RowOutputs got;
} Comparison;

static const char *const row_words[2] = {"positions", "random rows"};

static void comparison_close(Comparison *c) {
    for (int k = 0; k < 2; k++) {
        rows_free(&c->rows[k]);
        outputs_close(&c->expected[k]);
    }
    outputs_close(&c->got);
}

/* Runs all rows through one implementation. */
static Status outputs_of(const Selftest *t, const Device *device, Precision precision,
                         Network network, const RowSet *rows, RowOutputs *out, char *network_text) {
    Rig rig;
    Status status = rig_open(&rig, device, &t->weights, precision, network, network_text);
    if (status == STATUS_OK) status = rig_run(&rig, rows, NULL, RIG_ROWS, out);
    rig_close(&rig);
    return status;
}

/* The caller calls comparison_close in every case. */
static Status comparison_open(const Selftest *t, Comparison *c) {
    char network_text[256];
    memset(c, 0, sizeof *c);
    TRY(rows_real(&c->rows[0], t->seed));
    TRY(rows_random(&c->rows[1], t->seed));
    TRY(outputs_open(&c->got));
    for (int k = 0; k < 2; k++) {
        TRY(outputs_open(&c->expected[k]));
        TRY(outputs_of(t, t->cpu, PRECISION_FLOAT32, NETWORK_AUTO, &c->rows[k], &c->expected[k],
                       network_text));
    }
    return STATUS_OK;
}

/* One implementation on the device against the CPU's float32. limits NULL: only printed. */
static Status compare_network(Selftest *t, Comparison *c, const Device *device, Precision precision,
                              Network network, const AgreeLimits *limits) {
    for (int k = 0; k < 2; k++) {
        char name[96], network_text[256];
        Agreement agreement;
        TRY(outputs_of(t, device, precision, network, &c->rows[k], &c->got, network_text));
        AgreeOutputs a = {c->expected[k].logits, c->expected[k].values};
        AgreeOutputs b = {c->got.logits, c->got.values};
        TRY(agree_compare(&agreement, &a, &b, c->rows[k].legal, RIG_ROWS, ACTIONS, MAX_SEATS));
        snprintf(name, sizeof name, "%s %s, %s, %s", device->backend->name,
                 precision_name(precision), network_name(network), row_words[k]);
        selftest_distance(t, name, &agreement, limits);
    }
    return STATUS_OK;
}

/* Number of rows i of `some` whose bits differ from row picks[i] of `all`, or from row i if picks
 * is NULL. */
static int64_t rows_differ(const RowOutputs *all, const RowOutputs *some, const int *picks, int n) {
    int64_t differ = 0;
    for (int i = 0; i < n; i++) {
        int at = picks ? picks[i] : i;
        differ += memcmp(some->logits + i * ACTIONS, all->logits + at * ACTIONS,
                         ACTIONS * sizeof(float)) != 0 ||
                  memcmp(some->values + i * MAX_SEATS, all->values + at * MAX_SEATS,
                         MAX_SEATS * sizeof(float)) != 0;
    }
    return differ;
}

/* Outputs that are defined to the bit: the device's against the CPU's. */
static Status compare_bits(Selftest *t, Comparison *c, Precision precision) {
    RowOutputs cpu;
    Status status = outputs_open(&cpu);
    const Network network = precision == PRECISION_INT8 ? NETWORK_AUTO : NETWORK_PLAIN;
    for (int k = 0; status == STATUS_OK && k < 2; k++) {
        char name[96], network_text[256];
        TRY_GOTO(status,
                 outputs_of(t, t->cpu, precision, network, &c->rows[k], &cpu, network_text));
        TRY_GOTO(status,
                 outputs_of(t, t->device, precision, network, &c->rows[k], &c->got, network_text));
        snprintf(name, sizeof name, "%s %s against cpu, %s, %s", t->device->backend->name,
                 precision_name(precision), network_name(network), row_words[k]);
        selftest_exact(t, name, rows_differ(&cpu, &c->got, NULL, RIG_ROWS), RIG_ROWS, "rows");
    }
fail:
    outputs_close(&cpu);
    return status;
}

static Status note_auto(Selftest *t, Precision precision) {
    char network_text[256];
    NetSpec spec = {t->weights.config, precision, NETWORK_AUTO, RIG_ROWS, NULL};
    TRY(t->device->net->choose(NETWORK_AUTO, &spec, &t->weights, &spec.network, network_text,
                               sizeof network_text));
    selftest_note(t, "--network auto takes", network_text);
    return STATUS_OK;
}

/* plain, layers, and which one auto takes. The CPU's layers is the reference. */
static Status compare_networks(Selftest *t, Comparison *c, Precision precision) {
    const AgreeLimits limits = agree_limits(precision);
    TRY(compare_network(t, c, t->device, precision, NETWORK_PLAIN, &limits));
    if (t->cuda) TRY(compare_network(t, c, t->device, precision, NETWORK_LAYERS, &limits));
    if (t->cuda && precision == PRECISION_FLOAT32) TRY(compare_bits(t, c, precision));
    return note_auto(t, precision);
}

Status selftest_float32(Selftest *t) {
    Comparison c;
    Status status = comparison_open(t, &c);
    if (status == STATUS_OK) status = compare_networks(t, &c, PRECISION_FLOAT32);
    comparison_close(&c);
    return status;
}

Status selftest_bf16(Selftest *t) {
    Comparison c;
    Status status = comparison_open(t, &c);
    if (status == STATUS_OK) status = compare_networks(t, &c, PRECISION_BF16);
    comparison_close(&c);
    return status;
}

/* int8 on the CPU against float32, only printed; then the device's bits against the CPU's. */
Status selftest_int8(Selftest *t) {
    Comparison c;
    Status status = comparison_open(t, &c);
    if (status == STATUS_OK)
        status = compare_network(t, &c, t->cpu, PRECISION_INT8, NETWORK_AUTO, NULL);
    if (status == STATUS_OK && t->cuda) status = compare_bits(t, &c, PRECISION_INT8);
    if (status == STATUS_OK) status = note_auto(t, PRECISION_INT8);
    comparison_close(&c);
    return status;
}

static Status batches_differ(Rig *rig, const RowSet *rows, const RowOutputs *all, RowOutputs *some,
                             int64_t *differ, int64_t *count) {
    static const int sizes[] = {1, 2, 3, 7, 31, 33, RIG_ROWS - 1, RIG_ROWS};
    static int picks[RIG_ROWS];
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        const int n = sizes[k], step = 2 * (int)k + 3; /* odd: no row comes twice */
        for (int i = 0; i < n; i++) picks[i] = (i * step + 37 * (int)k + 5) % RIG_ROWS;
        TRY(rig_run(rig, rows, picks, n, some));
        *differ += rows_differ(all, some, picks, n);
        *count += n;
    }
    return STATUS_OK;
}

/* One implementation: a row has the same bits in any batch. */
static Status check_batches(Selftest *t, const Device *device, Precision precision, Network network,
                            const RowSet *rows, RowOutputs outputs[2]) {
    Rig rig;
    char network_text[256], name[96];
    int64_t differ = 0, count = 0;
    Status status;
    TRY_GOTO(status, rig_open(&rig, device, &t->weights, precision, network, network_text));
    TRY_GOTO(status, rig_run(&rig, rows, NULL, RIG_ROWS, &outputs[0]));
    TRY_GOTO(status, batches_differ(&rig, rows, &outputs[0], &outputs[1], &differ, &count));
    snprintf(name, sizeof name, "%s %s, %s", device->backend->name, precision_name(precision),
             network_name(rig.spec.network));
    selftest_exact(t, name, differ, count, "rows");
    if (!device->backend->graphs) goto fail;
    differ = count = 0;
    TRY_GOTO(status, rig_capture(&rig));
    TRY_GOTO(status, batches_differ(&rig, rows, &outputs[0], &outputs[1], &differ, &count));
    strncat(name, ", graph", sizeof name - strlen(name) - 1);
    selftest_exact(t, name, differ, count, "rows");
fail:
    rig_close(&rig);
    return status;
}

Status selftest_batches(Selftest *t) {
    RowSet rows;
    RowOutputs outputs[2];
    Status status;
    memset(outputs, 0, sizeof outputs);
    TRY_GOTO(status, rows_real(&rows, t->seed));
    TRY_GOTO(status, outputs_open(&outputs[0]));
    TRY_GOTO(status, outputs_open(&outputs[1]));
    TRY_GOTO(status, check_batches(t, t->cpu, PRECISION_FLOAT32, NETWORK_PLAIN, &rows, outputs));
    TRY_GOTO(status, check_batches(t, t->cpu, PRECISION_FLOAT32, NETWORK_LAYERS, &rows, outputs));
    TRY_GOTO(status, check_batches(t, t->cpu, PRECISION_INT8, NETWORK_AUTO, &rows, outputs));
    for (int p = 0; t->cuda && p < PRECISION_COUNT; p++) {
        Precision precision = (Precision)p;
        TRY_GOTO(status, check_batches(t, t->device, precision, NETWORK_PLAIN, &rows, outputs));
        if (precision == PRECISION_INT8) continue; /* has no other implementation */
        TRY_GOTO(status, check_batches(t, t->device, precision, NETWORK_LAYERS, &rows, outputs));
    }
fail:
    outputs_close(&outputs[1]);
    outputs_close(&outputs[0]);
    rows_free(&rows);
    return status;
}
