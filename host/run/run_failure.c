/* host/run/run_failure.c - reports a fault or a device's refusal. */
#include "run_failure.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 8 }; /* ids that are printed, of the games in flight */

static const char *const fault_texts[FAULT_COUNT] = {
    [FAULT_NONE] = "",
    [FAULT_LOGIT] = "the network gave a logit that is not finite",
    [FAULT_VALUE] = "the network gave a value that is not finite",
    [FAULT_WORLDS] = "no deal fits the public history",
    [FAULT_TABLE] = "determinization needs more states than its table holds",
    [FAULT_RECORD] = "a game's record outgrew its space",
    [FAULT_INT8] = "the network met an activation that is not finite"};

/* The kind of item that raised a fault, and its slot of live games; -1: unknown. */
static const char *fault_item(const RunFailure *f, const Fault *fault, int64_t *slot) {
    *slot = fault->item;
    if (fault->code == FAULT_INT8) {
        *slot = -1;
        return "row";
    }
    if (fault->code > FAULT_VALUE) return "slot";
    *slot = fault->item / f->config->worlds;
    return "tree";
}

/* One past the highest id that was started. */
static int64_t end_of_started(const RunFailure *f) {
    int64_t end = 0;
    for (int i = 0; i < f->range_count && f->ranges[i].ordinal < f->started; i++)
        end = f->ranges[i].first + f->started - f->ranges[i].ordinal;
    return end;
}

static void print_games(const RunFailure *f) {
    int64_t ids[SHOWN], count = shard_absent(f->store, end_of_started(f), ids, SHOWN);
    fprintf(stderr, "seed %" PRId64 ", %" PRId64 " games in flight", f->options->play.seed, count);
    for (int i = 0; i < SHOWN && i < count; i++)
        fprintf(stderr, "%s %" PRId64, i ? "," : ":", ids[i]);
    fprintf(stderr, "%s; what was finished is in %s\n", count > SHOWN ? ", .." : "",
            f->options->out);
}

/* A word, quoted for a shell where it needs to be. */
static void print_word(const char *word) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
    if (*word && word[strspn(word, plain)] == 0) {
        fprintf(stderr, " %s", word);
        return;
    }
    fprintf(stderr, " '");
    for (; *word; word++) fprintf(stderr, *word == '\'' ? "'\\''" : "%c", *word);
    fprintf(stderr, "'");
}

/* The same command plays the missing games; without graphs the kernel that fails shows. */
static void print_command(const RunFailure *f) {
    fprintf(stderr, "to play these again:");
    for (char **word = f->argv; *word; word++) print_word(*word);
    fprintf(stderr, "%s\n", f->graphs && !f->options->play.no_graph ? " --no-graph" : "");
}

Status run_failure_fault(const RunFailure *f, const Fault *fault) {
    int64_t slot;
    bool network = fault->code <= FAULT_VALUE || fault->code == FAULT_INT8;
    const char *item = fault_item(f, fault, &slot);
    const char *text = fault_texts[fault->code < FAULT_COUNT ? fault->code : 0];
    fprintf(stderr, "the run stops: fault %u, %s (%s %" PRId64, fault->code, text, item,
            fault->item);
    if (slot >= 0) fprintf(stderr, ", live game %" PRId64 " of %d", slot, f->config->parallel);
    fprintf(stderr, ")");
    if (network)
        fprintf(stderr, "; look at --weights %s",
                f->options->weights ? f->options->weights : "(random)");
    fprintf(stderr, "\n");
    print_games(f);
    print_command(f);
    return STATUS_FAULT;
}

Status run_failure_device(const RunFailure *f, Status status) {
    if (status != STATUS_DEVICE) return status;
    fprintf(stderr, "the run stops: the device refused, see above\n");
    print_games(f);
    print_command(f);
    return status;
}
