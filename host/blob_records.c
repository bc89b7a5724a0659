/* host/blob_records.c - blob-records check|export: verifies, sums up, converts games. */
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "export.h"
#include "summary.h"

const char *argp_program_version = "blob-records " BLOB_VERSION;

static const char DOC[] =
    "check verifies finished games (checksums, rules, scores, visits, ids) and sums them up; "
    "export writes each searched decision as a row of dense tensors for training.\v"
    "A PATH is a folder that blob-gpu-selfplay --out wrote, or files of it: "
    "games-NNNNNN.safetensors, and games-NNNNNN.part of a shard that is not complete. All must "
    "belong to one run.\n\n"
    "  blob-records check runs/1\n"
    "  blob-records export runs/1 --output runs/1.safetensors\n\n"
    "In Python: safetensors.torch.load_file(\"runs/1.safetensors\") gives observation (n, 256), "
    "legal and policy (n, 52), value and value_mask (n, 8), game_id, ply, seat.\n\n"
    "Exit status: 0 done; 1 a file is wrong or cannot be written; 2 usage.";

typedef struct {
    const char *command, *output;
    char **paths; /* views of argv */
    int path_count;
} RecordsOptions;

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    RecordsOptions *options = (RecordsOptions *)state->input;
    switch (key) {
    case 'o': options->output = arg; return 0;
    case ARGP_KEY_ARGS:
        options->command = state->argv[state->next];
        options->paths = state->argv + state->next + 1;
        options->path_count = state->argc - state->next - 1;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a command is missing: check or export"); return 0;
    case ARGP_KEY_SUCCESS: {
        bool exports = strcmp(options->command, "export") == 0;
        if (!exports && strcmp(options->command, "check") != 0)
            argp_error(state, "command %s: check and export are allowed", options->command);
        if (options->path_count == 0)
            argp_error(state, "%s: a folder or file is missing", options->command);
        if (exports && !options->output) argp_error(state, "export: --output FILE is missing");
        if (!exports && options->output)
            argp_error(state, "check: --output %s: only export has it", options->output);
        return 0;
    }
    default: return ARGP_ERR_UNKNOWN;
    }
}

static Status tally_game(void *context, GameRecord *game) {
    game_tally_add((GameTally *)context, game); /* what is wrong stays in game->wrong */
    return STATUS_OK;
}

static Status check(Records *records) {
    GameTally tally = {0};
    const cJSON *item;
    TRY(records_visit(records, tally_game, &tally));
    printf("run        ");
    cJSON_ArrayForEach(item, records->identity)
        printf("%s %s %s", item->prev->next ? "," : "", item->string, item->valuestring);
    printf("\nfiles       %" PRId64 " games in shards, %" PRId64 " in parts%s\n",
           records->file_games, records->part_games,
           records->torn_parts ? " (a last record is torn: the run was stopped while writing)"
                               : "");
    game_tally_print(&tally, records->terms.rules.players, stdout);
    return STATUS_OK;
}

static Status run(const RecordsOptions *options) {
    Records records;
    int64_t rows;
    Status status = records_open(&records, options->paths, options->path_count);
    if (status == STATUS_OK && options->output) {
        status = export_write(&records, options->output, &rows);
        if (status == STATUS_OK)
            printf("%" PRId64 " games, %" PRId64 " rows to %s\n",
                   records.file_games + records.part_games, rows, options->output);
    } else if (status == STATUS_OK) {
        status = check(&records);
    }
    records_close(&records);
    return status;
}

int main(int argc, char **argv) {
    static const struct argp_option list[] = {
        {"output", 'o', "FILE", 0, "export: the safetensors file to write", 0},
        {NULL, 0, NULL, 0, NULL, 0}};
    const struct argp parser = {
        list, parse_option, "check PATH...\nexport PATH... --output FILE", DOC, NULL, NULL, NULL};
    RecordsOptions options = {NULL, NULL, NULL, 0};
    argp_err_exit_status = 2;
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error of write, said like the others */
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0) return 2;
    Status status = run(&options);
    if (status == STATUS_MEMORY) fprintf(stderr, "blob-records: not enough memory\n");
    if (status == STATUS_OK && fflush(stdout) != 0) {
        perror("blob-records: standard output cannot be written");
        return 1;
    }
    return status == STATUS_OK ? 0 : 1;
}
