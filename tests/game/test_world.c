/* tests/game/test_world.c - determinization against enumeration: every deal that fits is drawn
 * equally often. */
#include "tests/support/check.h"
#include "tests/support/world_draws.h"

enum { BRUTE_DEALS = 4000, BRUTE_CARDS = 12 };

static uint64_t binomial[WORLD_BINOMIALS];
static WorldScratch scratch;

/* ---- bounded draws ---- */

static void wide_draws_are_bounded_and_uniform(void) {
    enum { DRAWS = 7000, BINS = 7 };
    WorldCount bounds[] = {BINS, (WorldCount)BINS << 40, (WorldCount)BINS << 64,
                           (WorldCount)BINS << 90};
    for (int b = 0; b < 4; b++) {
        Rng rng = stream(1, (uint64_t)b);
        int high[BINS] = {0}, low[BINS] = {0};
        for (int i = 0; i < DRAWS; i++) {
            WorldCount x = world_below(&rng, bounds[b]);
            CHECK(x < bounds[b]);
            if (x >= bounds[b]) return;
            high[x / (bounds[b] / BINS)]++;
            low[(uint64_t)x % BINS]++;
        }
        CHECK(counts_are_equal(high, BINS, DRAWS, 1));
        CHECK(counts_are_equal(low, BINS, DRAWS, 1));
    }
    Rng rng = stream(2, 0);
    CHECK(world_below(&rng, 1) == 0);
    for (int i = 0; i < 64; i++) CHECK(world_below(&rng, (WorldCount)1 << 64) >> 64 == 0);
}

/* Every ordered choice of `need` out of `count` cards. */
static void shuffles_are_uniform(int need, int count) {
    static int counts[1 << 15];
    int choices = 1, draws;
    for (int i = 0; i < need; i++) choices *= count - i;
    draws = 30 * choices;
    memset(counts, 0, sizeof counts);
    Rng rng = stream(3, (uint64_t)(need * 8 + count));
    for (int i = 0; i < draws; i++) {
        uint8_t cards[8] = {0, 1, 2, 3, 4, 5, 6, 7};
        int rank = 0;
        world_shuffle(cards, need, count, &rng);
        for (int a = 0; a < need; a++) {
            int smaller = 0;
            for (int b = 0; b < a; b++) smaller += cards[b] < cards[a];
            rank = rank * (count - a) + cards[a] - smaller;
        }
        counts[rank]++;
    }
    CHECK(counts_are_equal(counts, choices, draws, 1));
}

/* 4 of 52, product = 8 * 812175: x is redrawn exactly if its remainder, x * product mod 2^32,
 * is less than 2^32 mod product. The inverse of 812175 gives the x of a remainder that is a
 * multiple of 8. */
static void shuffles_redraw_to_avoid_bias(void) {
    uint32_t product = 52u * 51 * 50 * 49, short_stripe = (0u - product) % product;
    uint32_t inverse = 812175;
    for (int i = 0; i < 5; i++) inverse *= 2 - 812175 * inverse;
    uint32_t rests[] = {0, 8, short_stripe - 8, short_stripe, short_stripe + 8, product - 8};
    for (int i = 0; i < 6; i++) {
        uint32_t x = rests[i] / 8 * inverse;
        CHECK(x * product == rests[i]);
        Rng rng = stream(4, 0);
        rng.block[2] = x;
        rng.block[3] = 1; /* remainder = product: accepted */
        rng.left = 2;
        uint8_t cards[CARDS];
        for (int c = 0; c < CARDS; c++) cards[c] = (uint8_t)c;
        world_shuffle(cards, 4, CARDS, &rng);
        CHECK(rng.left == (rests[i] < short_stripe ? 0 : 1));
    }
}

/* ---- against enumeration ---- */

typedef struct {
    const RoundState *s;
    int mover, players;
    uint8_t cards[BRUTE_CARDS];          /* unseen */
    int card_count, room[MAX_SEATS + 1]; /* seat P is the stock */
    int count;                           /* deals found */
    uint64_t keys[BRUTE_DEALS];          /* (count) base-9 digits: who has each card; ascending */
} Brute;

static void brute_deal(Brute *b, int at, uint64_t key) {
    if (b->count == BRUTE_DEALS) return;
    if (at == b->card_count) {
        b->keys[b->count++] = key;
        return;
    }
    for (int seat = 0; seat <= b->players; seat++) {
        bool is_void = seat < b->players && (b->s->voids >> (4 * seat + b->cards[at] / 13) & 1);
        if (b->room[seat] == 0 || is_void) continue;
        b->room[seat]--;
        brute_deal(b, at + 1, key * 9 + (uint64_t)seat);
        b->room[seat]++;
    }
}

static uint64_t deal_key(const Brute *b, const uint64_t *hands) {
    uint64_t key = 0;
    for (int i = 0; i < b->card_count; i++) {
        int owner = b->players;
        for (int seat = 0; seat < b->players; seat++)
            if (hands[seat] >> b->cards[i] & 1) owner = seat;
        key = key * 9 + (uint64_t)owner;
    }
    return key;
}

static int key_find(const Brute *b, uint64_t key) {
    int low = 0, high = b->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (b->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < b->count && b->keys[low] == key ? low : -1;
}

/* n! / (product of sizes! * rest!): deals of n cards to the seats of a mask. */
static WorldCount splits(const WorldScratch *w, int seats, int n) {
    WorldCount ways = 1;
    for (int seat = 0; seat < MAX_SEATS; seat++) {
        if (!(seats >> seat & 1)) continue;
        ways *= binomial[n * WORLD_ROW + w->size[seat]];
        n -= w->size[seat];
    }
    return ways;
}

static WorldCount all_deals(const WorldScratch *w) {
    WorldCount deals = w->groups > 0 ? world_ways(w, w->start) : 1;
    int left = bits_count(w->unseen);
    for (int g = 0; g < w->groups; g++) {
        deals *= splits(w, w->group[g].seats, w->group[g].need);
        left -= w->group[g].need;
    }
    return deals * splits(w, w->free_seats, left);
}

/* A table as play may leave it, with few cards unseen: h cards left each, fewer for those who have
 * played to the trick, a stock of 0..3, a turned card or none, any voids. Fills b, no keys. */
static void random_table(uint64_t item, RoundState *s, Brute *b) {
    uint8_t deck[CARDS];
    Rng rng = shuffled_deck(5, item, deck);
    int at = 0, h, players, stock, trick;
    memset(s, 0, sizeof *s);
    do {
        players = 2 + (int)rng_below(&rng, 7);
        h = 1 + (int)rng_below(&rng, 4);
        trick = (int)rng_below(&rng, (uint32_t)players);
        stock = (int)rng_below(&rng, 4);
    } while ((players - 1) * h - trick + stock > BRUTE_CARDS || (players == 2 && trick > 0));
    s->players = (uint8_t)players;
    s->cards = (uint8_t)(h + 2);
    s->tricks_done = 2;
    s->leader = (uint8_t)rng_below(&rng, (uint32_t)players);
    s->trick_count = (uint8_t)trick;
    int mover = s->leader + trick < players ? s->leader + trick : s->leader + trick - players;
    s->turn = (uint8_t)mover;
    memset(b, 0, sizeof *b);
    b->s = s;
    b->mover = mover;
    b->players = players;
    for (int i = 0, seat = s->leader; i < players; i++, seat = (seat + 1) % players)
        b->room[seat] = seat == mover ? 0 : h - (i < trick);
    b->room[players] = stock;
    for (int seat = 0; seat <= players; seat++) b->card_count += b->room[seat];
    for (int i = 0; i < b->card_count; i++) b->cards[i] = deck[at++];
    for (int i = 0; i < h; i++) s->hands[mover] |= card_bit(deck[at++]);
    s->turned = rng_below(&rng, 2) ? deck[at++] : CARD_NONE;
    while (at < CARDS) s->played |= card_bit(deck[at++]);
    for (int bit = 0; bit < 4 * players; bit++)
        if (rng_below(&rng, 5) == 0) s->voids |= 1u << bit;
}

static bool deals_are_even(const Brute *b, uint64_t item) {
    static int counts[BRUTE_DEALS];
    int draws = 20 * b->count;
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < draws; i++) {
        uint64_t hands[MAX_SEATS];
        Rng rng = rng_begin(3, item, 0, RNG_WORLD, (uint32_t)i);
        world_sample(&scratch, b->s, b->mover, &rng, hands);
        int at = key_find(b, deal_key(b, hands));
        if (at < 0) return false;
        counts[at]++;
    }
    return b->count == 1 || counts_are_equal(counts, b->count, draws, 1);
}

static void counts_and_shares_match_enumeration(void) {
    static Brute b;
    int impossible = 0, deep = 0, even = 0, shared = 0;
    for (uint64_t item = 0; item < 5000; item++) {
        RoundState s;
        random_table(item, &s, &b);
        brute_deal(&b, 0, 0);
        if (b.count == BRUTE_DEALS) continue;
        WorldStatus status = world_count(&scratch, &s, b.mover, binomial);
        CHECK(status == (b.count > 0 ? WORLD_OK : WORLD_IMPOSSIBLE));
        if (status != WORLD_OK) {
            impossible++;
            continue;
        }
        CHECK(all_deals(&scratch) == (WorldCount)b.count);
        deep += scratch.groups >= 3 && scratch.states > 3;
        if (b.count > 300) continue;
        CHECK(deals_are_even(&b, item));
        even++;
        for (int g = 0; g < scratch.groups; g++) shared += !bits_is_one(scratch.group[g].seats);
        if (checks_failed) return;
    }
    CHECK(impossible > 100 && deep > 100 && even > 500 && shared > 100); /* all cases occurred */
}

/* AS KS AH KH are unseen, seats 1 and 2 hold one each; seat 1 lacks spades: 2 * 3 deals. */
static void a_small_table_matches_hand_calculation(void) {
    RoundState s;
    memset(&s, 0, sizeof s);
    s.players = 3;
    s.cards = 1;
    s.turned = CARD_NONE;
    uint64_t out = card_bit(12) | card_bit(11) | card_bit(25) | card_bit(24);
    s.hands[0] = card_bit(30);
    s.played = CARDS_ALL & ~out & ~s.hands[0];
    s.voids = 1u << 4;
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_OK);
    CHECK(scratch.groups == 1 && all_deals(&scratch) == 6);
    s.voids |= 2u << 4; /* no hearts either: nothing is left for seat 1 */
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_IMPOSSIBLE);
    s.voids = 1u << 4 | 1u << 8;
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_OK);
    CHECK(scratch.groups == 1 && all_deals(&scratch) == 2);
    s.played |= card_bit(25); /* one heart for two seats */
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_IMPOSSIBLE);
    s.voids = 0;
    s.played |= card_bit(24) | card_bit(12); /* one card for two seats */
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_IMPOSSIBLE);
}

/* Before any trick seven seats with seven sets of voids: no game comes there. */
static void a_full_table_is_reported(void) {
    RoundState s;
    memset(&s, 0, sizeof s);
    s.players = 8;
    s.cards = 6;
    s.turned = CARD_NONE;
    s.hands[0] = 0x3 | (uint64_t)0x1 << 13 | (uint64_t)0x1 << 26 | (uint64_t)0x3 << 39;
    s.voids = 0x9238c140u;
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_TABLE);
}

/* The largest table found by a search over all positions of a game, in the third trick of 8 seats
 * with 6 cards: the order of the groups and the merging of suits keep it this small. */
static void the_largest_table_fits(void) {
    RoundState s;
    memset(&s, 0, sizeof s);
    s.players = 8;
    s.cards = 6;
    s.tricks_done = 2;
    s.leader = 7;
    s.trick_count = 1;
    s.turned = CARD_NONE;
    s.hands[0] = (uint64_t)0xF << 8;
    uint64_t out = 0xFF | (uint64_t)0x3F << 13 | (uint64_t)0xF << 26 | (uint64_t)0x1FFF << 39;
    s.played = CARDS_ALL & ~out & ~s.hands[0];
    s.voids = 0x26135640u;
    CHECK(world_count(&scratch, &s, 0, binomial) == WORLD_OK && scratch.states == 327);
}

int main(void) {
    world_binomial_fill(binomial);
    CHECK(binomial[52 * WORLD_ROW + 26] == 495918532948104 && binomial[5 * WORLD_ROW + 6] == 0);
    wide_draws_are_bounded_and_uniform();
    shuffles_are_uniform(3, 3);
    shuffles_are_uniform(3, 6);
    shuffles_are_uniform(5, 6);
    shuffles_are_uniform(6, 6);
    shuffles_are_uniform(6, 7);
    shuffles_redraw_to_avoid_bias();
    a_small_table_matches_hand_calculation();
    counts_and_shares_match_enumeration();
    a_full_table_is_reported();
    the_largest_table_fits();
    return check_report();
}
