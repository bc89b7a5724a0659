/* host/run/run_failure.c - reports a fault or a device's refusal. */
#include "run_failure.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 8 }; /* ids of games in flight */

static const char *const fault_texts[FAULT_COUNT] = {
    "",
    "the network gave a logit that is not finite",
    "the network gave a value that is not finite",
    "no deal fits the public history",
    "determinization needs more states than its table holds",
    "a game's record outgrew its space",
    "the network met an activation that is not finite"};

/* What raised a fault, and which slot of live games that is; -1 where it cannot be told. */
static const char *fault_place(const RunFailure *f, const Fault *fault, int64_t *slot) {
    *slot = fault->item;
    if (fault->code == FAULT_INT8) {
        *slot = -1;
        return "row";
    }
    if (fault->code > FAULT_VALUE) return "slot";
    *slot = fault->item / f->config->worlds;
    return "tree";
}

/* The id after the last that was begun. */
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

/* A word as a shell reads it back. */
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

/* The same run again plays the games that are not there; launch by launch shows which one fails. */
static void print_command(const RunFailure *f) {
    fprintf(stderr, "to play these again:");
    for (char **word = f->argv; *word; word++) print_word(*word);
    fprintf(stderr, "%s\n", f->graphs && !f->options->play.no_graph ? " --no-graph" : "");
}

Status run_failure_fault(const RunFailure *f, const Fault *fault) {
    int64_t slot;
    bool network = fault->code <= FAULT_VALUE || fault->code == FAULT_INT8;
    const char *place = fault_place(f, fault, &slot);
    const char *text = fault_texts[fault->code < FAULT_COUNT ? fault->code : 0];
    fprintf(stderr, "the run stops: fault %u, %s (%s %" PRId64, fault->code, text, place,
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
