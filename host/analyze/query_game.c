/* host/analyze/query_game.c - reads the terms of the game, then the hands, then the actions one by
 * one. */
#include "query_game.h"

#include <stdlib.h>

#include "game/sequence.h"
#include "game/text.h"
#include "game/world_count.h"
#include "host/files/json_line.h"

static const char *const rules_names[] = {"blob", "oh-hell", NULL};

/* players, cards, dealer. */
static Status read_table(Fields *f, AnalyzeQuery *q, int *cards) {
    int players = 0, rules = RULES_BLOB;
    TRY(field_read_choice(f, FIELD_RULES, rules_names, &rules));
    q->rules.variant = (uint8_t)rules;
    TRY(field_require(f, FIELD_PLAYERS, "the number of seats"));
    TRY(field_read_int(f, FIELD_PLAYERS, rules_min_players(rules), rules_max_players(rules),
                       &players));
    q->rules.players = (uint8_t)players;
    TRY(field_require(f, FIELD_CARDS, "the number dealt to each seat"));
    return field_read_int(f, FIELD_CARDS, 1, round_max_cards(&q->rules), cards);
}

/* blob: trump; oh-hell: turned, points and penalty. Each is refused with the other rules. */
static Status read_trump(Fields *f, AnalyzeQuery *q, int *trump, int *turned) {
    static const FieldName only_oh_hell[] = {FIELD_TURNED, FIELD_POINTS, FIELD_PENALTY};
    const char *text = "";
    *turned = CARD_NONE;
    if (q->rules.variant == RULES_BLOB) {
        TRY(field_require(f, FIELD_TRUMP, "one of S H C D N"));
        TRY(field_read_text(f, FIELD_TRUMP, &text));
        *trump = text_trump_parse(text);
        if (*trump < 0)
            return field_refuse(f, FIELD_TRUMP, "\"%.*s\": must be one of S H C D N",
                                json_line_quoted_bytes(text, 40), text);
        for (int i = 0; i < 3; i++)
            if (f->item[only_oh_hell[i]])
                return field_refuse(f, only_oh_hell[i], "only with rules oh-hell");
        return STATUS_OK;
    }
    if (f->item[FIELD_TRUMP])
        return field_refuse(f, FIELD_TRUMP, "not with rules oh-hell: the suit of turned is trump");
    TRY(field_require(f, FIELD_TURNED, "the card turned up, such as AS"));
    TRY(field_read_text(f, FIELD_TURNED, &text));
    *turned = text_card_parse(text);
    if (*turned < 0)
        return field_refuse(f, FIELD_TURNED, "\"%.*s\": must be a card, such as AS",
                            json_line_quoted_bytes(text, 40), text);
    *trump = card_suit(*turned);
    int points = 1, penalty = 0;
    TRY(field_read_int(f, FIELD_POINTS, 0, 255, &points));
    TRY(field_read_flag(f, FIELD_PENALTY, &penalty));
    q->rules.points = (uint8_t)points;
    q->rules.penalty = (uint8_t)penalty;
    return STATUS_OK;
}

/* scores and round; standing.rounds is 1 until query_find_rounds, 0 for a single round. */
static Status read_match(Fields *f, AnalyzeQuery *q) {
    int players = q->rules.players, round = 0;
    bool full = false;
    TRY(field_read_pair(f, FIELD_SCORES, FIELD_ROUND, &full));
    if (!full) return STATUS_OK;
    TRY(field_check_array(f, FIELD_SCORES, players, players));
    const cJSON *item = f->item[FIELD_SCORES]->child;
    for (int seat = 0; seat < players; seat++, item = item->next) {
        double x = cJSON_IsNumber(item) ? item->valuedouble : 0.5;
        if (!(x >= INT16_MIN && x <= INT16_MAX) || x != (int)x)
            return field_refuse(f, FIELD_SCORES, "of seat %d: must be a whole number %d..%d", seat,
                                INT16_MIN, INT16_MAX);
        q->standing.scores[seat] = (int16_t)x;
    }
    TRY(field_read_int(f, FIELD_ROUND, 0, SEQUENCE_MAX_ROUNDS - 1, &round));
    q->standing.round = (int16_t)round;
    q->standing.rounds = 1;
    return query_find_rounds(f, q, -1);
}

Status query_find_rounds(Fields *f, AnalyzeQuery *q, int64_t ply) {
    int P = q->rules.players, round = q->standing.round, longest = 0, at_ply = 0;
    if (q->standing.rounds == 0) return STATUS_OK;
    for (int F = 1; F <= round_max_cards(&q->rules); F++) {
        if (round >= sequence_rounds(P, F)) continue;
        if (sequence_cards(P, F, round) != q->state.cards) continue;
        int64_t plies = round_ply(&q->state);
        for (int i = 0; i < round; i++) plies += P + P * sequence_cards(P, F, i);
        longest = F;
        if (plies == ply) at_ply = F;
    }
    if (longest == 0)
        return field_refuse(f, FIELD_ROUND, "%d: no full game of %d seats deals %d cards there",
                            round, P, q->state.cards);
    q->standing.rounds = (int16_t)sequence_rounds(P, at_ply ? at_ply : longest);
    return STATUS_OK;
}

/* The hand of one seat as dealt; no card of it may be in `taken`, which then includes it. */
static Status read_hand(Fields *f, const AnalyzeQuery *q, int seat, uint64_t *taken,
                        uint64_t *hand) {
    const cJSON *item = cJSON_GetArrayItem(f->item[FIELD_HANDS], seat);
    char why[128];
    if (!cJSON_IsString(item))
        return field_refuse(f, FIELD_HANDS, "of seat %d is missing: %s", seat,
                            q->open ? "open needs all hands" : "it is the seat to move");
    if (!text_hand_parse(item->valuestring, hand, why, sizeof why))
        return field_refuse(f, FIELD_HANDS, "of seat %d: %s", seat, why);
    if (bits_count(*hand) != q->state.cards)
        return field_refuse(f, FIELD_HANDS, "of seat %d has %d cards: %d were dealt", seat,
                            bits_count(*hand), q->state.cards);
    if (*hand & *taken) {
        char card[TEXT_CARD_BYTES];
        text_card_print(bits_lowest(*hand & *taken), card);
        return field_refuse(f, FIELD_HANDS, "of seat %d: %s is turned up or in another hand", seat,
                            card);
    }
    *taken |= *hand;
    return STATUS_OK;
}

/* A string or null for each seat. */
static Status check_hands(Fields *f, const AnalyzeQuery *q) {
    TRY(field_require(f, FIELD_HANDS, "an array of the seats' hands as dealt, null if unknown"));
    TRY(field_check_array(f, FIELD_HANDS, q->rules.players, q->rules.players));
    int seat = 0;
    for (const cJSON *item = f->item[FIELD_HANDS]->child; item; item = item->next, seat++)
        if (!cJSON_IsString(item) && !cJSON_IsNull(item))
            return field_refuse(f, FIELD_HANDS, "of seat %d: must be a string or null", seat);
    return STATUS_OK;
}

/* Why a card may not be played; NULL: it may. known: mask of the seats whose hands are in `s`.
 * dealt: what those seats were dealt, and the card turned up. */
static const char *card_refuse(const RoundState *s, int card, unsigned known, uint64_t dealt) {
    if (s->played & card_bit(card)) return "was played before";
    if (known >> s->turn & 1) {
        if (!(s->hands[s->turn] & card_bit(card))) return "is not in the seat's hand";
        if (!(round_legal(s) & card_bit(card)))
            return "does not follow suit, although the seat can";
        return NULL;
    }
    if (dealt & card_bit(card)) return "is turned up or in another hand";
    if (s->voids >> (4 * s->turn + card_suit(card)) & 1)
        return "is of a suit that the seat has shown to lack";
    return NULL;
}

typedef enum { APPLY_TURNS, APPLY_CHECKED } ApplyMode;

/* Applies the actions to the state. APPLY_TURNS: unchecked, to learn who moves. */
static Status apply_actions(Fields *f, RoundState *s, ApplyMode mode, unsigned known,
                            uint64_t dealt) {
    int i = 0;
    for (const cJSON *item = f->item[FIELD_ACTIONS]->child; item; item = item->next, i++) {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        int action = text_action_parse(s, text), quote = json_line_quoted_bytes(text, 40);
        const char *why = NULL;
        if (action < 0)
            why = round_is_over(s)      ? "comes after the last card"
                  : round_is_bidding(s) ? "is not a bid"
                                        : "is not a card";
        else if (mode == APPLY_CHECKED && !round_is_bidding(s))
            why = card_refuse(s, action, known, dealt);
        else if (mode == APPLY_CHECKED && !(round_legal(s) >> action & 1))
            why = "makes the bids add up to the cards dealt";
        if (why)
            return field_refuse(f, FIELD_ACTIONS, "at %d, of seat %d: \"%.*s\" %s", i, s->turn,
                                quote, text, why);
        round_apply(s, action);
    }
    if (!round_is_over(s)) return STATUS_OK;
    return field_refuse(f, FIELD_ACTIONS, "end the round: nothing is left to decide");
}

/* Some deal of the unseen cards must fit what the mover sees. */
static Status check_deals(Fields *f, const RoundState *s) {
    uint64_t binomial[WORLD_BINOMIALS];
    WorldScratch scratch;
    world_binomial_fill(binomial);
    if (world_count(&scratch, s, s->turn, binomial) == WORLD_OK) return STATUS_OK;
    return field_refuse(f, FIELD_ACTIONS,
                        "no deal of the unseen cards fits what the seats have shown");
}

static Status read_history(Fields *f, AnalyzeQuery *q, uint64_t taken) {
    int P = q->rules.players;
    RoundState turns = q->state;
    uint64_t hands[MAX_SEATS] = {0}, dealt = taken;
    unsigned known = 0;
    TRY(check_hands(f, q));
    if (q->open) {
        for (int seat = 0; seat < P; seat++) TRY(read_hand(f, q, seat, &dealt, hands + seat));
        known = (1u << P) - 1;
    }
    TRY(field_require(f, FIELD_ACTIONS, "an array of the bids and cards so far"));
    TRY(field_check_array(f, FIELD_ACTIONS, 0, MAX_ROUND_PLIES));
    if (!q->open) {
        TRY(apply_actions(f, &turns, APPLY_TURNS, 0, 0));
        TRY(read_hand(f, q, turns.turn, &dealt, hands + turns.turn));
        known = 1u << turns.turn;
    }
    memcpy(q->state.hands, hands, sizeof hands);
    TRY(apply_actions(f, &q->state, APPLY_CHECKED, known, dealt));
    return q->open ? STATUS_OK : check_deals(f, &q->state);
}

Status query_read_game(Fields *f, AnalyzeQuery *q) {
    int cards = 0, trump = 0, turned = 0, dealer = 0;
    static const uint64_t nothing[MAX_SEATS];
    TRY(read_table(f, q, &cards));
    TRY(read_trump(f, q, &trump, &turned));
    TRY(field_require(f, FIELD_DEALER, "a seat"));
    TRY(field_read_int(f, FIELD_DEALER, 0, q->rules.players - 1, &dealer));
    round_begin(&q->state, q->rules.players, cards, dealer, trump, turned, nothing);
    TRY(read_match(f, q));
    TRY(field_read_flag(f, FIELD_OPEN, &q->open));
    return read_history(f, q, turned == CARD_NONE ? 0 : card_bit(turned));
}
