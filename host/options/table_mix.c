/* host/options/table_mix.c - reads two lists, sorts and normalizes them, and multiplies them. */
#include "table_mix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "option_number.h"

typedef struct {
    int number;
    double weight;
} MixItem;

typedef struct {
    MixItem items[TABLE_MIX_KINDS]; /* (count) ascending by number */
    int count;
} MixList;

static Status refuse(const char *option, const char *text, const char *why) {
    fprintf(stderr, "--%s %s: %s\n", option, *text ? text : "''", why);
    return STATUS_INPUT;
}

/* `item` must be "5" or "5:0.70", and nothing else. */
static bool read_item(char *item, MixItem *out) {
    char *colon = strchr(item, ':');
    if (colon) *colon++ = 0;
    size_t digits = strspn(item, "0123456789");
    if (digits < 1 || digits > 3 || item[digits]) return false;
    out->number = atoi(item);
    out->weight = 1;
    if (!colon) return true;
    return option_number_real(colon, &out->weight) && out->weight >= 1e-9 && out->weight <= 1e9;
}

static int by_number(const void *a, const void *b) {
    return ((const MixItem *)a)->number - ((const MixItem *)b)->number;
}

static Status read_list(const char *option, const char *text, MixList *out) {
    char copy[TABLE_MIX_TEXT], why[160];
    double sum = 0;
    out->count = 0;
    if (strlen(text) >= sizeof copy) return refuse(option, "", "is longer than 511 characters");
    snprintf(copy, sizeof copy, "%s", text);
    for (char *item = copy, *end; item; item = end) {
        end = strchr(item, ',');
        if (end) *end++ = 0;
        if (out->count == TABLE_MIX_KINDS) return refuse(option, text, "has more than 16 numbers");
        if (!read_item(item, &out->items[out->count++]))
            return refuse(option, text,
                          "must be a number, or NUMBER:WEIGHT,NUMBER:WEIGHT.. with weights "
                          "1e-9..1e9");
    }
    qsort(out->items, (size_t)out->count, sizeof *out->items, by_number);
    for (int i = 0; i < out->count; i++) {
        sum += out->items[i].weight;
        if (i && out->items[i].number == out->items[i - 1].number) {
            snprintf(why, sizeof why, "%d is given twice", out->items[i].number);
            return refuse(option, text, why);
        }
    }
    for (int i = 0; i < out->count; i++) out->items[i].weight /= sum;
    return STATUS_OK;
}

/* Every double has a text of its own, and 0.1 is written 0.1. A list of one needs no share. */
static void print_list(const MixList *list, char *text) {
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < list->count && used < TABLE_MIX_TEXT; i++) {
        double weight = list->items[i].weight;
        char share[40] = "";
        if (list->count > 1) {
            snprintf(share, sizeof share, ":%.15g", weight);
            if (strtod(share + 1, NULL) != weight) snprintf(share, sizeof share, ":%.17g", weight);
        }
        used += (size_t)snprintf(text + used, TABLE_MIX_TEXT - used, "%s%d%s", i ? "," : "",
                                 list->items[i].number, share);
    }
}

static Status check_table(const char *players, const char *cards, int P, int T, int variant) {
    char why[160];
    int low = rules_min_players(variant), high = rules_max_players(variant);
    const char *turned = variant == RULES_OH_HELL ? " and a card turned up" : "";
    if (P < low || P > high) {
        snprintf(why, sizeof why, "%d players: must be %d..%d%s", P, low, high,
                 variant == RULES_OH_HELL ? " with --rules oh-hell" : "");
        return refuse("players", players, why);
    }
    Rules rules = {.variant = (uint8_t)variant, .players = (uint8_t)P};
    int most = round_max_cards(&rules);
    if (T >= 1 && T <= most) return STATUS_OK;
    snprintf(why, sizeof why, "%d cards each: must be 1..%d with %d players%s", T, most, P, turned);
    return refuse("cards", cards, why);
}

/* Sets where each table's share of 2^32 ends. */
static void set_shares(TableMix *mix) {
    double sum = 0;
    for (int i = 0; i < mix->count; i++) {
        sum += mix->weights[i];
        double end = rint(sum * 4294967296.0);
        mix->tables[i].upto = end < 4294967295.0 ? (uint32_t)end : UINT32_MAX;
    }
}

Status table_mix_parse(const char *players, const char *cards, int variant, TableMix *out) {
    MixList seats, hands;
    memset(out, 0, sizeof *out);
    TRY(read_list("players", players, &seats));
    TRY(read_list("cards", cards, &hands));
    if (seats.count * hands.count > PLAY_TABLES_MAX) {
        fprintf(stderr, "--players %s --cards %s: %d kinds of tables: must be 1..%d\n", players,
                cards, seats.count * hands.count, (int)PLAY_TABLES_MAX);
        return STATUS_INPUT;
    }
    for (int i = 0; i < seats.count; i++)
        for (int j = 0; j < hands.count; j++) {
            int P = seats.items[i].number, T = hands.items[j].number;
            TRY(check_table(players, cards, P, T, variant));
            out->weights[out->count] = seats.items[i].weight * hands.items[j].weight;
            out->tables[out->count].players = (uint8_t)P;
            out->tables[out->count++].cards = (uint8_t)T;
        }
    out->most_players = seats.items[seats.count - 1].number;
    out->most_cards = hands.items[hands.count - 1].number;
    set_shares(out);
    print_list(&seats, out->players);
    print_list(&hands, out->cards);
    return STATUS_OK;
}
