/* game/text.h - cards, hands, trumps and actions as people write them: "AS", "AS KD 7C", "N", "3".
 *
 *   card     rank 23456789TJQKA, then suit SHCD        trump   S H C D, or N for none
 *   action   a bid in decimal while bidding, a card in play
 *
 * Pure functions on strings; capital letters only, nothing before or after. A parser answers -1,
 * or false, for anything else, and leaves its output as it was. */
#ifndef GAME_TEXT_H
#define GAME_TEXT_H

#include "rules.h"

enum {
    TEXT_CARD_BYTES = 3,        /* "AS" */
    TEXT_ACTION_BYTES = 4,      /* "AS", "17" */
    TEXT_HAND_BYTES = 3 * CARDS /* "AS KD ..": 52 cards, 51 spaces, the end */
};

/* 0..51, or -1. */
int text_card_parse(const char *text);
void text_card_print(int card, char out[TEXT_CARD_BYTES]);

/* 0..3, TRUMP_NONE for "N", or -1. */
int text_trump_parse(const char *text);
char text_trump_letter(int trump);

/* Cards in any order, one space between two; "" is the empty hand. On false `why` (why_bytes)
 * says what is wrong, in a few words without the name of the field. */
bool text_hand_parse(const char *text, uint64_t *hand, char *why, size_t why_bytes);
/* Ascending by card number. */
void text_hand_print(uint64_t hand, char out[TEXT_HAND_BYTES]);

/* What `text` means to the seat that moves: a bid 0..T or a card. Not whether it is legal, for
 * which the hand must be known: ask round_legal. -1 also when the round is over. */
int text_action_parse(const RoundState *s, const char *text);
void text_action_print(const RoundState *s, int action, char out[TEXT_ACTION_BYTES]);

#endif
