/* tests/game/test_observe.c - the network's inputs, worked out by hand, and what must not change
 * them. */
#include "game/observe.h"

#include "game/text.h"
#include "tests/support/check.h"
#include "tests/support/random_position.h"

enum { POSITIONS = 24 }; /* of each variant, P and T */

static const Rules BLOB4 = {RULES_BLOB, 4, 0, 0}, BLOB3 = {RULES_BLOB, 3, 0, 0};
static const Standing NO_STANDING = {{0, 0, 0, 0, 0, 0, 0, 0}, 0, 0};

/* The row holds the cells of `want` ("column" for a 1, or "column=a/b") and zeros elsewhere. */
static void row_is(const Rules *rules, const RoundState *s, const Standing *standing,
                   const char *want) {
    float x[OBSERVE_COLUMNS], cell[OBSERVE_COLUMNS] = {0};
    int column, over, under, length;
    for (; sscanf(want, "%d%n", &column, &length) == 1; want += length) {
        cell[column] = 1;
        want += length;
        if (sscanf(want, "=%d/%d%n", &over, &under, &length) == 2)
            cell[column] = (float)over / (float)under;
        else
            length = 0;
    }
    memset(x, 0xFF, sizeof x);
    observe_one(rules, s, standing, x, TEAM_OF_ONE);
    for (int i = 0; i < OBSERVE_COLUMNS; i++) {
        if (x[i] != cell[i])
            fprintf(stderr, "column %d: %g, expected %g\n", i, (double)x[i], (double)cell[i]);
        CHECK(x[i] == cell[i]);
    }
}

static RoundState dealt(int P, int T, int dealer, int trump, int turned, const char *const *hands) {
    RoundState s;
    uint64_t held[MAX_SEATS] = {0};
    char why[64];
    for (int i = 0; i < P; i++) CHECK(text_hand_parse(hands[i], &held[i], why, sizeof why));
    round_begin(&s, P, T, dealer, trump, turned, held);
    return s;
}

static void play(RoundState *s, const char *action) {
    int a = text_action_parse(s, action);
    CHECK(a >= 0 && (round_legal(s) >> a & 1));
    round_apply(s, a);
}

static void order_is(const RoundState *s, int a, int b, int c, int d) {
    uint8_t order[SUITS], suit_index[SUITS];
    observe_suit_order(s, order);
    observe_suit_indices(s, suit_index);
    CHECK(order[0] == a && order[1] == b && order[2] == c && order[3] == d);
    CHECK(suit_index[a] == 0 && suit_index[b] == 1 && suit_index[c] == 2 && suit_index[d] == 3);
}

/* The dealer bids last; clubs come before the suits in which it is void: H C S D. */
static void last_bidder_row_matches_hand_calculation(void) {
    static const char *const hands[] = {"KS QS JS", "KD QD JD", "AH 7C 3C", "2S 2H 2D"};
    RoundState s = dealt(4, 3, 2, 1, CARD_NONE, hands);
    play(&s, "1");
    play(&s, "2");
    play(&s, "0");
    row_is(&BLOB4, &s, &NO_STANDING,
           "12 18 14"                       /* hand */
           " 157=1/32 158=2/32 165 166 167" /* bids, and who has bid */
           " 181=1/32 182=2/32 220 229"     /* needed, dealer, leader */
           " 236 238=3/32 239=3/32 240 241=1/32 242=3/256 244=1/2");
    order_is(&s, 1, 2, 0, 3);
    uint8_t suit_index[SUITS];
    observe_suit_indices(&s, suit_index);
    for (int b = 0; b <= 3; b++) CHECK(observe_action_column(&s, suit_index, b) == b);
}

/* Third to play, no trump, two voids shown: H D S C. */
static void trick_row_matches_hand_calculation(void) {
    static const char *const hands[] = {"AS KS 2D 9C", "QS 3H 4H TC", "5D 6D 7H 8H"};
    static const char *const actions[] = {"1", "0", "2", "QS", "5D", "AS", "2D", "TC"};
    RoundState s = dealt(3, 4, 0, TRUMP_NONE, CARD_NONE, hands);
    for (int i = 0; i < 8; i++) play(&s, actions[i]);
    row_is(&BLOB3, &s, &NO_STANDING,
           "17 5 6"                                  /* hand */
           " 88 90 68 65 99 117=2/8 151=3/8"         /* played; the trick */
           " 157=2/32 158=1/32 164 165 166 173=1/32" /* bids, tricks */
           " 181=1/32 182=1/32 190 197 221 229"      /* needed, voids, dealer, leader */
           " 238=4/32 239=3/32 242=3/256 243=-1/256 244=3/8");
    order_is(&s, 1, 3, 0, 2);
    uint8_t suit_index[SUITS];
    observe_suit_indices(&s, suit_index);
    CHECK(observe_action_column(&s, suit_index, text_card_parse("6D")) == 17);
    CHECK(observe_action_column(&s, suit_index, text_card_parse("8H")) == 6);
}

/* Oh-hell with the penalty, 9D turned up, in the third round of nine: D S H C. */
static void full_game_row_matches_hand_calculation(void) {
    static const char *const hands[] = {"KS QH", "KD QD", "AH 7C", "2C 2H", "2S AD"};
    Rules rules = {RULES_OH_HELL, 5, 3, 1};
    Standing standing = {{10, -7, 33, 0, 21, 0, 0, 0}, 2, 9};
    RoundState s = dealt(5, 2, 3, 3, text_card_parse("9D"), hands);
    row_is(&rules, &s, &standing,
           "12 13 59=1/2 224 228 236 237 238=2/32 239=2/32 240 243=-2/256 244=5/8 245=4/256"
           " 247=-11/256 248=-28/256 249=12/256 250=-21/256 254=2/64 255=9/64");
    order_is(&s, 3, 0, 1, 2);
    float x[OBSERVE_COLUMNS];
    standing.scores[0] =
        21 + 301; /* 9 bits: halfway between 300 and 302; 300 = 2 * 150 is the even one */
    standing.scores[1] = 21 - 303; /* halfway between 302 and 304; 304 = 2 * 152 is the even one */
    standing.scores[2] = 21 + 300;
    rules.penalty = 0;
    observe_one(&rules, &s, &standing, x, TEAM_OF_ONE);
    CHECK(x[247] == 300.0f / 256 && x[248] == -304.0f / 256 && x[249] == 300.0f / 256);
    CHECK(x[237] == 0 && x[250] == -21.0f / 256);
}

/* Seat i becomes seat i + by; cards that no seat holds stay as they are. */
static RoundState rotate_seats(const RoundState *s, int by) {
    RoundState t = *s;
    int P = s->players;
    t.voids = 0;
    for (int from = 0; from < P; from++) {
        int to = (from + by) % P;
        t.hands[to] = s->hands[from];
        t.bids[to] = s->bids[from];
        t.tricks[to] = s->tricks[from];
        t.voids |= (s->voids >> (4 * from) & 15) << (4 * to);
    }
    t.dealer = (uint8_t)((s->dealer + by) % P);
    t.leader = (uint8_t)((s->leader + by) % P);
    t.turn = (uint8_t)((s->turn + by) % P);
    return t;
}

static int rename_card(int card, const int *names) {
    return card == CARD_NONE ? card : names[card_suit(card)] * RANKS + card_rank(card);
}

static uint64_t rename_cards(uint64_t cards, const int *names) {
    uint64_t renamed = 0;
    for (; cards; cards &= cards - 1) renamed |= card_bit(rename_card(bits_lowest(cards), names));
    return renamed;
}

/* Suit u becomes names[u], trump included. */
static RoundState rename_suits(const RoundState *s, const int *names) {
    RoundState t = *s;
    for (int i = 0; i < MAX_SEATS; i++) {
        t.hands[i] = rename_cards(s->hands[i], names);
        t.trick[i] = (uint8_t)rename_card(s->trick[i], names);
    }
    t.played = rename_cards(s->played, names);
    t.turned = (uint8_t)rename_card(s->turned, names);
    t.trump = (uint8_t)(s->trump == TRUMP_NONE ? TRUMP_NONE : names[s->trump]);
    t.voids = 0;
    for (int bit = 0; bit < 32; bit++)
        if (s->voids >> bit & 1) t.voids |= 1u << (bit / 4 * 4 + names[bit % 4]);
    return t;
}

/* Whether the row shows the same for the suits with canonical indices a and b. */
static bool looks_alike(const float *x, int a, int b) {
    for (int rank = 0; rank < RANKS; rank++)
        for (int block = 0; block < 3; block++)
            if (x[52 * block + 13 * a + rank] != x[52 * block + 13 * b + rank]) return false;
    for (int r = 0; r < MAX_SEATS; r++)
        if (x[188 + 4 * r + a] != x[188 + 4 * r + b]) return false;
    return (a != 0 && b != 0) || x[236] == 0; /* its index marks the trump suit */
}

static int renamed_rows, swapped_columns, late_positions, void_positions;

static bool same_row(const Rules *rules, const RoundState *s, const Standing *standing,
                     const float *row) {
    float x[OBSERVE_COLUMNS];
    uint16_t halves[OBSERVE_COLUMNS];
    ObserveRow bf16 = {halves, true};
    int lost = 0;
    observe_one(rules, s, standing, x, TEAM_OF_ONE);
    observe_row(rules, s, standing, bf16, TEAM_OF_ONE);
    for (int i = 0; i < OBSERVE_COLUMNS; i++) lost += bf16_to_float(halves[i]) != x[i];
    return memcmp(x, row, sizeof x) == 0 && lost == 0;
}

/* The row stays the same, and a legal card's column stays or becomes that of a suit that looks
 * alike. */
static void check_renamed(const Rules *rules, const RoundState *s, const Standing *standing,
                          const float *row, const int *names) {
    RoundState t = rename_suits(s, names);
    uint8_t suit_index[SUITS], renamed_index[SUITS];
    uint64_t columns = 0, renamed_columns = 0;
    CHECK(same_row(rules, &t, standing, row));
    renamed_rows++;
    if (round_is_bidding(s)) return;
    observe_suit_indices(s, suit_index);
    observe_suit_indices(&t, renamed_index);
    for (uint64_t legal = round_legal(s); legal; legal &= legal - 1) {
        int card = bits_lowest(legal);
        int column = observe_action_column(s, suit_index, card);
        int renamed = observe_action_column(&t, renamed_index, rename_card(card, names));
        columns |= card_bit(column);
        renamed_columns |= card_bit(renamed);
        CHECK(row[column] == 1 && column % RANKS == card_rank(card));
        if (column == renamed) continue;
        CHECK(renamed % RANKS == card_rank(card));
        CHECK(looks_alike(row, column / RANKS, renamed / RANKS));
        swapped_columns++;
    }
    CHECK(columns == renamed_columns);
}

static void every_renaming(const Rules *rules, const RoundState *s, const Standing *standing,
                           const float *row) {
    for (int i = 0; i < 256; i++) {
        int names[SUITS] = {i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6};
        int all = 1 << names[0] | 1 << names[1] | 1 << names[2] | 1 << names[3];
        if (all == 15) check_renamed(rules, s, standing, row, names);
    }
}

static void check_position(const Rules *rules, int T, uint64_t item) {
    Rng rng;
    RoundState s = random_position(rules, T, item, &rng);
    Standing standing = {{0, 0, 0, 0, 0, 0, 0, 0}, (int16_t)rng_below(&rng, 34), 35};
    float row[OBSERVE_COLUMNS];
    for (int i = 0; i < rules->players; i++)
        standing.scores[i] = (int16_t)((int)rng_below(&rng, 1200) - 600);
    observe_one(rules, &s, &standing, row, TEAM_OF_ONE);
    for (int i = 0; i < OBSERVE_COLUMNS; i++) {
        uint32_t bits;
        memcpy(&bits, &row[i], sizeof bits);
        CHECK((bits & 0xFFFF) == 0);
        CHECK(row[i] >= -8 && row[i] <= 8);
    }
    late_positions += !round_is_bidding(&s);
    void_positions += s.voids != 0;
    RoundState hidden = s;
    for (int i = 0; i < 3; i++) {
        deal_hidden(&hidden, &rng);
        CHECK(same_row(rules, &hidden, &standing, row));
    }
    for (int by = 1; by < rules->players; by++) {
        RoundState turned = rotate_seats(&s, by);
        Standing rotated = standing;
        for (int i = 0; i < rules->players; i++)
            rotated.scores[(i + by) % rules->players] = standing.scores[i];
        CHECK(same_row(rules, &turned, &rotated, row));
    }
    every_renaming(rules, &s, &standing, row);
}

/* Only the order of the current trick tells the two suits apart. */
static void trick_order_tells_suits_apart(void) {
    static const char *const hands[] = {"5S 2C 3C", "5H 7C 8C", "9C TC JC"};
    RoundState s = dealt(3, 3, 2, TRUMP_NONE, CARD_NONE, hands);
    float row[OBSERVE_COLUMNS];
    play(&s, "0");
    play(&s, "0");
    play(&s, "0");
    play(&s, "5S");
    play(&s, "5H");
    observe_one(&BLOB3, &s, &NO_STANDING, row, TEAM_OF_ONE);
    order_is(&s, 2, 0, 1, 3);
    int swapped = swapped_columns;
    every_renaming(&BLOB3, &s, &NO_STANDING, row);
    CHECK(swapped_columns == swapped); /* the mover holds only clubs */
}

/* Equal holdings: the lower suit comes first, and their cards may swap columns. */
static void identical_suits_keep_their_order(void) {
    static const char *const hands[] = {"AS AH AD 2C", "KS KH KD KC"};
    static const Rules two = {RULES_BLOB, 2, 0, 0};
    RoundState s = dealt(2, 4, 1, TRUMP_NONE, CARD_NONE, hands);
    float row[OBSERVE_COLUMNS];
    order_is(&s, 0, 1, 3, 2);
    s.trump = 1;
    order_is(&s, 1, 0, 3, 2);
    s.trump = 2;
    order_is(&s, 2, 0, 1, 3);
    play(&s, "0");
    play(&s, "1");
    observe_one(&two, &s, &NO_STANDING, row, TEAM_OF_ONE);
    int swapped = swapped_columns;
    every_renaming(&two, &s, &NO_STANDING, row);
    /* of the 6 orders of three suits, three move 2 suits and two move all 3; clubs can come at 4
     * positions */
    CHECK(swapped_columns - swapped == 4 * (3 * 2 + 2 * 3));
}

int main(void) {
    uint64_t item = 0;
    last_bidder_row_matches_hand_calculation();
    trick_row_matches_hand_calculation();
    full_game_row_matches_hand_calculation();
    trick_order_tells_suits_apart();
    identical_suits_keep_their_order();
    for (int variant = 0; variant < RULES_COUNT; variant++)
        for (int P = rules_min_players(variant); P <= rules_max_players(variant); P++) {
            Rules rules = {(uint8_t)variant, (uint8_t)P, 0, 0};
            for (int T = 1; T <= round_max_cards(&rules); T++)
                for (int i = 0; i < POSITIONS && checks_failed < 20; i++, item++) {
                    rules.points = (uint8_t)(variant == RULES_OH_HELL ? item % 256 : 0);
                    rules.penalty = variant == RULES_OH_HELL && item % 2;
                    check_position(&rules, T, item);
                }
        }
    CHECK(item > 3000 && late_positions > 1500 && void_positions > 500 && swapped_columns > 100);
    return check_report();
}
