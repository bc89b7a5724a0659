/* host/analyze/answer.c - reads a query, searches it, and writes the answer. */
#include "answer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "game/text.h"
#include "host/files/json_line.h"
#include "query.h"

Status answer_open(Answerer *a, const Device *device, Weights *weights, uint64_t weights_seed,
                   Precision precision, Network network) {
    memset(a, 0, sizeof *a);
    a->weights_seed = weights_seed;
    if (weights) {
        a->weights = *weights;
        memset(weights, 0, sizeof *weights);
    }
    return analyzer_open(&a->analyzer, device, weights ? &a->weights : NULL, precision, network);
}

void answer_close(Answerer *a) {
    analyzer_close(&a->analyzer);
    weights_free(&a->weights);
}

void answer_write_refusal(FILE *out, const char *why) {
    fputs("{\"id\":null,\"error\":", out);
    json_line_write_text(out, why);
    fputs(",\"field\":null}\n", out);
}

static void write_error(FILE *out, const char *id, const Fields *fields) {
    fputs("{\"id\":", out);
    if (id)
        json_line_write_text(out, id);
    else
        fputs("null", out);
    fputs(",\"error\":", out);
    json_line_write_text(out, fields->why);
    fputs(",\"field\":", out);
    json_line_write_text(out, fields->wrong);
    fputs("}\n", out);
}

static void write_floats(FILE *out, const char *name, const float *x, int n) {
    fprintf(out, ",\"%s\":[", name);
    for (int i = 0; i < n; i++) fprintf(out, "%s%.9g", i ? "," : "", (double)x[i]);
    fputc(']', out);
}

static void write_answer(FILE *out, const char *id, const AnalyzeQuery *q, const AnalyzeAnswer *a) {
    char text[TEXT_ACTION_BYTES];
    fputs("{\"id\":", out);
    json_line_write_text(out, id);
    fprintf(out, ",\"to_move\":%d,\"legal\":[", q->state.turn);
    for (int i = 0; i < a->n; i++) {
        text_action_print(&q->state, a->action[i], text);
        fprintf(out, "%s\"%s\"", i ? "," : "", text);
    }
    fputs("],\"visits\":[", out);
    for (int i = 0; i < a->n; i++) fprintf(out, "%s%" PRIu32, i ? "," : "", a->visits[i]);
    fputc(']', out);
    write_floats(out, "prior", a->prior, a->n);
    write_floats(out, "q", a->q, a->n);
    write_floats(out, "policy", a->policy, a->n);
    if (a->rows > 0)
        write_floats(out, "value", a->value, q->state.players);
    else
        fputs(",\"value\":null", out);
    text_action_print(&q->state, a->action[a->best], text);
    fprintf(out, ",\"best\":\"%s\",\"rows\":%" PRId64 "}\n", text, a->rows);
}

/* Makes the network when the first query asks for it. */
static Status make_weights(Answerer *a) {
    if (a->analyzer.weights) return STATUS_OK;
    ModelConfig config = model_config_default();
    TRY(weights_alloc(&a->weights, &config));
    weights_init(&a->weights, a->weights_seed);
    a->analyzer.weights = &a->weights;
    fprintf(stderr, "no --weights: a random network answers, --weights-seed %" PRIu64 "\n",
            a->weights_seed);
    return STATUS_OK;
}

/* Whether trees and rows of the query fit into free memory. Asked before allocating, as a host may
 * promise more memory than it has. */
static bool memory_fits(Analyzer *a, const AnalyzeQuery *q) {
    const Device *d = a->device;
    size_t available = 0, total = 0, rows = (size_t)q->worlds * (size_t)q->leaves, net = 0;
    Search s;
    Arena dry = {NULL, 0, 0};
    memset(&s, 0, sizeof s);
    s.B = s.W = q->worlds;
    s.S = q->simulations;
    s.M = q->simulations + 1;
    s.K = q->leaves;
    s.E = q->state.cards + 1;
    s.evaluator = q->evaluator;
    search_layout(&s, &dry);
    if (q->evaluator == EVALUATOR_NET) {
        dry.used += rows * (OBSERVE_COLUMNS + ACTIONS + MAX_SEATS) * sizeof(float);
        NetSpec spec;
        if (analyzer_net_spec(a, (int)rows, &spec) != STATUS_OK) return true;
        net = d->net->bytes(&spec);
    }
    if (dry.used <= a->block_bytes && (int)rows <= a->net_capacity) return true;
    if (d->backend->memory(&available, &total) != STATUS_OK) return true;
    return dry.used + net <= available + a->block_bytes;
}

/* STATUS_INPUT: refused; `fields` tells why. */
static Status answer_search(Answerer *a, Fields *fields, const AnalyzeQuery *query,
                            AnalyzeAnswer *answer) {
    bool searched = !bits_is_one(round_legal(&query->state));
    if (searched && query->evaluator == EVALUATOR_NET) TRY(make_weights(a));
    Status status = STATUS_MEMORY;
    if (!searched || memory_fits(&a->analyzer, query))
        status = analyzer_answer(&a->analyzer, query, answer);
    if (status == STATUS_MEMORY)
        return field_refuse(fields, FIELD_SIMULATIONS,
                            "%d: with %d worlds and %d leaves there is not enough memory",
                            query->simulations, query->worlds, query->leaves);
    if (status == STATUS_FAULT)
        return field_refuse(fields, FIELD_EVALUATOR,
                            "the network gave a number that is not finite");
    if (status == STATUS_INPUT)
        return field_refuse(fields, FIELD_ACTIONS, "no deal of the unseen cards fits");
    return status;
}

Status answer_line(Answerer *a, const char *line, size_t bytes, FILE *out) {
    cJSON *object = NULL;
    Fields fields;
    AnalyzeQuery query;
    AnalyzeAnswer answer;
    char why[FIELD_WHY_BYTES];
    if (strspn(line, " \t\r\n") >= bytes) return STATUS_OK;
    if (json_line_parse(line, bytes, &object, why, sizeof why) != STATUS_OK) {
        answer_write_refusal(out, why);
        return STATUS_OK;
    }
    if (!cJSON_IsObject(object)) {
        cJSON_Delete(object);
        answer_write_refusal(out, "not a JSON object");
        return STATUS_OK;
    }
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "id"));
    Status status = query_read(object, &fields, &query);
    if (status == STATUS_OK) status = answer_search(a, &fields, &query, &answer);
    if (status == STATUS_OK) write_answer(out, id, &query, &answer);
    if (status == STATUS_INPUT) {
        write_error(out, id, &fields);
        status = STATUS_OK;
    }
    cJSON_Delete(object);
    return status;
}
