/* host/programs/blob_records.c - blob-records check|export: verifies, sums up and exports games. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "host/process/streams.h"
#include "host/options/options.h"
#include "host/files/durable_target.h"
#include "host/games/export.h"
#include "host/run/summary.h"

typedef struct {
    const char *output;
} RecordsOptions;

static const Option list[] = {{.name = "output",
                               .arg = "FILE",
                               .kind = OPTION_TEXT,
                               .offset = offsetof(RecordsOptions, output),
                               .writes = 1,
                               .help = "export: the safetensors file to write"},
                              {.name = NULL}};

static const OptionTable table = {
    .program = "blob-records",
    .about =
        "check verifies finished games (checksums, rules, scores, visits, ids) and sums them up; "
        "export writes each searched decision as a row of dense tensors, for training.\v"
        "PATH is a folder written by blob-gpu-selfplay --out, or files in it: "
        "games-NNNNNN.safetensors, and games-NNNNNN.part of an incomplete shard. All must belong "
        "to one run.\n\n"
        "  blob-records check runs/1\n"
        "  blob-records export runs/1 --output runs/1.safetensors\n\n"
        "In Python, safetensors.torch.load_file(\"runs/1.safetensors\") gives observation (n, "
        "256), legal and policy (n, 52), value and value_mask (n, 8), game_id, ply, seat.\n\n"
        "Exit status: 0 done; 1 a file is wrong or cannot be written; 2 usage.",
    .files = "check PATH...\nexport PATH... --output FILE",
    .words = "check export",
    .options = list};

enum { MAX_WORDS = 4096 };

/* There must be a command and paths, and --output with export only. */
static Status check_words(const char *const *words, int count, const char *output) {
    if (count == 0) {
        fprintf(stderr, "the command is missing: check or export\n");
        return STATUS_INPUT;
    }
    bool exports = strcmp(words[0], "export") == 0;
    if (!exports && strcmp(words[0], "check") != 0)
        fprintf(stderr, "command %s: must be check or export\n", words[0]);
    else if (count == 1)
        fprintf(stderr, "%s: a folder or file is missing\n", words[0]);
    else if (exports && !output)
        fprintf(stderr, "export: --output FILE is missing\n");
    else if (!exports && output)
        fprintf(stderr, "check: --output %s: only for export\n", output);
    else
        return STATUS_OK;
    return STATUS_INPUT;
}

static Status tally_game(void *context, GameRecord *game) {
    game_tally_add((GameTally *)context, game); /* records_visit reports game->wrong */
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
           records->torn_parts ? " (the last record is torn: the run was killed while writing it)"
                               : "");
    game_tally_print(&tally, records->terms.rules.players, stdout);
    return STATUS_OK;
}

static Status run(const char *const *paths, int count, const char *output) {
    Records records;
    int64_t rows;
    Status status = records_open(&records, paths, count);
    if (status == STATUS_OK && output) {
        status = export_write(&records, output, &rows);
        bool is_stdout = durable_target_stream(output) == STDOUT_FILENO; /* this is no part of it */
        if (status == STATUS_OK)
            fprintf(is_stdout ? stderr : stdout, "%" PRId64 " games, %" PRId64 " rows to %s\n",
                    records.file_games + records.part_games, rows, output);
    } else if (status == STATUS_OK) {
        status = check(&records);
    }
    records_close(&records);
    return status;
}

int main(int argc, char **argv) {
    static const char *words[MAX_WORDS];
    RecordsOptions options = {NULL};
    int count = 0;
    streams_open();
    if (options_parse(&table, argc, argv, &options, words, MAX_WORDS, &count) != STATUS_OK)
        return 2;
    if (check_words(words, count, options.output) != STATUS_OK) return 2;
    Status status = run(words + 1, count - 1, options.output);
    if (status == STATUS_MEMORY) fprintf(stderr, "blob-records: not enough memory\n");
    if (status == STATUS_OK && fflush(stdout) != 0) {
        perror("blob-records: standard output cannot be written");
        return 1;
    }
    return status == STATUS_OK ? 0 : 1;
}
