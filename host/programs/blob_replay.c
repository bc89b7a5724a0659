/* host/programs/blob_replay.c - blob-replay FILE..: replays trace files and compares them with our
 * rules. */
#include <inttypes.h>

#include "host/options/options.h"
#include "openspiel.h"

static const Option none[] = {{NULL, NULL, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, 0}};

static const OptionTable table = {
    "blob-replay",
    "Replays games that OpenSpiel's oh_hell recorded, one JSON object a line, and compares the "
    "seat to move, the legal actions and the returns at every step.\v"
    "Exit status: 0 all as recorded; 1 the first difference, or a file that cannot be read; "
    "2 usage.",
    "FILE...", none};

enum { MAX_FILES = 4096 };

int main(int argc, char **argv) {
    static const char *paths[MAX_FILES];
    OpenspielCount count = {0, 0};
    int path_count = 0;
    if (options_parse(&table, argc, argv, NULL, paths, MAX_FILES, &path_count) != STATUS_OK)
        return 2;
    if (path_count == 0) {
        fprintf(stderr, "FILE is missing: at least one is needed\n");
        return 2;
    }
    for (int i = 0; i < path_count; i++)
        if (openspiel_check_file(paths[i], &count) != STATUS_OK) return 1;
    printf("%" PRId64 " games, %" PRId64 " decisions, all as recorded\n", count.games,
           count.decisions);
    if (fflush(stdout) != 0) {
        perror("blob-replay: standard output cannot be written");
        return 1;
    }
    return 0;
}
