/* tests/game/test_text.c - game/text.h: every card and action survives printing and parsing, and
 * invalid text is refused. */
#include "game/text.h"

#include "tests/support/check.h"

static void every_card_survives_printing_and_parsing(void) {
    static const char *const words[] = {"2S", "TS", "AS", "2H", "KH", "2C", "7C", "2D", "QD", "AD"};
    static const int cards[] = {0, 8, 12, 13, 24, 26, 31, 39, 49, 51};
    char text[TEXT_CARD_BYTES];
    for (int i = 0; i < 10; i++) {
        CHECK(text_card_parse(words[i]) == cards[i]);
        text_card_print(cards[i], text);
        CHECK(strcmp(text, words[i]) == 0);
    }
    for (int card = 0; card < CARDS; card++) {
        text_card_print(card, text);
        CHECK(text_card_parse(text) == card);
    }
}

static void texts_that_are_no_card_are_refused(void) {
    static const char *const words[] = {"",   "A",  "S",   "SA",  "as",  "As", "1S",       "10S",
                                        "AN", "AX", "AS ", " AS", "ASS", "TT", "\xC3\x84S"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        CHECK(text_card_parse(words[i]) == -1);
}

static void trumps_are_one_letter(void) {
    for (int trump = 0; trump <= TRUMP_NONE; trump++) {
        const char text[2] = {text_trump_letter(trump), '\0'};
        CHECK(text_trump_parse(text) == trump && text[0] == "SHCDN"[trump]);
    }
    CHECK(text_trump_parse("") == -1 && text_trump_parse("s") == -1 && text_trump_parse("X") == -1);
    CHECK(text_trump_parse("SH") == -1 && text_trump_parse("none") == -1);
}

static void hands_are_read_in_any_order(void) {
    char text[TEXT_HAND_BYTES], why[160];
    uint64_t hand = 1;
    CHECK(text_hand_parse("AS KD 7C 3C 2H", &hand, why, sizeof why));
    CHECK(hand == (card_bit(12) | card_bit(50) | card_bit(31) | card_bit(27) | card_bit(13)));
    text_hand_print(hand, text);
    CHECK(strcmp(text, "AS 2H 3C 7C KD") == 0);
    CHECK(text_hand_parse("", &hand, why, sizeof why) && hand == 0);
    text_hand_print(0, text);
    CHECK(strcmp(text, "") == 0);
    text_hand_print(CARDS_ALL, text);
    CHECK(strlen(text) == TEXT_HAND_BYTES - 1);
    CHECK(text_hand_parse(text, &hand, why, sizeof why) && hand == CARDS_ALL);
}

static void texts_that_are_no_hand_are_refused(void) {
    static const struct {
        const char *text, *why;
    } cases[] = {{"AS KD AS", "AS is given twice"},
                 {"AS XX", "\"XX\" is no card"},
                 {"AS  KD", "\"\" is no card"},
                 {" AS", "\"\" is no card"},
                 {"AS ", "\"\" is no card"},
                 {"ASKD", "\"ASKD\" is no card"},
                 {"AS,KD", "\"AS,KD\" is no card"},
                 {"AS\tKD", "\"AS\tKD\" is no card"},
                 /* 15 bytes, then a two-byte character: cut before it, not through it. */
                 {"xxxxxxxxxxxxxxx\xC3\xA4y", "\"xxxxxxxxxxxxxxx\" is no card"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[160] = "";
        uint64_t hand = 77;
        CHECK(!text_hand_parse(cases[i].text, &hand, why, sizeof why) && hand == 77);
        CHECK(strncmp(why, cases[i].why, strlen(cases[i].why)) == 0);
    }
}

static void actions_are_bids_then_cards(void) {
    static const char *const no_bids[] = {"",   "-1", "+1",  "01", " 1",
                                          "1 ", "18", "100", "AS", "1.0"};
    const uint64_t hands[] = {0x1FFFF, (uint64_t)0x1FFFF << 17, (uint64_t)0x1FFFF << 34};
    char text[TEXT_ACTION_BYTES];
    RoundState s;
    round_begin(&s, 3, 17, 2, TRUMP_NONE, CARD_NONE, hands);
    for (int bid = 0; bid <= 17; bid++) {
        text_action_print(&s, bid, text);
        CHECK(text_action_parse(&s, text) == bid);
    }
    CHECK(text_action_parse(&s, "0") == 0 && text_action_parse(&s, "17") == 17);
    for (size_t i = 0; i < sizeof no_bids / sizeof *no_bids; i++)
        CHECK(text_action_parse(&s, no_bids[i]) == -1);
    for (int i = 0; i < 3; i++) round_apply(&s, 0);
    CHECK(text_action_parse(&s, "3") == -1 && text_action_parse(&s, "AD") == 51);
    text_action_print(&s, 8, text);
    CHECK(strcmp(text, "TS") == 0);
    s.tricks_done = s.cards;
    CHECK(text_action_parse(&s, "AD") == -1);
}

int main(void) {
    every_card_survives_printing_and_parsing();
    texts_that_are_no_card_are_refused();
    trumps_are_one_letter();
    hands_are_read_in_any_order();
    texts_that_are_no_hand_are_refused();
    actions_are_bids_then_cards();
    return check_report();
}
