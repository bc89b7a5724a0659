/* tests/game/test_perft.c - every way to bid and play a fixed deal, counted and scored twice.
 *
 * A leaf is a finished round. One program walks RoundState; the other shares nothing with it: cards
 * and rules of its own, written to be read. Both must agree on the number of leaves and on the sums
 * of all scores and of all forced moves on the way; the pinned table holds the agreed numbers. */
#include "device/core/rng.h"
#include "game/rules.h"
#include "tests/support/check.h"

typedef struct {
    int64_t leaves;
    int64_t forced;            /* nodes with one legal action */
    int64_t scores[MAX_SEATS]; /* summed over the leaves */
} Count;

static void perft(const Rules *rules, const RoundState *s, Count *count) {
    if (round_is_over(s)) {
        count->leaves++;
        for (int seat = 0; seat < s->players; seat++)
            count->scores[seat] += round_score(rules, s, seat);
        return;
    }
    uint64_t legal = round_legal(s);
    count->forced += bits_is_one(legal);
    for (; legal != 0; legal &= legal - 1) {
        RoundState next = *s;
        round_apply(&next, bits_lowest(legal));
        perft(rules, &next, count);
    }
}

/* The other program. A card is a suit and a rank, a hand is a list. */
typedef struct {
    int suit, rank;
} Card;

typedef struct {
    int players, cards, trump; /* trump 4: none */
    bool oh_hell, penalty;
    int points;
    Card hand[MAX_SEATS][MAX_HAND];
    bool gone[MAX_SEATS][MAX_HAND];     /* the card has been played */
    int order[MAX_SEATS];               /* who bids, in order: the dealer last */
    int bid[MAX_SEATS], won[MAX_SEATS]; /* by seat */
    Card table[MAX_SEATS];              /* the trick so far */
} Other;

static int other_score(const Other *o, int seat) {
    int bid = o->bid[seat], won = o->won[seat], off = bid - won;
    if (!o->oh_hell) return off == 0 ? bid + 10 : 0;
    if (off == 0) return 10 + won * o->points;
    if (off < 0) off = -off;
    return o->penalty ? 0 - off * o->points : won * o->points;
}

static bool other_holds(const Other *o, int seat, int suit) {
    for (int i = 0; i < o->cards; i++)
        if (!o->gone[seat][i] && o->hand[seat][i].suit == suit) return true;
    return false;
}

/* Who takes the full trick that `leader` led: each card gets a strength, and the strongest wins. */
static int other_taker(const Other *o, int leader) {
    int best_seat = leader, best = -1;
    for (int i = 0; i < o->players; i++) {
        Card card = o->table[i];
        int strength = card.suit == o->trump           ? 100 + card.rank
                       : card.suit == o->table[0].suit ? card.rank
                                                       : -2;
        if (strength > best) {
            best = strength;
            best_seat = (leader + i) % o->players;
        }
    }
    return best_seat;
}

static void other_play(Other *o, int leader, int on_table, int tricks, Count *count) {
    if (tricks == o->cards) {
        count->leaves++;
        for (int seat = 0; seat < o->players; seat++) count->scores[seat] += other_score(o, seat);
        return;
    }
    if (on_table == o->players) {
        Card kept[MAX_SEATS];
        int taker = other_taker(o, leader);
        memcpy(kept, o->table, sizeof kept);
        o->won[taker]++;
        other_play(o, taker, 0, tricks + 1, count);
        o->won[taker]--;
        memcpy(o->table, kept, sizeof kept);
        return;
    }
    int seat = (leader + on_table) % o->players, choices = 0;
    bool must_follow = on_table > 0 && other_holds(o, seat, o->table[0].suit);
    for (int i = 0; i < o->cards; i++) {
        if (o->gone[seat][i]) continue;
        if (must_follow && o->hand[seat][i].suit != o->table[0].suit) continue;
        choices++;
        o->gone[seat][i] = true;
        o->table[on_table] = o->hand[seat][i];
        other_play(o, leader, on_table + 1, tricks, count);
        o->gone[seat][i] = false;
    }
    count->forced += choices == 1;
}

static void other_bid(Other *o, int bidder, int sum, Count *count) {
    if (bidder == o->players) {
        other_play(o, o->order[0], 0, 0, count);
        return;
    }
    int choices = 0;
    for (int bid = 0; bid <= o->cards; bid++) {
        if (bidder == o->players - 1 && sum + bid == o->cards) continue;
        choices++;
        o->bid[o->order[bidder]] = bid;
        other_bid(o, bidder + 1, sum + bid, count);
    }
    count->forced += choices == 1;
}

/* Card i of the deck goes to seat i mod P, in both programs. Only here does the other program take
 * card numbers apart. */
static void both_count(const Rules *rules, int cards, int dealer, int trump, const uint8_t *deck,
                       Count *ours, Count *theirs) {
    int players = rules->players;
    uint64_t hands[MAX_SEATS] = {0};
    RoundState s;
    Other o;
    memset(&o, 0, sizeof o);
    memset(ours, 0, sizeof *ours);
    memset(theirs, 0, sizeof *theirs);
    o.players = players;
    o.cards = cards;
    o.trump = trump;
    o.oh_hell = rules->variant == RULES_OH_HELL;
    o.penalty = rules->penalty != 0;
    o.points = rules->points;
    for (int i = 0; i < players; i++) o.order[i] = (dealer + 1 + i) % players;
    for (int i = 0; i < players * cards; i++) {
        Card card = {deck[i] / 13, deck[i] % 13};
        o.hand[i % players][i / players] = card;
        hands[i % players] |= card_bit(deck[i]);
    }
    round_begin(&s, players, cards, dealer, trump, CARD_NONE, hands);
    perft(rules, &s, ours);
    other_bid(&o, 0, 0, theirs);
}

static bool counts_equal(const Count *a, const Count *b, int players) {
    bool equal = a->leaves == b->leaves && a->forced == b->forced;
    for (int seat = 0; seat < players; seat++) equal = equal && a->scores[seat] == b->scores[seat];
    return equal;
}

/* The deck of the pinned counts: card number i is i * step mod 52, so that few or all suits are in
 * play; step is coprime to 52. */
typedef struct {
    int players, cards, dealer, trump, step;
    int64_t leaves, forced, score0, score_last; /* blob scores, first and last seat */
} Pinned;

static const Pinned PINNED[] = {
    {.players = 2,
     .cards = 3,
     .dealer = 1,
     .trump = 0,
     .step = 1,
     .leaves = 432,
     .forced = 864,
     .score0 = 1188,
     .score_last = 1296},
    {.players = 2,
     .cards = 4,
     .dealer = 0,
     .trump = 4,
     .step = 7,
     .leaves = 480,
     .forced = 1760,
     .score0 = 960,
     .score_last = 1344},
    {.players = 2,
     .cards = 5,
     .dealer = 1,
     .trump = 1,
     .step = 3,
     .leaves = 32520,
     .forced = 82770,
     .score0 = 68890,
     .score_last = 66610},
    {.players = 3,
     .cards = 2,
     .dealer = 2,
     .trump = 0,
     .step = 11,
     .leaves = 105,
     .forced = 357,
     .score0 = 334,
     .score_last = 334},
    {.players = 3,
     .cards = 3,
     .dealer = 0,
     .trump = 4,
     .step = 5,
     .leaves = 972,
     .forced = 4158,
     .score0 = 2160,
     .score_last = 3148},
    {.players = 3,
     .cards = 3,
     .dealer = 1,
     .trump = 2,
     .step = 17,
     .leaves = 11664,
     .forced = 34992,
     .score0 = 25920,
     .score_last = 42120},
    {.players = 4,
     .cards = 2,
     .dealer = 3,
     .trump = 3,
     .step = 9,
     .leaves = 355,
     .forced = 1917,
     .score0 = 1158,
     .score_last = 1212},
    {.players = 4,
     .cards = 3,
     .dealer = 2,
     .trump = 0,
     .step = 21,
     .leaves = 22184,
     .forced = 109268,
     .score0 = 64630,
     .score_last = 58536},
};

static void counts_match_the_pinned_table(void) {
    for (size_t i = 0; i < sizeof PINNED / sizeof *PINNED; i++) {
        const Pinned *p = &PINNED[i];
        const Rules rules = {RULES_BLOB, (uint8_t)p->players, 0, 0};
        uint8_t deck[CARDS];
        Count ours, theirs;
        for (int k = 0; k < CARDS; k++) deck[k] = (uint8_t)(k * p->step % CARDS);
        both_count(&rules, p->cards, p->dealer, p->trump, deck, &ours, &theirs);
        bool pinned = ours.leaves == p->leaves && ours.forced == p->forced &&
                      ours.scores[0] == p->score0 && ours.scores[p->players - 1] == p->score_last;
        CHECK(counts_equal(&ours, &theirs, p->players));
        if (!pinned)
            fprintf(stderr, "{%d, %d, %d, %d, %d, %lld, %lld, %lld, %lld},\n", p->players, p->cards,
                    p->dealer, p->trump, p->step, (long long)ours.leaves, (long long)ours.forced,
                    (long long)ours.scores[0], (long long)ours.scores[p->players - 1]);
        CHECK(pinned);
    }
}

/* Mostly two of the four suits, so that hands follow, ruff and discard. */
static void both_programs_agree_on_random_deals(void) {
    Rng rng = rng_begin(2024, 0, 0, RNG_DEAL, 0);
    for (int deal = 0; deal < 300; deal++) {
        int players = 2 + (int)rng_below(&rng, 3), variant = (int)rng_below(&rng, 2);
        int cards = 1 + (int)rng_below(&rng, players == 2 ? 4 : players == 3 ? 3 : 2);
        int pool = rng_below(&rng, 3) ? 26 : CARDS, dealer = (int)rng_below(&rng, players);
        int trump = (int)rng_below(&rng, TRUMP_NONE + 1);
        const Rules rules = {(uint8_t)variant, (uint8_t)players, (uint8_t)rng_below(&rng, 4),
                             (uint8_t)rng_below(&rng, 2)};
        uint8_t deck[CARDS];
        Count ours, theirs;
        for (int i = 0; i < pool; i++) deck[i] = (uint8_t)i;
        for (int i = 0; i < players * cards; i++) {
            int j = i + (int)rng_below(&rng, (uint32_t)(pool - i));
            uint8_t card = deck[i];
            deck[i] = deck[j];
            deck[j] = card;
        }
        both_count(&rules, cards, dealer, trump, deck, &ours, &theirs);
        bool equal = counts_equal(&ours, &theirs, players);
        if (!equal) fprintf(stderr, "deal %d: %d seats, %d cards\n", deal, players, cards);
        CHECK(equal);
    }
}

int main(void) {
    counts_match_the_pinned_table();
    both_programs_agree_on_random_deals();
    return check_report();
}
