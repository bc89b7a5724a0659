/* tests/host/test_openspiel.c - OpenSpiel's card numbers are our cards. */
#include "game/text.h"
#include "host/programs/openspiel.h"
#include "tests/support/check.h"

/* OpenSpiel: rank * 4 + suit, suits C D S H. */
static void openspiel_cards_are_ours(void) {
    static const char suits[] = "CDSH", ranks[] = "23456789TJQKA";
    for (int number = 0; number < CARDS; number++) {
        const char text[3] = {ranks[number / 4], suits[number % 4], '\0'};
        CHECK(openspiel_card(number) == text_card_parse(text));
    }
}

int main(void) {
    openspiel_cards_are_ours();
    return check_report();
}
