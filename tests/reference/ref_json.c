/* tests/reference/ref_json.c - queries and answers of the reference as lines of JSON. */
#include "ref_json.h"

#include <stdlib.h>
#include <string.h>

static const char SUITS[] = "SHCDN", RANKS[] = "23456789TJQKA";

const char *ref_order_name(RefOrder order) {
    static const char *const names[REF_ORDER_COUNT] = {"right",
                                                       "root_times_prior",
                                                       "root_times_c",
                                                       "divide_root_first",
                                                       "divide_prior_first",
                                                       "score_double",
                                                       "score_fused",
                                                       "tried_descending",
                                                       "tried_halves",
                                                       "tried_double",
                                                       "fpu_fused",
                                                       "fpu_unclamped",
                                                       "q_reciprocal",
                                                       "q_mean",
                                                       "q_double",
                                                       "root_reciprocal",
                                                       "settings_double",
                                                       "prior_reciprocal",
                                                       "terminal_reciprocal",
                                                       "backup_reversed",
                                                       "tie_last",
                                                       "root_one_more",
                                                       "loss_not_in_q",
                                                       "loss_not_in_total"};
    return names[order];
}

static int find_char(const char *set, char c) {
    const char *at = c ? strchr(set, c) : NULL;
    return at ? (int)(at - set) : -1;
}

/* A card as "TD", or -1. */
static int card_of_text(const char *text) {
    if (strlen(text) < 2) return -1;
    int rank = find_char(RANKS, text[0]), suit = find_char("SHCD", text[1]);
    return rank < 0 || suit < 0 ? -1 : suit * 13 + rank;
}

/* -1, which is valid for no field of a query, if there is no such number. */
static double number_of(const cJSON *json, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static const char *text_of(const cJSON *json, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static const char *read_hands(const cJSON *hands, RefQuery *query) {
    if (cJSON_GetArraySize(hands) != query->players) return "hands";
    for (int seat = 0; seat < query->players; seat++) {
        const cJSON *text = cJSON_GetArrayItem(hands, seat);
        if (!cJSON_IsString(text)) return "hands";
        const char *at = text->valuestring;
        RefHand *hand = &query->hands[seat];
        for (; strlen(at) >= 2; at += at[2] ? 3 : 2) {
            if (hand->count == REF_HAND) return "hands";
            hand->cards[hand->count++] = card_of_text(at);
        }
        if (*at) return "hands";
    }
    return NULL;
}

static const char *read_actions(const cJSON *actions, RefQuery *query) {
    const cJSON *text;
    if (!cJSON_IsArray(actions)) return "actions";
    cJSON_ArrayForEach(text, actions) {
        if (!cJSON_IsString(text) || query->action_count == REF_PLIES) return "actions";
        bool bid = query->action_count < query->players;
        int action = bid ? atoi(text->valuestring) : card_of_text(text->valuestring);
        query->actions[query->action_count++] = action;
    }
    return NULL;
}

static void read_search(const cJSON *json, RefQuery *query) {
    query->worlds = (int)number_of(json, "worlds");
    query->simulations = (int)number_of(json, "simulations");
    query->leaves = (int)number_of(json, "leaves");
    query->c_puct = number_of(json, "c_puct");
    query->fpu = number_of(json, "fpu");
    query->seed = (uint64_t)number_of(json, "seed");
    double game = number_of(json, "game"), ply = number_of(json, "ply");
    if (game >= 0 && ply >= 0) /* a recorded decision */
        query->seed = ref_splitmix64(query->seed ^ ref_splitmix64((uint64_t)game)) + (uint64_t)ply;
}

const char *ref_json_read(const cJSON *json, RefQuery *query) {
    memset(query, 0, sizeof *query);
    const char *rules = text_of(json, "rules"), *evaluator = text_of(json, "evaluator");
    query->rules = strcmp(rules, "oh-hell") == 0 ? REF_OH_HELL : REF_BLOB;
    if (query->rules == REF_BLOB && strcmp(rules, "blob") != 0) return "rules";
    query->evaluator = strcmp(evaluator, "uniform") == 0 ? REF_UNIFORM : REF_HASH;
    if (query->evaluator == REF_HASH && strcmp(evaluator, "hash") != 0) return "evaluator";
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "open"))) return "open";
    if (number_of(json, "noise") != 0) return "noise";
    query->players = (int)number_of(json, "players");
    query->cards = (int)number_of(json, "cards");
    query->dealer = (int)number_of(json, "dealer");
    if (query->players < 1 || query->players > REF_SEATS) return "players";
    query->trump = find_char(SUITS, text_of(json, "trump")[0]);
    query->turned = card_of_text(text_of(json, "turned"));
    query->points = (int)number_of(json, "points");
    query->penalty = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "penalty"));
    if (query->rules == REF_OH_HELL && query->points < 0) return "points";
    if (number_of(json, "seed") < 0) return "seed";
    read_search(json, query);
    const char *wrong = read_hands(cJSON_GetObjectItemCaseSensitive(json, "hands"), query);
    if (wrong) return wrong;
    return read_actions(cJSON_GetObjectItemCaseSensitive(json, "actions"), query);
}

static void action_to_text(char text[4], int action, bool bid) {
    if (bid)
        snprintf(text, 4, "%d", action % 100);
    else
        snprintf(text, 4, "%c%c", RANKS[action % 13], SUITS[action / 13 % 4]);
}

static void write_game(FILE *file, const RefQuery *query) {
    char text[4];
    fprintf(file, "\"players\": %d, \"cards\": %d, ", query->players, query->cards);
    if (query->rules == REF_OH_HELL) {
        action_to_text(text, query->turned, false);
        fprintf(file, "\"turned\": \"%s\", \"points\": %d, \"penalty\": %s, ", text, query->points,
                query->penalty ? "true" : "false");
    } else {
        fprintf(file, "\"trump\": \"%c\", ", SUITS[query->trump]);
    }
    fprintf(file, "\"dealer\": %d, \"open\": true, \"hands\": [", query->dealer);
    for (int seat = 0; seat < query->players; seat++) {
        fputs(seat ? ", \"" : "\"", file);
        for (int i = 0; i < query->hands[seat].count; i++) {
            action_to_text(text, query->hands[seat].cards[i], false);
            fprintf(file, "%s%s", i ? " " : "", text);
        }
        fputc('"', file);
    }
    fputs("], \"actions\": [", file);
    for (int i = 0; i < query->action_count; i++) {
        action_to_text(text, query->actions[i], i < query->players);
        fprintf(file, "%s\"%s\"", i ? ", " : "", text);
    }
    fputs("], ", file);
}

static void write_floats(FILE *file, const char *name, const float *x, int count) {
    fprintf(file, "\"%s\": [", name);
    for (int i = 0; i < count; i++) fprintf(file, "%s%.9g", i ? ", " : "", (double)x[i]);
    fputs("], ", file);
}

static void write_answer(FILE *file, const RefQuery *query, const RefAnswer *answer) {
    char text[4];
    int count = answer->legal_count;
    fprintf(file, "\"to_move\": %d, \"legal\": [", answer->to_move);
    for (int e = 0; e < count; e++) {
        action_to_text(text, answer->legal[e], answer->bidding);
        fprintf(file, "%s\"%s\"", e ? ", " : "", text);
    }
    fputs("], \"visits\": [", file);
    for (int e = 0; e < count; e++) fprintf(file, "%s%d", e ? ", " : "", answer->visits[e]);
    fputs("], ", file);
    write_floats(file, "prior", answer->prior, count);
    write_floats(file, "q", answer->q, count);
    write_floats(file, "policy", answer->policy, count);
    if (answer->searched)
        write_floats(file, "value", answer->value, query->players);
    else
        fputs("\"value\": null, ", file);
    action_to_text(text, answer->best, answer->bidding);
    fprintf(file, "\"best\": \"%s\", \"rows\": %ld", text, answer->rows);
}

void ref_json_write(FILE *file, const char *id, const RefQuery *query, const RefAnswer *answer) {
    fprintf(file, "{\"query\": {\"id\": \"%s\", \"rules\": \"%s\", ", id,
            query->rules == REF_OH_HELL ? "oh-hell" : "blob");
    write_game(file, query);
    fprintf(file, "\"worlds\": %d, \"simulations\": %d, \"search\": \"puct\", ", query->worlds,
            query->simulations);
    fprintf(file, "\"c_puct\": %.17g, \"fpu\": %.17g, \"leaves\": %d, \"noise\": 0, ",
            query->c_puct, query->fpu, query->leaves);
    fprintf(file, "\"seed\": %llu, \"evaluator\": \"%s\"}, \"expect\": {",
            (unsigned long long)query->seed, query->evaluator == REF_HASH ? "hash" : "uniform");
    write_answer(file, query, answer);
    fputs("}}\n", file);
}

static bool same_floats(const cJSON *array, const float *x, int count) {
    if (cJSON_GetArraySize(array) != count) return false;
    for (int i = 0; i < count; i++) {
        const cJSON *item = cJSON_GetArrayItem(array, i);
        if (!cJSON_IsNumber(item) || (float)item->valuedouble != x[i]) return false;
    }
    return true;
}

static bool same_actions(const cJSON *array, const RefAnswer *answer) {
    char text[4];
    if (cJSON_GetArraySize(array) != answer->legal_count) return false;
    for (int e = 0; e < answer->legal_count; e++) {
        const cJSON *item = cJSON_GetArrayItem(array, e);
        action_to_text(text, answer->legal[e], answer->bidding);
        if (!cJSON_IsString(item) || strcmp(item->valuestring, text) != 0) return false;
    }
    return true;
}

const char *ref_json_match(const cJSON *expect, const RefAnswer *answer) {
    char best[4];
    float visits[REF_EDGES]; /* below 2^24, so exact */
    int count = answer->legal_count;
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(expect, "value");
    for (int e = 0; e < count; e++) visits[e] = (float)answer->visits[e];
    action_to_text(best, answer->best, answer->bidding);
#define FIELD(name) cJSON_GetObjectItemCaseSensitive(expect, name)
    if (number_of(expect, "to_move") != answer->to_move) return "to_move";
    if (!same_actions(FIELD("legal"), answer)) return "legal";
    if (!same_floats(FIELD("visits"), visits, count)) return "visits";
    if (!same_floats(FIELD("prior"), answer->prior, count)) return "prior";
    if (!same_floats(FIELD("q"), answer->q, count)) return "q";
    if (!same_floats(FIELD("policy"), answer->policy, count)) return "policy";
    if (!answer->searched && !cJSON_IsNull(value)) return "value";
    if (answer->searched && !same_floats(value, answer->value, cJSON_GetArraySize(value)))
        return "value";
    if (strcmp(text_of(expect, "best"), best) != 0) return "best";
    if (number_of(expect, "rows") != (double)answer->rows) return "rows";
#undef FIELD
    return NULL;
}
