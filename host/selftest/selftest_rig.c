/* host/selftest/selftest_rig.c - runs rows through a network on a device. */
#include "selftest_rig.h"

#include <stdlib.h>

#include "game/observe.h"
#include "host/games/positions.h"

static Status rows_alloc(RowSet *rows) {
    rows->x = malloc(sizeof *rows->x * RIG_ROWS * OBSERVE_COLUMNS);
    rows->legal = malloc(sizeof *rows->legal * RIG_ROWS);
    return rows->x && rows->legal ? STATUS_OK : STATUS_MEMORY;
}

void rows_free(RowSet *rows) {
    free(rows->legal);
    free(rows->x);
    memset(rows, 0, sizeof *rows);
}

static uint64_t legal_columns(const RoundState *s) {
    uint8_t suit_index[SUITS];
    uint64_t columns = 0;
    observe_suit_indices(s, suit_index);
    for (uint64_t legal = round_legal(s); legal; legal &= legal - 1)
        columns |= (uint64_t)1 << observe_action_column(s, suit_index, bits_lowest(legal));
    return columns;
}

Status rows_real(RowSet *rows, uint64_t seed) {
    enum { TABLES = 8, EACH = RIG_ROWS / TABLES };
    static const int tables[TABLES][3] = {
        /* variant, seats, cards */
        {RULES_BLOB, 4, 5}, {RULES_BLOB, 2, 17}, {RULES_BLOB, 3, 10},   {RULES_BLOB, 8, 6},
        {RULES_BLOB, 5, 7}, {RULES_BLOB, 4, 13}, {RULES_OH_HELL, 3, 3}, {RULES_OH_HELL, 6, 7}};
    memset(rows, 0, sizeof *rows);
    TRY(rows_alloc(rows));
    for (int k = 0; k < TABLES; k++) {
        RoundState states[EACH];
        Rules rules = {(uint8_t)tables[k][0], (uint8_t)tables[k][1], 2, 1};
        positions_draw(&rules, tables[k][2], seed + (uint64_t)k, EACH, states);
        for (int i = 0; i < EACH; i++) {
            int row = i * TABLES + k;
            Standing standing;
            memset(&standing, 0, sizeof standing);
            for (int seat = 0; seat < rules.players && i % 2; seat++)
                standing.scores[seat] = (int16_t)(splitmix64(seed + (uint64_t)(row + seat)) % 90);
            standing.rounds = i % 2 ? 9 : 0;
            standing.round = (int16_t)(i % 2 ? i % 9 : 0);
            observe_one(&rules, &states[i], &standing, rows->x + (size_t)row * OBSERVE_COLUMNS,
                        TEAM_OF_ONE);
            rows->legal[row] = legal_columns(&states[i]);
        }
    }
    return STATUS_OK;
}

Status rows_random(RowSet *rows, uint64_t seed) {
    memset(rows, 0, sizeof *rows);
    TRY(rows_alloc(rows));
    for (int r = 0; r < RIG_ROWS; r++) {
        uint64_t mask = (uint64_t)1 << ACTIONS;
        rows->legal[r] = (splitmix64(seed ^ (uint64_t)r) & (mask - 1)) | 3;
        for (int c = 0; c < OBSERVE_COLUMNS; c++) {
            uint64_t word = splitmix64(seed + (uint64_t)(r * OBSERVE_COLUMNS + c));
            rows->x[r * OBSERVE_COLUMNS + c] = (float)(int)(word % 257 - 128) / 128;
        }
    }
    return STATUS_OK;
}

Status outputs_open(RowOutputs *outputs) {
    outputs->logits = calloc((size_t)RIG_ROWS * ACTIONS, sizeof *outputs->logits);
    outputs->values = calloc((size_t)RIG_ROWS * MAX_SEATS, sizeof *outputs->values);
    return outputs->logits && outputs->values ? STATUS_OK : STATUS_MEMORY;
}

void outputs_close(RowOutputs *outputs) {
    free(outputs->values);
    free(outputs->logits);
    memset(outputs, 0, sizeof *outputs);
}

Status rig_open(Rig *rig, const Device *device, const Weights *weights, Precision precision,
                Network network, char *network_text) {
    const Backend *b = device->backend;
    memset(rig, 0, sizeof *rig);
    rig->device = device;
    rig->staging = malloc((size_t)RIG_ROWS * OBSERVE_COLUMNS * sizeof(float));
    if (!rig->staging) return STATUS_MEMORY;
    TRY(b->stream_open(&rig->stream));
    TRY(b->alloc(&rig->rows, (size_t)RIG_ROWS * OBSERVE_COLUMNS * sizeof(float)));
    TRY(b->alloc((void **)&rig->logits, (size_t)RIG_ROWS * ACTIONS * sizeof(float)));
    TRY(b->alloc((void **)&rig->values, (size_t)RIG_ROWS * MAX_SEATS * sizeof(float)));
    TRY(b->alloc((void **)&rig->count, sizeof *rig->count));
    TRY(b->alloc((void **)&rig->fault, sizeof *rig->fault));
    NetSpec spec = {.model = weights->config,
                    .precision = precision,
                    .network = NETWORK_AUTO,
                    .capacity = RIG_ROWS,
                    .fault = rig->fault};
    TRY(device->net->choose(network, &spec, weights, &spec.network, network_text, 256));
    rig->spec = spec;
    TRY(device->net->create(&rig->net, &spec));
    TRY(device->net->load(rig->net, weights, rig->stream));
    return b->stream_sync(rig->stream);
}

void rig_close(Rig *rig) {
    if (!rig->device) return;
    const Backend *b = rig->device->backend;
    if (rig->stream) (void)b->stream_sync(rig->stream);
    if (rig->graph) b->graph_close(rig->graph);
    if (rig->net) rig->device->net->destroy(rig->net);
    if (rig->fault) b->release(rig->fault);
    if (rig->count) b->release(rig->count);
    if (rig->values) b->release(rig->values);
    if (rig->logits) b->release(rig->logits);
    if (rig->rows) b->release(rig->rows);
    if (rig->stream) b->stream_close(rig->stream);
    free(rig->staging);
    memset(rig, 0, sizeof *rig);
}

static Status rig_forward(Rig *rig) {
    return rig->device->net->forward(rig->net, rig->rows, rig->count, rig->logits, rig->values,
                                     rig->stream);
}

Status rig_capture(Rig *rig) {
    const Backend *b = rig->device->backend;
    TRY(b->capture_begin(rig->stream, GRAPH_PLAIN));
    Status status = rig_forward(rig), ended = b->capture_end(rig->stream, &rig->graph);
    return status == STATUS_OK ? ended : status;
}

/* Puts the batch into rig->staging, in the elements that the network reads; returns its bytes. */
static size_t rig_gather(Rig *rig, const RowSet *rows, const int *picks, int n) {
    bool bf16 = rig->device->net->bf16_rows;
    for (int i = 0; i < n; i++) {
        const float *x = rows->x + (size_t)(picks ? picks[i] : i) * OBSERVE_COLUMNS;
        for (int c = 0; c < OBSERVE_COLUMNS; c++) {
            if (bf16)
                ((uint16_t *)rig->staging)[i * OBSERVE_COLUMNS + c] = bf16_from_float(x[c]);
            else
                ((float *)rig->staging)[i * OBSERVE_COLUMNS + c] = x[c];
        }
    }
    return (size_t)n * OBSERVE_COLUMNS * (bf16 ? sizeof(uint16_t) : sizeof(float));
}

Status rig_run(Rig *rig, const RowSet *rows, const int *picks, int n, RowOutputs *out) {
    const Backend *b = rig->device->backend;
    const int32_t count = n;
    Fault fault;
    size_t bytes = rig_gather(rig, rows, picks, n);
    TRY(b->to_device(rig->rows, rig->staging, bytes, rig->stream));
    TRY(b->to_device(rig->count, &count, sizeof count, rig->stream));
    TRY(b->stream_sync(rig->stream));
    TRY(rig->graph ? b->graph_launch(rig->graph, rig->stream) : rig_forward(rig));
    TRY(b->to_host(out->logits, rig->logits, (size_t)n * ACTIONS * sizeof(float), rig->stream));
    TRY(b->to_host(out->values, rig->values, (size_t)n * MAX_SEATS * sizeof(float), rig->stream));
    TRY(b->to_host(&fault, rig->fault, sizeof fault, rig->stream));
    TRY(b->stream_sync(rig->stream));
    return fault.code == FAULT_NONE ? STATUS_OK : STATUS_FAULT;
}
