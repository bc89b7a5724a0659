/* host/programs/blob_analyze.c - blob-analyze [FILE..]: answers questions about positions, one JSON
 * object a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/process/threads.h"
#include "host/options/network_options.h"
#include "host/options/options.h"
#include "host/files/json_line.h"
#include "host/files/weights_file.h"
#include "host/files/weights_shape.h"
#include "host/analyze/answer.h"

typedef struct {
    const char *weights, *device;
    int64_t weights_seed;
    int precision, network, threads;
} AnalyzeOptions;

enum { MAX_FILES = 4096 };

#define AT(field) offsetof(AnalyzeOptions, field)

/* clang-format off */
static const Option options[] = {
    OPTION_GROUP("Network, for queries with \"evaluator\": \"net\":"),
    {.name = "weights", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(weights),
     .help = "safetensors file with PyTorch's names (a random network)"},
    {.name = "weights-seed", .arg = "N", .kind = OPTION_INT64, .offset = AT(weights_seed),
     .min = 0, .max = OPTION_SEED_MAX,
     .help = "seed of the random network (1)"},
    {.name = "precision", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(precision),
     .choices = network_precision_words,
     .help = NETWORK_PRECISION_HELP},
    {.name = "network", .arg = "NAME", .kind = OPTION_CHOICE, .offset = AT(network),
     .choices = network_words,
     .help = NETWORK_HELP},
    OPTION_GROUP("Device:"),
    {.name = "device", .arg = "NAME", .kind = OPTION_TEXT, .offset = AT(device),
     .choices = network_device_words,
     .help = "cpu, cuda; auto: cuda where there is a GPU (auto)"},
    {.name = "threads", .arg = "N", .kind = OPTION_INT, .offset = AT(threads), .min = 1,
     .max = 4096,
     .help = "CPU threads (all cores)"},
    {.name = NULL}};
/* clang-format on */

static const OptionTable table = {
    .program = "blob-analyze",
    .about =
        "Searches positions of Blob (Oh Hell). Reads queries from files or standard input, one "
        "JSON object a line, and writes the answers in the same order, one a line.\v"
        "Seat 0 holds five cards and leads. Which one?\n\n"
        "  printf %s '{\"id\":\"1\",\"players\":4,\"cards\":5,\"trump\":\"S\",\"dealer\":3,' \\\n"
        "    '\"hands\":[\"AS KD 7C 3C 2H\",null,null,null],' \\\n"
        "    '\"actions\":[\"2\",\"1\",\"0\",\"3\"],\"evaluator\":\"uniform\"}' | blob-analyze\n\n"
        "Required fields: id; players 2..8; cards 1..17, dealt to each; trump S H C D, N for none; "
        "dealer, a seat counted from 0; hands as dealt, null if unknown, but not of the seat to "
        "move; actions, the bids and cards so far.\n\n"
        "Optional fields and their defaults: worlds 3, simulations 30, leaves 1, search puct, "
        "c_puct 1.5, fpu 0.1, noise 0, seed 1, evaluator net (or uniform, hash); rules blob "
        "(oh-hell: turned, a card, instead of trump; points 1, penalty false); open false (true: "
        "all hands are given and known to the search); in a full game scores and round; of a "
        "recorded decision game and ply.\n\n"
        "A wrong query is answered by error and field, and the next one is read. " NETWORK_ISA_HELP
        "Exit status: 0 "
        "all lines were answered; 1 something could not be read, written or run; 2 usage.",
    .files = "[FILE...]",
    .filter = 1,
    .options = options};

typedef struct {
    char *text; /* (ANSWER_LINE_BYTES) the line without its newline, then '\0' */
    size_t bytes;
    bool too_long; /* the rest of the line was skipped */
} Line;

/* False: the end of the file, or it cannot be read. */
static bool read_line(FILE *file, Line *line) {
    int c = getc_unlocked(file);
    line->bytes = 0;
    line->too_long = false;
    if (c == EOF) return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(file)) {
        if (line->bytes + 1 < ANSWER_LINE_BYTES)
            line->text[line->bytes++] = (char)c;
        else
            line->too_long = true;
    }
    line->text[line->bytes] = '\0';
    return !ferror(file);
}

static Status serve_file(Answerer *answerer, FILE *file, const char *name, Line *line) {
    for (bool first = true; read_line(file, line); first = false) {
        size_t mark = first ? json_line_mark_bytes(line->text, line->bytes) : 0;
        if (line->too_long)
            answer_write_refusal(stdout, "the line is longer than 1 MiB");
        else
            TRY(answer_line(answerer, line->text + mark, line->bytes - mark, stdout));
        if (fflush(stdout) != 0) {
            fprintf(stderr, "standard output cannot be written: %s\n", strerror(errno));
            return STATUS_FILE;
        }
    }
    if (!ferror(file)) return STATUS_OK;
    fprintf(stderr, "%s: cannot be read: %s\n", name, strerror(errno));
    return STATUS_FILE;
}

static Status serve_path(Answerer *answerer, const char *path, Line *line) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot be opened: %s\n", path, strerror(errno));
        return STATUS_FILE;
    }
    Status status = serve_file(answerer, file, path, line);
    fclose(file);
    return status;
}

static Status serve_all(const AnalyzeOptions *o, const Device *device, Precision precision,
                        const char *const *paths, int path_count) {
    Weights weights;
    Answerer answerer;
    Line line = {.text = malloc(ANSWER_LINE_BYTES)};
    Status status = STATUS_MEMORY;
    ModelConfig config = model_config_default();
    memset(&weights, 0, sizeof weights);
    memset(&answerer, 0, sizeof answerer);
    if (!line.text) goto fail;
    if (o->weights) {
        TRY_GOTO(status, weights_file_player(o->weights, &config));
        TRY_GOTO(status, weights_file_load(&weights, &config, o->weights));
    }
    TRY_GOTO(status, answer_open(&answerer, device, o->weights ? &weights : NULL,
                                 (uint64_t)o->weights_seed, precision, (Network)o->network));
    if (path_count == 0) TRY_GOTO(status, serve_file(&answerer, stdin, "standard input", &line));
    for (int i = 0; i < path_count; i++) TRY_GOTO(status, serve_path(&answerer, paths[i], &line));
fail:
    answer_close(&answerer);
    weights_free(&weights);
    free(line.text);
    return status;
}

int main(int argc, char **argv) {
    static const char *paths[MAX_FILES];
    AnalyzeOptions o = {.device = "auto", .weights_seed = 1};
    Precision precision;
    const Device *device = NULL;
    char device_text[256];
    int path_count = 0;
    threads_begin(argv);
    if (options_parse(&table, argc, argv, &o, paths, MAX_FILES, &path_count) != STATUS_OK) return 2;
    if (threads_set(o.threads, 1) != STATUS_OK) return 1;
    Status status = device_open(o.device, &device, device_text, sizeof device_text);
    if (status != STATUS_OK) return status == STATUS_INPUT ? 2 : 1;
    if (network_precision(o.precision, device, &precision) != STATUS_OK) return 2;
    return serve_all(&o, device, precision, paths, path_count) == STATUS_OK ? 0 : 1;
}
