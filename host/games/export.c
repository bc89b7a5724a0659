/* host/games/export.c - searched decisions as dense tensors, row by row. */
#include "export.h"

#include <inttypes.h>
#include <string.h>

#include "device/replay/example.h"

typedef enum {
    EXPORT_OBSERVATION,
    EXPORT_LEGAL,
    EXPORT_POLICY,
    EXPORT_VALUE,
    EXPORT_VALUE_MASK,
    EXPORT_GAME_ID,
    EXPORT_PLY,
    EXPORT_SEAT,
    EXPORT_COUNT
} ExportTensor;

typedef struct {
    float observation[OBSERVE_COLUMNS], policy[ACTIONS], value[MAX_SEATS];
    uint8_t legal[ACTIONS], value_mask[MAX_SEATS], seat;
    int64_t game_id;
    int32_t ply;
} ExportRow;

typedef struct {
    const char *path;
    const Rules *rules;
    int full;
    int64_t rows, written;
    SafetensorsWriter file;
    Standing standing; /* of the game being written */
    int32_t ply;       /* of the round's first bid */
    int64_t game;      /* its id */
} Export;

static Status count_rows(void *context, GameRecord *game) {
    Export *e = (Export *)context;
    RecordRound round;
    while (game_record_next(game, &round)) e->rows += round.decision_count;
    return STATUS_OK;
}

static void fill_row(const Export *e, const RoundState *s, const RoundState *end,
                     const RecordDecision *d, ExportRow *row) {
    uint64_t legal;
    ExampleRow to = {.x = {row->observation, false},
                     .legal = &legal,
                     .policy = row->policy,
                     .value = row->value,
                     .action = NULL};
    example_write(e->rules, s, end, &e->standing, d->visits, 0, to, TEAM_OF_ONE);
    for (int a = 0; a < ACTIONS; a++) row->legal[a] = legal >> a & 1;
    for (int r = 0; r < MAX_SEATS; r++) row->value_mask[r] = r < s->players;
    row->seat = s->turn;
    row->game_id = e->game;
    row->ply = e->ply + d->ply;
}

static Status put_row(Export *e, const ExportRow *row) {
    if (e->written++ == e->rows)
        return durable_refuse(e->path, "the records grew while they were read");
    SafetensorsWriter *f = &e->file;
    TRY(safetensors_append(f, EXPORT_OBSERVATION, row->observation, sizeof row->observation));
    TRY(safetensors_append(f, EXPORT_LEGAL, row->legal, sizeof row->legal));
    TRY(safetensors_append(f, EXPORT_POLICY, row->policy, sizeof row->policy));
    TRY(safetensors_append(f, EXPORT_VALUE, row->value, sizeof row->value));
    TRY(safetensors_append(f, EXPORT_VALUE_MASK, row->value_mask, sizeof row->value_mask));
    TRY(safetensors_append(f, EXPORT_GAME_ID, &row->game_id, sizeof row->game_id));
    TRY(safetensors_append(f, EXPORT_PLY, &row->ply, sizeof row->ply));
    return safetensors_append(f, EXPORT_SEAT, &row->seat, sizeof row->seat);
}

static Status put_round(Export *e, const RecordRound *round) {
    RoundState s = round->start;
    int next = 0;
    for (int ply = 0; ply < round->action_count && next < round->decision_count; ply++) {
        if (round->decisions[next].ply == ply) {
            ExportRow row;
            fill_row(e, &s, &round->end, &round->decisions[next++], &row);
            TRY(put_row(e, &row));
        }
        round_apply(&s, round->actions[ply]);
    }
    return STATUS_OK;
}

static Status write_rows(void *context, GameRecord *game) {
    Export *e = (Export *)context;
    RecordRound round;
    memset(&e->standing, 0, sizeof e->standing);
    e->standing.rounds = (int16_t)(e->full ? game->rounds : 0);
    e->game = game->id;
    e->ply = 0;
    while (game_record_next(game, &round)) {
        TRY(put_round(e, &round));
        e->ply += round.action_count;
        e->standing.round++;
        for (int seat = 0; seat < MAX_SEATS; seat++)
            e->standing.scores[seat] = (int16_t)(e->standing.scores[seat] + round.scores[seat]);
    }
    return STATUS_OK;
}

static Status begin(Export *e, const cJSON *identity) {
    static const struct {
        const char *name;
        SafeType type;
        int columns; /* 0: one number per row */
    } layout[EXPORT_COUNT] = {{"observation", SAFE_F32, OBSERVE_COLUMNS},
                              {"legal", SAFE_U8, ACTIONS},
                              {"policy", SAFE_F32, ACTIONS},
                              {"value", SAFE_F32, MAX_SEATS},
                              {"value_mask", SAFE_U8, MAX_SEATS},
                              {"game_id", SAFE_I64, 0},
                              {"ply", SAFE_I32, 0},
                              {"seat", SAFE_U8, 0}};
    SafeTensor tensors[EXPORT_COUNT];
    memset(tensors, 0, sizeof tensors);
    for (int i = 0; i < EXPORT_COUNT; i++) {
        tensors[i].name = layout[i].name;
        tensors[i].type = layout[i].type;
        tensors[i].rank = layout[i].columns ? 2 : 1;
        tensors[i].dims[0] = e->rows;
        tensors[i].dims[1] = layout[i].columns;
    }
    return safetensors_create(&e->file, e->path, tensors, EXPORT_COUNT, identity);
}

Status export_write(Records *records, const char *path, int64_t *rows) {
    Export e;
    memset(&e, 0, sizeof e);
    e.path = path;
    e.rules = &records->terms.rules;
    e.full = records->terms.full;
    e.file.file.fd = -1;
    TRY(records_refuse_output(records, path));
    TRY(records_visit(records, count_rows, &e));
    TRY(begin(&e, records->identity));
    Status status = records_visit(records, write_rows, &e);
    if (status == STATUS_OK && e.written < e.rows)
        status = durable_refuse(path, "the records shrank while they were read");
    *rows = e.rows;
    if (status == STATUS_OK) return safetensors_commit(&e.file);
    safetensors_abort(&e.file);
    return status;
}
