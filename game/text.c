/* game/text.c - text to cards and actions, and back. */
#include "text.h"

#include <stdio.h>

static const char RANK_LETTERS[] = "23456789TJQKA", SUIT_LETTERS[] = "SHCDN";

/* The index of the letter among the first n, or -1. */
static int letter_index(const char *letters, int n, char letter) {
    for (int i = 0; i < n; i++)
        if (letters[i] == letter) return i;
    return -1;
}

/* At most 16 of the n bytes, and no character of UTF-8 cut in two. */
static int quoted_bytes(const char *text, int n) {
    if (n <= 16) return n;
    for (n = 16; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;) n--;
    return n;
}

/* The card that the first two characters name, whatever follows. */
static int card_at(const char *text) {
    int rank = letter_index(RANK_LETTERS, RANKS, text[0]);
    int suit = rank < 0 ? -1 : letter_index(SUIT_LETTERS, SUITS, text[1]);
    return suit < 0 ? -1 : suit * RANKS + rank;
}

int text_card_parse(const char *text) {
    int card = card_at(text);
    return card >= 0 && text[2] == '\0' ? card : -1;
}

void text_card_print(int card, char out[TEXT_CARD_BYTES]) {
    out[0] = RANK_LETTERS[card_rank(card)];
    out[1] = SUIT_LETTERS[card_suit(card)];
    out[2] = '\0';
}

int text_trump_parse(const char *text) {
    int trump = letter_index(SUIT_LETTERS, TRUMP_NONE + 1, text[0]);
    return trump >= 0 && text[1] == '\0' ? trump : -1;
}

char text_trump_letter(int trump) { return SUIT_LETTERS[trump]; }

bool text_hand_parse(const char *text, uint64_t *hand, char *why, size_t why_bytes) {
    uint64_t cards = 0;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        int card = word == 2 ? card_at(text) : -1;
        if (card < 0) {
            snprintf(why, why_bytes,
                     "\"%.*s\" is no card: cards are a rank of %s and a suit of %.4s, with one "
                     "space between two",
                     quoted_bytes(text, word), text, RANK_LETTERS, SUIT_LETTERS);
            return false;
        }
        if (cards & card_bit(card)) {
            snprintf(why, why_bytes, "%.2s is given twice", text);
            return false;
        }
        cards |= card_bit(card);
        text += 2;
        if (text[0] == ' ' && text[1] != '\0') text++;
    }
    *hand = cards;
    return true;
}

void text_hand_print(uint64_t hand, char out[TEXT_HAND_BYTES]) {
    char *at = out;
    *at = '\0';
    for (; hand != 0; hand &= hand - 1) {
        if (at != out) *at++ = ' ';
        text_card_print(bits_lowest(hand), at);
        at += 2;
    }
}

/* "0", "7", "17": no sign, no leading zero, 0..cards. */
static int bid_parse(const char *text, int cards) {
    int bid = 0, digits = (int)strspn(text, "0123456789");
    if (digits < 1 || digits > 2 || text[digits] != '\0') return -1;
    if (digits == 2 && text[0] == '0') return -1;
    for (int i = 0; i < digits; i++) bid = 10 * bid + (text[i] - '0');
    return bid <= cards ? bid : -1;
}

int text_action_parse(const RoundState *s, const char *text) {
    if (round_is_bidding(s)) return bid_parse(text, s->cards);
    return round_is_over(s) ? -1 : text_card_parse(text);
}

void text_action_print(const RoundState *s, int action, char out[TEXT_ACTION_BYTES]) {
    if (round_is_bidding(s))
        snprintf(out, TEXT_ACTION_BYTES, "%d", action);
    else
        text_card_print(action, out);
}
