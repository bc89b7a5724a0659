/* host/programs/blob_replay.c - blob-replay FILE..: checks the rules against games that OpenSpiel
 * recorded. "Replay" elsewhere is the ring of training; the program keeps the name people use. */
#include <inttypes.h>

#include "host/options/options.h"
#include "openspiel.h"

static const Option none[] = {{.name = NULL}};

static const OptionTable table = {
    .program = "blob-replay",
    .about =
        "Plays games recorded by OpenSpiel's oh_hell, one JSON object a line, by our rules, and "
        "compares the seat to move, the legal actions and the returns.\v"
        "  blob-replay tests/data/oh_hell.jsonl\n\n"
        "Stops at the first difference. Exit status: 0 all games are as recorded; 1 they "
        "differ, or a file cannot be read; 2 usage.",
    .files = "FILE...",
    .options = none};

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
