/* host/games/game_record.c - checks and decodes the 16-bit words of a game. */
#include "game_record.h"

#include <stdarg.h>
#include <stdio.h>

#include "game/sequence.h"

static bool refuse(GameRecord *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(GameRecord *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(g->wrong, sizeof g->wrong, format, args);
    va_end(args);
    return false;
}

bool game_record_begin(GameRecord *g, const GameTerms *terms, const uint16_t *words, int count) {
    memset(g, 0, sizeof *g);
    g->terms = *terms;
    g->words = words;
    g->count = count;
    if (count < RECORD_HEAD_WORDS || count > RECORD_MAX_WORDS || words[RECORD_WORDS_AT] != count)
        return refuse(g, "the record has %d words, its head says %d", count,
                      count > RECORD_WORDS_AT ? words[RECORD_WORDS_AT] : 0);
    g->id = record_id(words);
    g->rounds = words[RECORD_ROUNDS_AT];
    g->at = RECORD_HEAD_WORDS;
    int players = terms->rules.players;
    int rounds = terms->full ? sequence_rounds(players, terms->cards) : 1;
    if (g->id < 0) return refuse(g, "its id is out of range");
    if (words[RECORD_PLAYERS_AT] != players || words[RECORD_VARIANT_AT] != terms->rules.variant)
        return refuse(g, "%d players of rules %d, expected %d of rules %d",
                      words[RECORD_PLAYERS_AT], words[RECORD_VARIANT_AT], players,
                      terms->rules.variant);
    if (g->rounds != rounds) return refuse(g, "%d rounds, expected %d", g->rounds, rounds);
    return true;
}

/* Takes the next n words; NULL: the record ends before. */
static const uint16_t *take(GameRecord *g, int n) {
    if (n > g->count - g->at) {
        refuse(g, "it ends within round %d", g->round);
        return NULL;
    }
    const uint16_t *words = g->words + g->at;
    g->at += n;
    return words;
}

/* Checks a round's cards, dealer, trump and turned card against the terms and the first round. */
static bool check_head(GameRecord *g, const uint16_t *head) {
    const GameTerms *terms = &g->terms;
    int P = terms->rules.players, dealer = head[RECORD_DEALER_AT], trump = head[RECORD_TRUMP_AT],
        turned = head[RECORD_TURNED_AT];
    bool blob = terms->rules.variant == RULES_BLOB;
    int T = terms->full ? sequence_cards(P, terms->cards, g->round) : terms->cards;
    if (head[RECORD_CARDS_AT] != T)
        return refuse(g, "round %d has %d cards, expected %d", g->round, head[RECORD_CARDS_AT], T);
    if (dealer >= P) return refuse(g, "round %d: dealer %d of %d", g->round, dealer, P);
    if (blob ? turned != CARD_NONE || trump > TRUMP_NONE : turned >= CARDS)
        return refuse(g, "round %d: trump %d, turned card %d", g->round, trump, turned);
    if (!blob && trump != card_suit(turned))
        return refuse(g, "round %d: trump %d is not the turned card's suit", g->round, trump);
    if (g->round == 0) {
        g->first_dealer = dealer;
        g->first_trump = trump;
    }
    int due = sequence_dealer(P, g->first_dealer, g->round);
    if (dealer != due) return refuse(g, "round %d: dealer %d, expected %d", g->round, dealer, due);
    due = blob ? sequence_trump(g->first_trump, g->round) : trump;
    return trump == due || refuse(g, "round %d: trump %d, expected %d", g->round, trump, due);
}

static bool read_deal(GameRecord *g, RecordRound *out) {
    const uint16_t *head = take(g, RECORD_ROUND_WORDS);
    if (!head || !check_head(g, head)) return false;
    int P = g->terms.rules.players, T = head[RECORD_CARDS_AT];
    const uint16_t *deal = take(g, P * T);
    if (!deal) return false;
    uint64_t hands[MAX_SEATS] = {0},
             dealt = head[RECORD_TURNED_AT] == CARD_NONE ? 0 : card_bit(head[RECORD_TURNED_AT]);
    for (int i = 0; i < P * T; i++) {
        int card = deal[i];
        if (card >= CARDS || (dealt & card_bit(card)))
            return refuse(g, "round %d: card %d is dealt twice or does not exist", g->round, card);
        if (i % T > 0 && card < deal[i - 1])
            return refuse(g, "round %d: the hand of seat %d is not ascending", g->round, i / T);
        dealt |= card_bit(card);
        hands[i / T] |= card_bit(card);
    }
    round_begin(&out->start, P, T, head[RECORD_DEALER_AT], head[RECORD_TRUMP_AT],
                head[RECORD_TURNED_AT], hands);
    return true;
}

/* Plays the round through; legal[ply] receives the actions that were legal there. */
static bool play_through(GameRecord *g, RecordRound *out, uint64_t legal[MAX_ROUND_PLIES]) {
    const Rules *rules = &g->terms.rules;
    int P = out->start.players;
    out->action_count = P + P * out->start.cards;
    const uint16_t *actions = take(g, out->action_count), *scores = actions ? take(g, P) : NULL;
    if (!scores) return false;
    out->end = out->start;
    for (int i = 0; i < out->action_count; i++) {
        legal[i] = round_legal(&out->end);
        if (actions[i] >= ACTIONS || !(legal[i] >> actions[i] & 1))
            return refuse(g, "round %d, ply %d: action %d is not legal", g->round, i, actions[i]);
        out->actions[i] = (uint8_t)actions[i];
        round_apply(&out->end, actions[i]);
    }
    for (int seat = 0; seat < MAX_SEATS; seat++) {
        int score = seat < P ? round_score(rules, &out->end, seat) : 0;
        out->scores[seat] = (int16_t)score;
        if (seat < P && (int16_t)scores[seat] != score)
            return refuse(g, "round %d: seat %d scored %d, expected %d", g->round, seat,
                          (int16_t)scores[seat], score);
    }
    return true;
}

static bool read_decisions(GameRecord *g, RecordRound *out, const uint64_t *legal) {
    const uint16_t *count = take(g, 1);
    if (!count) return false;
    if (*count > out->action_count)
        return refuse(g, "round %d: %d decisions in %d plies", g->round, *count, out->action_count);
    out->decision_count = *count;
    for (int i = 0, last = -1; i < out->decision_count; i++) {
        RecordDecision *d = &out->decisions[i];
        const uint16_t *head = take(g, RECORD_VISITS_AT);
        if (!head) return false;
        d->ply = head[RECORD_PLY_AT];
        d->legal_count = head[RECORD_LEGAL_AT];
        if (d->ply <= last || d->ply >= out->action_count)
            return refuse(g, "round %d: decision at ply %d after %d", g->round, d->ply, last);
        last = d->ply;
        if (d->legal_count < 2 || d->legal_count != bits_count(legal[d->ply]))
            return refuse(g, "round %d, ply %d: %d visit counts for %d legal actions", g->round,
                          d->ply, d->legal_count, bits_count(legal[d->ply]));
        d->visits = take(g, d->legal_count);
        if (!d->visits) return false;
        d->sum = 0;
        for (int e = 0; e < d->legal_count; e++) d->sum += d->visits[e];
        if (d->sum == 0) return refuse(g, "round %d, ply %d: no visits", g->round, d->ply);
    }
    return true;
}

bool game_record_next(GameRecord *g, RecordRound *out) {
    uint64_t legal[MAX_ROUND_PLIES];
    if (g->wrong[0]) return false;
    if (g->round == g->rounds)
        return g->at != g->count && refuse(g, "%d words after its end", g->count - g->at);
    if (!read_deal(g, out) || !play_through(g, out, legal)) return false;
    if (!read_decisions(g, out, legal)) return false;
    g->round++;
    return true;
}
