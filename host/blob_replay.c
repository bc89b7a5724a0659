/* host/blob_replay.c - blob-replay FILE..: replays trace files and compares them with our rules. */
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>

#include "game/trace.h"

const char *argp_program_version = "blob-replay " BLOB_VERSION;

static const char DOC[] =
    "Replays games that OpenSpiel's oh_hell recorded, one JSON object a line, and compares the "
    "seat to move, the legal actions and the returns at every step.\v"
    "Exit status: 0 all as recorded; 1 the first difference, or a file that cannot be read; "
    "2 usage.";

typedef struct {
    char **paths; /* views of argv */
    int path_count;
} ReplayOptions;

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    ReplayOptions *options = (ReplayOptions *)state->input;
    (void)arg;
    if (key == ARGP_KEY_ARGS) {
        options->paths = state->argv + state->next;
        options->path_count = state->argc - state->next;
        return 0;
    }
    if (key == ARGP_KEY_NO_ARGS) argp_error(state, "FILE is missing: at least one is needed");
    return ARGP_ERR_UNKNOWN;
}

int main(int argc, char **argv) {
    const struct argp parser = {NULL, parse_option, "FILE...", DOC, NULL, NULL, NULL};
    ReplayOptions options = {NULL, 0};
    TraceCount count = {0, 0};
    argp_err_exit_status = 2;
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0) return 2;
    for (int i = 0; i < options.path_count; i++)
        if (trace_replay_file(options.paths[i], &count) != STATUS_OK) return 1;
    printf("%" PRId64 " games, %" PRId64 " decisions, all as recorded\n", count.games,
           count.decisions);
    if (fflush(stdout) != 0) {
        perror("blob-replay: standard output cannot be written");
        return 1;
    }
    return 0;
}
