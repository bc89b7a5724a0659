/* host/programs/openspiel.c - checks OpenSpiel's games: reads a line, deals it, compares each step.
 *
 *   line -> openspiel_read -> OpenspielGame -> openspiel_deal -> RoundState -> check_steps ->
 *   compare_returns
 *
 * "expected" is what the file says, "found" what our rules make of it. */
#include "openspiel.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "game/rules.h"

enum {
    OPENSPIEL_NUMBERS = CARDS + MAX_HAND + 1,  /* cards 0..51, bids 52..69 */
    MAX_HISTORY = 2 + CARDS + MAX_ROUND_PLIES, /* T, dealer, deal and turned card, plies */
    NUMBERS_BYTES = 5 * OPENSPIEL_NUMBERS      /* "[0 1 ..]" */
};

/* Where a message points. */
typedef struct {
    const char *path;
    long line;
} Location;

typedef struct {
    Rules rules;
    int fixed_cards; /* num_tricks_fixed: what T must be */
    int history[MAX_HISTORY];
    int history_count;
    const cJSON *decisions, *returns; /* arrays of the parsed line, checked for type and length */
} OpenspielGame;

/* OpenSpiel's suits are C D S H from rank to rank, ours S H C D one after another. */
#define FOUR_SUITS(rank) 26 + (rank), 39 + (rank), (rank), 13 + (rank)
static const uint8_t CARD_OF_NUMBER[CARDS] = {
    FOUR_SUITS(0),  FOUR_SUITS(1),  FOUR_SUITS(2), FOUR_SUITS(3), FOUR_SUITS(4),
    FOUR_SUITS(5),  FOUR_SUITS(6),  FOUR_SUITS(7), FOUR_SUITS(8), FOUR_SUITS(9),
    FOUR_SUITS(10), FOUR_SUITS(11), FOUR_SUITS(12)};

int openspiel_card(int number) { return CARD_OF_NUMBER[number]; }

static void say_wrong(const Location *at, const char *format, ...) {
    va_list args;
    fprintf(stderr, "%s:%ld: ", at->path, at->line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* A macro, so that compiler and analyzer see that it is never STATUS_OK. */
#define WRONG(...) (say_wrong(__VA_ARGS__), STATUS_INPUT)

/* An integer; item NULL: it is missing. */
static Status read_int(const Location *at, const cJSON *item, const char *name, int min, int max,
                       int *out) {
    if (item == NULL) return WRONG(at, "%s is missing: an integer %d..%d", name, min, max);
    if (!cJSON_IsNumber(item))
        return WRONG(at, "%s is not a number: an integer %d..%d is allowed", name, min, max);
    double x = item->valuedouble;
    if (!(x >= min && x <= max) || x != (int)x)
        return WRONG(at, "%s is %.12g: an integer %d..%d is allowed", name, x, min, max);
    *out = (int)x;
    return STATUS_OK;
}

/* An array field of min..max elements. */
static Status read_array(const Location *at, const cJSON *object, const char *name, int min,
                         int max, const cJSON **out) {
    *out = cJSON_GetObjectItemCaseSensitive(object, name);
    if (*out == NULL) return WRONG(at, "%s is missing: an array", name);
    if (!cJSON_IsArray(*out)) return WRONG(at, "%s is not an array", name);
    int n = cJSON_GetArraySize(*out);
    if (n < min || n > max)
        return min == max ? WRONG(at, "%s has %d elements: %d are allowed", name, n, min)
                          : WRONG(at, "%s has %d elements: %d..%d are allowed", name, n, min, max);
    return STATUS_OK;
}

/* The game and its parameters. Printing what was read must give the same text, which refuses
 * whatever a scan lets pass. */
static Status read_game(const Location *at, const cJSON *item, OpenspielGame *t) {
    static const char format[] =
        "oh_hell(players=%d,num_tricks_fixed=%d,off_bid_penalty=%s,points_per_trick=%d)";
    int players = 0, cards = 0, points = 0;
    char penalty[6] = "", again[128];
    if (!cJSON_IsString(item)) return WRONG(at, "game is missing or not a string");
    const char *text = item->valuestring;
    (void)sscanf(text,
                 "oh_hell(players=%3d,num_tricks_fixed=%3d,off_bid_penalty=%5[a-z],"
                 "points_per_trick=%3d)",
                 &players, &cards, penalty, &points);
    snprintf(again, sizeof again, format, players, cards, penalty, points);
    bool flag = strcmp(penalty, "true") == 0 || strcmp(penalty, "false") == 0;
    t->rules.variant = RULES_OH_HELL;
    t->rules.players = (uint8_t)players;
    t->rules.penalty = penalty[0] == 't';
    t->rules.points = (uint8_t)points;
    t->fixed_cards = cards;
    bool known = strcmp(text, again) == 0 && flag && points >= 0 && points <= 255 &&
                 players >= rules_min_players(RULES_OH_HELL) &&
                 players <= rules_max_players(RULES_OH_HELL) && cards >= 1 &&
                 cards <= round_max_cards(&t->rules);
    if (known) return STATUS_OK;
    return WRONG(at,
                 "game is \"%.100s\": oh_hell(players=P,num_tricks_fixed=T,off_bid_penalty=true or "
                 "false,points_per_trick=0..255) is allowed, P 3..7, P * T at most %d",
                 text, CARDS - 1);
}

/* The whole line, except what is inside each decision. */
static Status openspiel_read(const Location *at, const cJSON *root, OpenspielGame *t) {
    const cJSON *history;
    if (!cJSON_IsObject(root)) return WRONG(at, "not a JSON object");
    TRY(read_game(at, cJSON_GetObjectItemCaseSensitive(root, "game"), t));
    int P = t->rules.players, T = t->fixed_cards, plies = P + P * T, chance = 2 + P * T + 1;
    TRY(read_array(at, root, "history", chance + plies, chance + plies, &history));
    t->history_count = 0;
    for (const cJSON *x = history->child; x != NULL; x = x->next) {
        char name[32];
        snprintf(name, sizeof name, "history[%d]", t->history_count);
        TRY(read_int(at, x, name, 0, OPENSPIEL_NUMBERS - 1, &t->history[t->history_count]));
        t->history_count++;
    }
    TRY(read_array(at, root, "decisions", plies, plies, &t->decisions));
    return read_array(at, root, "returns", P, P, &t->returns);
}

/* Deals as the history begins: T, the dealer, card i to seat i mod P, the turned card. */
static Status openspiel_deal(const Location *at, const OpenspielGame *t, RoundState *s) {
    int P = t->rules.players, T = t->fixed_cards, turned = CARD_NONE;
    uint64_t hands[MAX_SEATS] = {0}, dealt = 0;
    if (t->history[0] != T)
        return WRONG(at, "history[0] is %d: num_tricks_fixed=%d is allowed", t->history[0], T);
    if (t->history[1] >= P)
        return WRONG(at, "history[1] is %d: a dealer 0..%d is allowed", t->history[1], P - 1);
    for (int i = 0; i <= P * T; i++) {
        int number = t->history[2 + i];
        if (number >= CARDS)
            return WRONG(at, "history[%d] is %d: a card 0..%d is allowed", 2 + i, number,
                         CARDS - 1);
        turned = openspiel_card(number);
        if (dealt & card_bit(turned))
            return WRONG(at, "history[%d] is %d: that card is dealt already", 2 + i, number);
        dealt |= card_bit(turned);
        if (i < P * T) hands[i % P] |= card_bit(turned);
    }
    round_begin(s, P, T, t->history[1], card_suit(turned), turned, hands);
    return STATUS_OK;
}

/* A set of OpenSpiel's numbers: the legal actions, ascending. */
typedef struct {
    uint8_t number[OPENSPIEL_NUMBERS];
    int count;
} Numbers;

static void legal_numbers(const RoundState *s, Numbers *out) {
    uint64_t legal = round_legal(s);
    bool bidding = round_is_bidding(s);
    out->count = 0;
    for (int number = 0; number < OPENSPIEL_NUMBERS; number++) {
        bool is_bid = number >= OPENSPIEL_FIRST_BID;
        int action = is_bid ? number - OPENSPIEL_FIRST_BID : openspiel_card(number);
        if (is_bid == bidding && (legal >> action & 1)) out->number[out->count++] = (uint8_t)number;
    }
}

static bool numbers_equal(const Numbers *a, const Numbers *b) {
    return a->count == b->count && memcmp(a->number, b->number, (size_t)a->count) == 0;
}

static const char *numbers_print(const Numbers *set, char out[NUMBERS_BYTES]) {
    int at = snprintf(out, NUMBERS_BYTES, "[");
    for (int i = 0; i < set->count; i++)
        at += snprintf(out + at, (size_t)(NUMBERS_BYTES - at), i ? " %d" : "%d", set->number[i]);
    snprintf(out + at, (size_t)(NUMBERS_BYTES - at), "]");
    return out;
}

/* One recorded decision: {"p": seat, "legal": [..], "a": action}. */
static Status read_decision(const Location *at, const cJSON *item, int step, int *seat,
                            Numbers *legal, int *action) {
    const cJSON *array;
    char name[48];
    snprintf(name, sizeof name, "decisions[%d]", step);
    if (!cJSON_IsObject(item)) return WRONG(at, "%s is not an object", name);
    snprintf(name, sizeof name, "decisions[%d].p", step);
    TRY(read_int(at, cJSON_GetObjectItemCaseSensitive(item, "p"), name, 0, MAX_SEATS - 1, seat));
    snprintf(name, sizeof name, "decisions[%d].a", step);
    TRY(read_int(at, cJSON_GetObjectItemCaseSensitive(item, "a"), name, 0, OPENSPIEL_NUMBERS - 1,
                 action));
    array = cJSON_GetObjectItemCaseSensitive(item, "legal");
    if (!cJSON_IsArray(array)) return WRONG(at, "decisions[%d].legal is not an array", step);
    legal->count = 0;
    for (const cJSON *x = array->child; x != NULL; x = x->next) {
        int number, low = legal->count ? legal->number[legal->count - 1] + 1 : 0;
        snprintf(name, sizeof name, "decisions[%d].legal[%d], ascending,", step, legal->count);
        TRY(read_int(at, x, name, low, OPENSPIEL_NUMBERS - 1, &number));
        legal->number[legal->count++] = (uint8_t)number;
    }
    return STATUS_OK;
}

/* Every bid and play: the seat, the legal actions, the action itself. */
static Status check_steps(const Location *at, const OpenspielGame *t, RoundState *s) {
    int step = 0, first = t->history_count - cJSON_GetArraySize(t->decisions);
    for (const cJSON *item = t->decisions->child; item != NULL; item = item->next, step++) {
        char expected[NUMBERS_BYTES], found[NUMBERS_BYTES];
        Numbers recorded, legal;
        int seat, action;
        TRY(read_decision(at, item, step, &seat, &recorded, &action));
        if (action != t->history[first + step])
            return WRONG(at, "decisions[%d].a is %d, but history[%d] is %d", step, action,
                         first + step, t->history[first + step]);
        if (seat != s->turn)
            return WRONG(at, "step %d: seat to move: expected %d, found %d", step, seat, s->turn);
        legal_numbers(s, &legal);
        if (!numbers_equal(&recorded, &legal))
            return WRONG(at, "step %d: legal actions: expected %s, found %s", step,
                         numbers_print(&recorded, expected), numbers_print(&legal, found));
        if (memchr(legal.number, action, (size_t)legal.count) == NULL)
            return WRONG(at, "step %d: action: expected %d, found legal only %s", step, action,
                         numbers_print(&legal, found));
        round_apply(s, action >= OPENSPIEL_FIRST_BID ? action - OPENSPIEL_FIRST_BID
                                                     : openspiel_card(action));
    }
    return STATUS_OK;
}

static Status compare_returns(const Location *at, const OpenspielGame *t, const RoundState *s) {
    int seat = 0;
    for (const cJSON *x = t->returns->child; x != NULL; x = x->next, seat++) {
        int score = round_score(&t->rules, s, seat);
        if (!cJSON_IsNumber(x)) return WRONG(at, "returns[%d] is not a number", seat);
        if (x->valuedouble != score)
            return WRONG(at, "step %d: returns[%d]: expected %.12g, found %d",
                         cJSON_GetArraySize(t->decisions), seat, x->valuedouble, score);
    }
    return STATUS_OK;
}

static Status check_line(const Location *at, const char *text, OpenspielCount *count) {
    Status status = STATUS_OK;
    OpenspielGame game = {0};
    RoundState state;
    const char *end = text;
    cJSON *root = cJSON_ParseWithOpts(text, &end, 1);
    if (root == NULL) return WRONG(at, "not JSON from column %ld on", (long)(end - text) + 1);
    TRY_GOTO(status, openspiel_read(at, root, &game));
    TRY_GOTO(status, openspiel_deal(at, &game, &state));
    TRY_GOTO(status, check_steps(at, &game, &state));
    TRY_GOTO(status, compare_returns(at, &game, &state));
    count->games++;
    count->decisions += cJSON_GetArraySize(game.decisions);
fail:
    cJSON_Delete(root);
    return status;
}

Status openspiel_check_file(const char *path, OpenspielCount *count) {
    Status status = STATUS_OK;
    Location at = {path, 0};
    char *text = NULL;
    size_t text_bytes = 0;
    ssize_t n;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be opened: %s\n", path, strerror(errno));
        return STATUS_FILE;
    }
    errno = 0;
    while (status == STATUS_OK && (n = getline(&text, &text_bytes, file)) > 0) {
        at.line++;
        if (memchr(text, '\0', (size_t)n) != NULL) {
            status = WRONG(&at, "not JSON: the line holds a zero byte");
            break;
        }
        status = check_line(&at, text, count);
        errno = 0;
    }
    if (status == STATUS_OK && !feof(file)) {
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        status = STATUS_FILE;
    } else if (status == STATUS_OK && at.line == 0) {
        fprintf(stderr, "%s: is empty: one game a line is expected\n", path);
        status = STATUS_FILE;
    }
    free(text);
    fclose(file);
    return status;
}
