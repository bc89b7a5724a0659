/* tests/play/test_deal.c - deals are unbiased, dealer and trump are drawn or pinned, rounds come
 * in the order of the rules. */
#include "device/play/deal.h"

#include "host/games/game_record.h"
#include "tests/support/play_run.h"

enum { DEALS = 20000, STARTS = 7000 };

/* Pearson's statistic of counts (n) that should be equal. */
static double chi_square(const int *counts, int n) {
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++) total += counts[i];
    for (int i = 0; i < n; i++) sum += (counts[i] - total / n) * (counts[i] - total / n);
    return sum * n / total;
}

/* 5 standard deviations over the mean, and 10 for the long tail of few degrees of freedom. */
static bool is_even(double chi, int degrees) {
    return chi < degrees + 10 + 5 * sqrt(2.0 * degrees);
}

/* Every card is equally often in each of the P hands of T cards, as the turned card and in the
 * stock. */
static void deals_are_unbiased(int P, int T, int turn_up) {
    static int at[CARDS][MAX_SEATS + 2], pairs[CARDS];
    double size[MAX_SEATS + 2], chi = 0;
    int piles = 0;
    memset(at, 0, sizeof at);
    memset(pairs, 0, sizeof pairs);
    for (int i = 0; i < DEALS; i++) {
        uint64_t hands[MAX_SEATS], all = 0;
        Rng rng = rng_begin(3, (uint64_t)i, 0, RNG_DEAL, (uint32_t)(P * 20 + T));
        int turned = deal_hands(&rng, P, T, turn_up, hands);
        for (int seat = 0; seat < MAX_SEATS; seat++) {
            CHECK(bits_count(hands[seat]) == (seat < P ? T : 0) && (all & hands[seat]) == 0);
            all |= hands[seat];
            for (uint64_t hand = hands[seat]; hand; hand &= hand - 1) at[bits_lowest(hand)][seat]++;
        }
        CHECK(turn_up ? turned < CARDS && !(all >> turned & 1) : turned == CARD_NONE);
        if (turn_up) at[turned][P]++;
        for (int c = 0; c < CARDS; c++) pairs[c] += hands[0] >> c & hands[0] >> (c + 1) % CARDS & 1;
    }
    for (int seat = 0; seat < P; seat++) size[piles++] = T;
    if (turn_up) size[piles++] = 1;
    if (P * T + turn_up < CARDS) size[piles++] = CARDS - P * T - turn_up;
    for (int c = 0; c < CARDS; c++) {
        int dealt = 0;
        for (int i = 0; i < P + turn_up; i++) dealt += at[c][i];
        if (piles > P + turn_up) at[c][piles - 1] = DEALS - dealt;
        for (int i = 0; i < piles; i++) {
            double want = DEALS * size[i] / CARDS;
            chi += (at[c][i] - want) * (at[c][i] - want) / want;
        }
    }
    CHECK(is_even(chi, (CARDS - 1) * (piles - 1)));
    /* neighbours in the deck are together no more often than other cards */
    double want = (double)DEALS * T * (T - 1) / (CARDS * (CARDS - 1.0)), off = 0;
    for (int c = 0; c < CARDS && T > 1; c++) off += (pairs[c] - want) * (pairs[c] - want) / want;
    CHECK(is_even(off, CARDS));
}

/* One slot, as deal_game needs it. */
typedef struct {
    Play play;
    Slot slot;
    Standing standing;
    uint16_t words[RECORD_MAX_WORDS];
} Table;

static void table_set(Table *t, const SelfplayConfig *c) {
    memset(t, 0, sizeof *t);
    t->play.search.rules = c->rules;
    t->play.settings = c->settings;
    t->play.G = 1;
    t->play.record_words = RECORD_MAX_WORDS;
    t->play.slots = &t->slot;
    t->play.standing = &t->standing;
    t->play.records = t->words;
}

/* First dealers and trumps of many games: all pairs are about equally frequent. */
static void dealers_and_trumps_are_unbiased(int P) {
    static Table t;
    int pairs[MAX_SEATS * 5] = {0}, follows[MAX_SEATS * MAX_SEATS] = {0}, last = 0;
    SelfplayConfig c = play_config(RULES_BLOB, P, 3, 0);
    table_set(&t, &c);
    for (uint64_t id = 0; id < STARTS; id++) {
        deal_game(&t.play, 0, id);
        const RoundState *s = &t.slot.state;
        CHECK(s->dealer < P && s->trump <= TRUMP_NONE && s->turned == CARD_NONE);
        CHECK(s->turn == (s->dealer + 1) % P && s->leader == s->turn && s->bid_count == 0);
        pairs[s->dealer * 5 + s->trump]++;
        if (id > 0) follows[last * P + s->dealer]++;
        last = s->dealer;
    }
    CHECK(is_even(chi_square(pairs, 5 * P), 5 * P - 1));
    CHECK(is_even(chi_square(follows, P * P), P * P - 1));
}

/* Pins hold and leave the game's cards as they are; another game or seed has other cards. */
static void pins_hold_and_leave_the_cards_unchanged(void) {
    static Table free, pinned;
    SelfplayConfig c = play_config(RULES_BLOB, 4, 5, 0);
    table_set(&free, &c);
    for (int pin = 0; pin < 20; pin++) {
        c.settings.dealer = pin % 4;
        c.settings.trump = pin % 5;
        table_set(&pinned, &c);
        for (uint64_t id = 0; id < 20; id++) {
            deal_game(&free.play, 0, id);
            deal_game(&pinned.play, 0, id);
            const RoundState *a = &free.slot.state, *b = &pinned.slot.state;
            CHECK(b->dealer == pin % 4 && b->trump == pin % 5);
            CHECK(memcmp(a->hands, b->hands, sizeof a->hands) == 0);
        }
    }
    uint64_t first[MAX_SEATS];
    deal_game(&free.play, 0, 5);
    memcpy(first, free.slot.state.hands, sizeof first);
    deal_game(&free.play, 0, ((uint64_t)1 << 32) + 5);
    CHECK(memcmp(first, free.slot.state.hands, sizeof first) != 0);
    free.play.settings.seed++;
    deal_game(&free.play, 0, 5);
    CHECK(memcmp(first, free.slot.state.hands, sizeof first) != 0);
}

static int turned_up[CARDS]; /* over all rounds of oh-hell */

/* A recorded round: its words `w` match the deal, and its head matches the expected values. */
static void check_round(const uint16_t *w, const RecordRound *r, int T, int dealer, int trump) {
    const RoundState *s = &r->start;
    int P = s->players;
    CHECK(w[0] == T && w[1] == dealer && w[2] == trump && s->trump == trump && s->cards == T);
    CHECK(s->leader == (dealer + 1) % P && r->action_count == P + P * T);
    for (int i = 1; i < P * T; i++) CHECK(i % T == 0 || w[4 + i - 1] < w[4 + i]);
    for (int i = 0; i < P * T; i++) CHECK(s->hands[i / T] >> w[4 + i] & 1);
    for (int i = 0; i < P + P * T; i++) CHECK(w[4 + P * T + i] == r->actions[i]);
    if (s->turned != CARD_NONE) turned_up[s->turned]++;
}

/* Full games of a run: T, dealer and trump of each round as the rules list them. */
static void rounds_follow_the_sequence(SelfplayConfig c, const int *cards, int rounds,
                                       int64_t games) {
    PlayRun run = {
        .config = c,
        .weights = NULL,
        .ranges = NULL,
        .range_count = 0,
        .games = games,
        .threads = 1,
        .narrow = false,
    };
    run.config.worlds = run.config.simulations = 1;
    run.config.evaluator = EVALUATOR_UNIFORM;
    Played played = play_run(&run);
    GameTerms terms = {c.rules, c.settings.cards, 1};
    int P = c.rules.players;
    CHECK(played.count == games);
    for (int64_t g = 0; g < played.count; g++) {
        GameRecord record;
        RecordRound round;
        const uint16_t *w = played.record[g];
        int dealer = w[RECORD_HEAD_WORDS + 1], trump = w[RECORD_HEAD_WORDS + 2];
        uint64_t last[MAX_SEATS] = {0};
        CHECK(w[0] == g && w[1] + w[2] + w[3] == 0 && w[5] == rounds && w[6] == P);
        CHECK(c.settings.dealer < 0 || dealer == c.settings.dealer);
        CHECK(c.settings.trump < 0 || trump == c.settings.trump);
        CHECK(game_record_begin(&record, &terms, w, w[4]));
        for (int i = 0; i < rounds && !checks_failed; i++) {
            int at = record.at;
            CHECK(game_record_next(&record, &round));
            if (round.start.turned != CARD_NONE) trump = round.start.turned / 13;
            check_round(w + at, &round, cards[i], dealer, trump);
            CHECK(memcmp(last, round.start.hands, sizeof last) != 0);
            memcpy(last, round.start.hands, sizeof last);
            dealer = dealer + 1 == P ? 0 : dealer + 1;
            trump = trump == TRUMP_NONE ? 0 : trump + 1;
        }
        CHECK(!game_record_next(&record, &round) && !record.wrong[0]);
        if (record.wrong[0]) fprintf(stderr, "game %d: %s\n", (int)g, record.wrong);
    }
    play_free(&played);
}

int main(void) {
    static const int seven[] = {7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7};
    static const int one[] = {1, 1}, three[] = {3, 2, 1, 1, 1, 1, 2, 3}, two[] = {2, 1, 1, 1, 2};
    static const int most[] = {17, 16, 15, 14, 13, 12, 11, 10, 9, 8,  7,  6,  5,  4,  3,  2,  1, 1,
                               1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17};
    deals_are_unbiased(4, 5, 0);
    deals_are_unbiased(4, 13, 0);
    deals_are_unbiased(3, 17, 1);
    deals_are_unbiased(7, 2, 1);
    deals_are_unbiased(2, 1, 0);
    for (int P = 2; P <= MAX_SEATS; P++) dealers_and_trumps_are_unbiased(P);
    pins_hold_and_leave_the_cards_unchanged();
    SelfplayConfig pinned = play_config(RULES_BLOB, 4, 3, 1);
    pinned.settings.dealer = 2;
    pinned.settings.trump = TRUMP_NONE;
    rounds_follow_the_sequence(play_config(RULES_BLOB, 5, 7, 1), seven, 17, 20);
    rounds_follow_the_sequence(play_config(RULES_BLOB, 2, 1, 1), one, 2, 200);
    rounds_follow_the_sequence(pinned, three, 8, 20);
    rounds_follow_the_sequence(play_config(RULES_BLOB, 3, 17, 1), most, 35, 4);
    rounds_follow_the_sequence(play_config(RULES_OH_HELL, 3, 2, 1), two, 5, 500);
    CHECK(is_even(chi_square(turned_up, CARDS), CARDS - 1));
    return check_report();
}
