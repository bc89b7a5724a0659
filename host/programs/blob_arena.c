/* host/programs/blob_arena.c - blob-arena A B: two players play the same deals; one line tells who
 * is better.
 *
 * Steps: 1 options, 2 device, 3 networks, 4 size, 5 match, 6 result. Mistakes are refused before
 * the first deal. */
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/process/progress.h"
#include "host/process/signals.h"
#include "host/process/streams.h"
#include "host/process/threads.h"
#include "host/options/network_options.h"
#include "host/files/durable.h"
#include "host/files/json_line.h"
#include "host/files/weights_file.h"
#include "host/files/weights_shape.h"
#include "host/run/outlook.h"
#include "host/run/run_memory.h"
#include "host/match/match_options.h"

typedef struct {
    MatchOptions options;
    TableMix mix;
    const char *words[SIDES]; /* the players, as the command line names them */
    MatchPlayer players[SIDES];
    Weights weights[SIDES]; /* owned; all zero for a bot */
    MatchConfig config;
    MatchResult result;
    DurableFile json; /* opened at the start, so that a bad path costs no match */
    Outlook outlook;
    Progress progress;
    double seconds;
    char device_text[256];
} Program;

static bool is_network(const Program *p, int side) { return p->players[side].kind == PLAYER_NET; }

static bool solves(const Program *p, int side) {
    return p->players[side].kind == PLAYER_PIMC || p->players[side].kind == PLAYER_CHEAT;
}

/* Players that solve worlds have no body for a GPU. */
static Status check_device(const Program *p, const Device *device) {
    for (int side = 0; side < SIDES; side++) {
        if (!solves(p, side) || device->play == &play_cpu) continue;
        fprintf(stderr, "%s: plays on the CPU alone; allowed: --device cpu\n", p->words[side]);
        return STATUS_INPUT;
    }
    return STATUS_OK;
}

static void describe_shape(const ModelConfig *c, char *text, size_t text_bytes) {
    snprintf(text, text_bytes,
             "width %d, %d heads, hidden width %d, %d layers, policy and value hidden width %d, %d",
             c->width, c->heads, c->hidden, c->layers, c->policy_hidden, c->value_hidden);
}

/* The shape, which both networks must have. */
static Status find_shape(Program *p) {
    ModelConfig *model = &p->config.base.model;
    int first = -1;
    for (int side = 0; side < SIDES; side++) {
        const char *path = p->players[side].file;
        ModelConfig shape;
        if (!path) continue;
        TRY(weights_file_player(path, &shape));
        if (first >= 0 && memcmp(&shape, model, sizeof shape) != 0) {
            char have[128], need[128];
            describe_shape(&shape, have, sizeof have);
            describe_shape(model, need, sizeof need);
            return durable_refuse(path, "%s: must have the shape of %s, %s", have, p->words[first],
                                  need);
        }
        *model = shape;
        first = side;
    }
    return STATUS_OK;
}

/* Step 3: the networks, their precision and implementation. */
static Status load_networks(Program *p, const Device *device) {
    SelfplayConfig *c = &p->config.base;
    Network network = (Network)p->options.play.network;
    TRY(network_precision(p->options.play.precision, device, &c->precision));
    TRY(find_shape(p));
    for (int side = 0; side < SIDES; side++) {
        Weights *weights = &p->weights[side];
        char text[256];
        p->config.kinds[side] = p->players[side].kind;
        p->config.pimc_worlds[side] = p->players[side].worlds;
        if (!is_network(p, side)) continue;
        if (p->players[side].file) {
            TRY(weights_file_load(weights, &c->model, p->players[side].file));
        } else {
            TRY(weights_alloc(weights, &c->model));
            weights_init(weights, p->players[side].seed);
        }
        NetSpec spec = {
            .model = c->model, .precision = c->precision, .network = NETWORK_AUTO, .capacity = 1};
        TRY(device->net->choose(network, &spec, weights, &c->network, text, sizeof text));
        network = c->network; /* the second network uses the implementation of the first */
        p->config.weights[side] = weights;
    }
    return STATUS_OK;
}

/* Step 4. Without a sequential test the size of a block changes no result: it is made large enough
 * to keep the device full. Players that solve worlds finish games within a wave: few at a time show
 * how far the match is. */
static Status choose_size(Program *p, const Device *device) {
    enum { BLOCK_MAX = 1 << 20, ROUNDS_OF_GAMES = 4, SLOW_GAMES = 8 };
    MatchConfig *config = &p->config;
    SelfplayBytes bytes;
    size_t free_bytes;
    bool fixed = config->margin == 0, slow = solves(p, MATCH_A) || solves(p, MATCH_B);
    if (slow && config->base.parallel == 0)
        config->base.parallel = SLOW_GAMES * omp_get_max_threads();
    if (fixed) config->block = BLOCK_MAX;
    SelfplayConfig selfplay = match_selfplay(config);
    int64_t deals = config->block < config->most_deals ? config->block : config->most_deals;
    TRY(run_memory_choose(&selfplay, 2 * deals, device, &bytes, &free_bytes));
    config->base.parallel = selfplay.parallel;
    int block = selfplay.parallel * ROUNDS_OF_GAMES / 2;
    if (fixed) config->block = block < p->options.block ? p->options.block : block;
    return STATUS_OK;
}

static bool go_on(void *context, const MatchResult *so_far) {
    Program *p = context;
    progress_show(&p->progress, so_far->games,
                  outlook_share(&p->outlook, so_far->asked, so_far->games, so_far->live));
    return signals_asked() == 0;
}

/* Step 5. */
static Status play(Program *p, const Device *device) {
    SelfplayConfig selfplay = match_selfplay(&p->config);
    double start = progress_clock();
    p->outlook = outlook_begin(&selfplay, 2 * p->config.most_deals);
    p->progress = progress_begin(p->options.play.quiet, 0, 2 * p->config.most_deals);
    p->config.context = p;
    p->config.go_on = go_on;
    TRY(signals_watch(p->options.play.quiet));
    Status status = match_play(&p->config, device, &p->result);
    progress_end(&p->progress, p->result.games);
    p->seconds = progress_clock() - start;
    return status;
}

static const char *verdict_text(const Program *p) {
    static const char *const fixed[PAIRED_VERDICT_COUNT] = {"undecided", "A is better",
                                                            "B is better"};
    static const char *const sequential[PAIRED_VERDICT_COUNT] = {"undecided", "A is ahead",
                                                                 "A is not ahead"};
    return (p->config.margin > 0 ? sequential : fixed)[p->result.verdict];
}

/* Of a long path the end, which tells more than the beginning. */
static void print_name(FILE *out, const char *word) {
    enum { WIDTH = 28 };
    size_t length = strlen(word);
    if (length > WIDTH)
        fprintf(out, "..%-*s ", WIDTH - 2, word + length - (WIDTH - 2));
    else
        fprintf(out, "%-*s ", WIDTH, word);
}

/* To stderr if the JSON goes to standard output, which it shall have alone. */
static void print_line(const Program *p) {
    const MatchResult *r = &p->result;
    bool is_stdout = p->json.fd >= 0 && p->json.stream == STDOUT_FILENO;
    FILE *out = is_stdout ? stderr : stdout;
    char interval[48];
    if (!p->options.play.quiet) {
        print_name(out, "A");
        print_name(out, "B");
        fprintf(out, "%8s %8s %8s %10s %19s %15s  %s\n", "deals", "A/round", "B/round", "A - B",
                "95% interval", "bids hit", "verdict");
    }
    print_name(out, p->words[MATCH_A]);
    print_name(out, p->words[MATCH_B]);
    snprintf(interval, sizeof interval, "%+.3f .. %+.3f", r->stats.mean - r->half_width,
             r->stats.mean + r->half_width);
    fprintf(out, "%8lld %8.3f %8.3f %+10.3f %19s %6.1f%% %6.1f%%  %s\n", (long long)r->deals,
            r->score[MATCH_A], r->score[MATCH_B], r->stats.mean, interval, 100 * r->hit[MATCH_A],
            100 * r->hit[MATCH_B], verdict_text(p));
}

static cJSON *describe(const Program *p) {
    const MatchOptions *o = &p->options;
    const MatchResult *r = &p->result;
    const SelfplayConfig *c = &p->config.base;
    cJSON *j = cJSON_CreateObject();
    if (!j) return NULL;
    json_line_add_text(j, "a", p->words[MATCH_A]);
    json_line_add_text(j, "b", p->words[MATCH_B]);
    cJSON_AddNumberToObject(j, "deals", (double)r->deals);
    cJSON_AddNumberToObject(j, "rounds", (double)r->rounds);
    cJSON_AddNumberToObject(j, "score_a", r->score[MATCH_A]);
    cJSON_AddNumberToObject(j, "score_b", r->score[MATCH_B]);
    cJSON_AddNumberToObject(j, "difference", r->stats.mean);
    cJSON_AddNumberToObject(j, "low", r->stats.mean - r->half_width);
    cJSON_AddNumberToObject(j, "high", r->stats.mean + r->half_width);
    cJSON_AddNumberToObject(j, "sd", paired_stats_sd(&r->stats));
    cJSON_AddNumberToObject(j, "bids_hit_a", r->hit[MATCH_A]);
    cJSON_AddNumberToObject(j, "bids_hit_b", r->hit[MATCH_B]);
    cJSON_AddStringToObject(j, "verdict", verdict_text(p));
    cJSON_AddNumberToObject(j, "margin", o->margin);
    if (o->margin > 0)
        cJSON_AddNumberToObject(j, "log_likelihood_ratio", paired_stats_llr(&r->stats, o->margin));
    cJSON_AddNumberToObject(j, "most_deals", (double)o->deals);
    cJSON_AddNumberToObject(j, "seed", (double)o->play.seed);
    cJSON_AddStringToObject(j, "players", p->mix.players);
    cJSON_AddStringToObject(j, "cards", p->mix.cards);
    cJSON_AddStringToObject(j, "rules", play_rules_words[o->play.rules]);
    cJSON_AddStringToObject(j, "format", play_format_words[o->play.format]);
    cJSON_AddNumberToObject(j, "worlds", c->worlds);
    cJSON_AddNumberToObject(j, "simulations", c->simulations);
    cJSON_AddNumberToObject(j, "leaves", c->leaves);
    cJSON_AddStringToObject(j, "precision", precision_name(c->precision));
    cJSON_AddStringToObject(j, "device", p->device_text);
    cJSON_AddNumberToObject(j, "rows", (double)r->rows);
    cJSON_AddNumberToObject(j, "seconds", p->seconds);
    return j;
}

static Status write_json(Program *p) {
    cJSON *object = describe(p);
    Status status = json_line_write_file(&p->json, object);
    cJSON_Delete(object);
    return status;
}

static Status run_all(Program *p, int argc, char **argv) {
    MatchOptions *o = &p->options;
    const Device *device;
    int words = 0;
    /* Step 1: options. */
    *o = match_options_default();
    TRY(options_parse(&match_option_table, argc, argv, o, p->words, SIDES, &words));
    if (words != SIDES) {
        fprintf(stderr, "%d player%s given: must be two, A and B; --help lists the kinds\n", words,
                words == 1 ? "" : "s");
        return STATUS_INPUT;
    }
    TRY(match_options_check(o, &p->mix));
    for (int side = 0; side < SIDES; side++)
        TRY(match_player_parse(p->words[side], &p->players[side]));
    p->config = match_options_config(o, &p->mix);
    TRY(threads_set(o->play.threads, 1));
    if (o->json) TRY(durable_open(&p->json, o->json));
    /* Steps 2 to 4. */
    TRY(device_open(o->play.device, &device, p->device_text, sizeof p->device_text));
    TRY(check_device(p, device));
    TRY(load_networks(p, device));
    TRY(choose_size(p, device));
    /* Steps 5 and 6. */
    if (!o->play.quiet) fprintf(stderr, "device: %s\n", p->device_text);
    TRY(play(p, device));
    if (p->result.deals == 0) {
        fprintf(stderr, "stopped before the first %d deals were played: no result\n",
                p->config.block);
        return STATUS_OK;
    }
    print_line(p);
    return o->json ? write_json(p) : STATUS_OK;
}

int main(int argc, char **argv) {
    static Program program;
    threads_begin(argv);
    signals_block(); /* before any thread exists */
    streams_open();
    program.json.fd = -1;
    Status status = run_all(&program, argc, argv);
    durable_abort(&program.json);
    for (int side = 0; side < SIDES; side++) weights_free(&program.weights[side]);
    if (status == STATUS_MEMORY) fprintf(stderr, "not enough memory; try a smaller --parallel\n");
    if (fflush(stdout) != 0 && status == STATUS_OK) {
        fprintf(stderr, "standard output: %s\n", strerror(errno));
        status = STATUS_FILE;
    }
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 1;
}
