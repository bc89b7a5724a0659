/* tests/play/test_tables.c - games of mixed tables, matches between two sides, games stored in a
 * ring. */
#include <stdlib.h>

#include "device/play/device.h"
#include "device/play/selfplay.h"
#include "tests/support/check.h"

enum { GAMES = 200, WORDS = 1024 };

static const Device *device;

/* Records as they came back, by id. */
typedef struct {
    uint16_t words[GAMES][WORDS];
    int64_t games;
} Book;

static SelfplayConfig config_hash(void) {
    SelfplayConfig c = selfplay_config_default();
    c.parallel = 23;
    c.simulations = 6;
    c.waves = 7;
    c.evaluator = EVALUATOR_HASH;
    return c;
}

static void add_table(SelfplayConfig *c, int players, int cards, double upto) {
    PlayTable t = {(uint8_t)players, (uint8_t)cards, 0, (uint32_t)(upto * 4294967295.0)};
    c->settings.tables[c->settings.table_count++] = t;
}

static void keep(Book *book, const uint16_t *out, int words) {
    for (int at = 0; at < words; at += out[at + RECORD_WORDS_AT]) {
        CHECK(out[at] < GAMES && out[at + RECORD_WORDS_AT] <= WORDS);
        memcpy(book->words[out[at]], out + at, out[at + RECORD_WORDS_AT] * sizeof *out);
        book->games++;
    }
}

static void play(const SelfplayConfig *c, const Weights *a, const Weights *b, int64_t games,
                 Book *book) {
    static Selfplay sp;
    const PlayCounters *counters;
    const uint16_t *out;
    GameRange all = {0, 0};
    memset(book, 0, sizeof *book);
    CHECK(selfplay_open(&sp, c, device, a, &all, 1, games) == STATUS_OK);
    if (b) CHECK(selfplay_load(&sp, 1, b) == STATUS_OK);
    for (int64_t epoch = 0; book->games < games && epoch < 10000; epoch++) {
        CHECK(selfplay_enqueue(&sp) == STATUS_OK);
        CHECK(selfplay_wait(&sp, epoch, &counters, &out) == STATUS_OK);
        CHECK(counters->fault.code == FAULT_NONE);
        keep(book, out, counters->out_used);
        CHECK(counters->finished >= book->games); /* some may wait for room */
    }
    CHECK(book->games == games);
    selfplay_close(&sp);
}

/* Seats and cards occur in their shares, and depend on the id alone. */
static void tables_are_mixed_by_their_shares(void) {
    static Book book, other;
    SelfplayConfig c = config_hash();
    int seen[9][6] = {{0}};
    add_table(&c, 2, 5, 0.25);
    add_table(&c, 4, 3, 0.75);
    add_table(&c, 7, 2, 1);
    play(&c, NULL, NULL, GAMES, &book);
    for (int i = 0; i < GAMES; i++)
        seen[book.words[i][RECORD_PLAYERS_AT]][book.words[i][RECORD_HEAD_WORDS]]++;
    CHECK(seen[2][5] + seen[4][3] + seen[7][2] == GAMES);
    CHECK(seen[2][5] > 30 && seen[2][5] < 70 && seen[4][3] > 78 && seen[4][3] < 122);
    c.parallel = 101;
    c.waves = 3;
    play(&c, NULL, NULL, GAMES, &other);
    CHECK(memcmp(&book, &other, sizeof book) == 0);
    c.settings.tables[1].cards = 14; /* 4 x 14 cards are more than there are */
    CHECK(selfplay_config_check(&c) == STATUS_ARGUMENT);
}

static int words_of_deal(const uint16_t *w) {
    return RECORD_ROUND_WORDS + w[RECORD_PLAYERS_AT] * w[RECORD_HEAD_WORDS + RECORD_CARDS_AT];
}

/* The two games of a deal have the same cards. With the hash evaluator on both sides they are even
 * the same game. */
static void paired_games_share_their_deal(void) {
    static Book book;
    SelfplayConfig c = config_hash();
    c.noise_weight = 0;
    c.settings.paired = 1;
    for (int kinds = 0; kinds < 2; kinds++) {
        c.settings.kinds[1] = kinds ? PLAYER_RANDOM : PLAYER_NET;
        play(&c, NULL, NULL, GAMES, &book);
        int differ = 0;
        for (int i = 0; i < GAMES; i += 2) {
            const uint16_t *a = book.words[i] + RECORD_HEAD_WORDS;
            const uint16_t *b = book.words[i + 1] + RECORD_HEAD_WORDS;
            CHECK(memcmp(a, b, (size_t)words_of_deal(book.words[i]) * sizeof *a) == 0);
            differ += memcmp(a, b, (WORDS - RECORD_HEAD_WORDS) * sizeof *a) != 0;
            if (i > 0)
                CHECK(memcmp(a, book.words[i - 1] + RECORD_HEAD_WORDS,
                             (size_t)words_of_deal(book.words[i]) * sizeof *a) != 0);
        }
        CHECK(kinds ? differ > GAMES / 4 : differ == 0);
    }
}

/* Only seats of a network have searched decisions. */
static void bots_bring_no_examples(void) {
    static Book book;
    SelfplayConfig c = config_hash();
    c.settings.paired = 1;
    c.settings.kinds[0] = PLAYER_RULE;
    play(&c, NULL, NULL, GAMES, &book);
    for (int i = 0; i < GAMES; i++) {
        const uint16_t *w = book.words[i] + RECORD_HEAD_WORDS;
        int P = 4, T = 5, first = (w[RECORD_DEALER_AT] + 1) % P,
            decisions = w[record_decisions_at(P, T)];
        const uint16_t *d = w + record_decisions_at(P, T) + 1;
        for (int k = 0; k < decisions; k++, d = example_next(d))
            if (d[RECORD_PLY_AT] < P) CHECK((first + d[RECORD_PLY_AT] + i) % P % 2 == 1);
    }
    c.settings.kinds[1] = PLAYER_RANDOM; /* nobody searches */
    play(&c, NULL, NULL, GAMES, &book);
    for (int i = 0; i < GAMES; i++)
        CHECK(book.words[i][RECORD_HEAD_WORDS + record_decisions_at(4, 5)] == 0);
}

static ModelConfig model_small(void) {
    ModelConfig m = model_config_default();
    m.width = m.hidden = m.policy_hidden = m.value_hidden = 32;
    m.heads = 4;
    m.layers = 1;
    return m;
}

/* Two networks at a table: each decides as it does when it plays alone. */
static void each_network_plays_as_it_does_alone(void) {
    static Book both, first, second;
    SelfplayConfig c = config_hash();
    Weights a, b;
    c.evaluator = EVALUATOR_NET;
    c.model = model_small();
    c.noise_weight = 0;
    c.settings.paired = 1;
    c.settings.move_power = 0;
    c.settings.explore_decisions = 0;
    c.simulations = 3;
    c.parallel = GAMES;
    CHECK(weights_alloc(&a, &c.model) == STATUS_OK && weights_alloc(&b, &c.model) == STATUS_OK);
    weights_init(&a, 1);
    weights_init(&b, 2);
    play(&c, &a, NULL, GAMES, &first);
    play(&c, &b, NULL, GAMES, &second);
    c.settings.kinds[1] = PLAYER_NET_B;
    play(&c, &a, &b, GAMES, &both);
    int alike[2] = {0, 0};
    for (int i = 0; i < GAMES; i++) {
        const uint16_t *w = both.words[i] + RECORD_HEAD_WORDS;
        int at = record_decisions_at(4, 5) + 1, side = ((w[RECORD_DEALER_AT] + 1) % 4 + i) % 2;
        const Book *alone = side ? &second : &first;
        const uint16_t *x = alone->words[i] + RECORD_HEAD_WORDS;
        CHECK(w[at] == 0); /* the first bid: everything before it is the same in all games */
        CHECK(memcmp(w + at, x + at, (2 + (size_t)w[at + 1]) * sizeof *w) == 0);
        const uint16_t *y = (side ? &first : &second)->words[i] + RECORD_HEAD_WORDS;
        alike[side] += memcmp(w + at, y + at, (2 + (size_t)w[at + 1]) * sizeof *w) == 0;
    }
    CHECK(alike[0] < GAMES / 8 && alike[1] < GAMES / 8); /* the networks do differ */
    c.leaves = 3;
    c.parallel = 64;
    c.settings.kinds[0] = PLAYER_NET_B;
    c.settings.kinds[1] = PLAYER_NET; /* sides swapped: seats swapped too */
    play(&c, &a, &b, GAMES, &second);
    c.settings.kinds[0] = PLAYER_NET;
    c.settings.kinds[1] = PLAYER_NET_B;
    play(&c, &b, &a, GAMES, &first);
    CHECK(memcmp(&first, &second, sizeof first) == 0);
    weights_free(&a);
    weights_free(&b);
}

/* Games stored in a ring, in two halves, match those that come back without one. */
static void games_in_a_ring_match_those_returned(void) {
    static Book book;
    static Selfplay sp;
    SelfplayConfig c = config_hash();
    add_table(&c, 3, 4, 0.5);
    add_table(&c, 5, 5, 1);
    play(&c, NULL, NULL, GAMES, &book);
    Replay ring;
    memset(&ring, 0, sizeof ring);
    ring.capacity = GAMES + 3;
    ring.stride = selfplay_record_words(&c);
    ring.rules = c.rules;
    Arena arena = {0};
    replay_layout(&ring, &arena);
    void *block;
    CHECK(device->backend->alloc(&block, arena.used) == STATUS_OK);
    Arena placed = {(char *)block, 0, arena.used};
    replay_layout(&ring, &placed);
    CHECK(device->replay->clear(&ring, NULL) == STATUS_OK);
    c.replay = &ring;
    GameRange none = {0, 0};
    CHECK(selfplay_open(&sp, &c, device, NULL, &none, 1, 0) == STATUS_OK);
    for (int64_t first = 0; first < GAMES; first += GAMES / 2) {
        const PlayCounters *counters;
        const uint16_t *out;
        int64_t finished = 0;
        CHECK(selfplay_next(&sp, first, GAMES / 2) == STATUS_OK);
        while (finished < GAMES / 2 && sp.epochs < 10000) {
            CHECK(selfplay_enqueue(&sp) == STATUS_OK);
            CHECK(selfplay_wait(&sp, sp.epochs - 1, &counters, &out) == STATUS_OK);
            CHECK(counters->finished >= finished && counters->out_used == 0);
            finished = counters->finished;
        }
        CHECK(finished == GAMES / 2);
        for (int64_t i = first + GAMES / 2; i < GAMES; i++) CHECK(ring.games[i].id == -1);
    }
    for (int i = 0; i < GAMES; i++) {
        CHECK(ring.games[i].id == i && ring.games[i].words == book.words[i][RECORD_WORDS_AT]);
        CHECK(memcmp(ring.words + (size_t)i * (size_t)ring.stride, book.words[i],
                     book.words[i][RECORD_WORDS_AT] * sizeof **book.words) == 0);
    }
    selfplay_close(&sp);
    device->backend->release(block);
}

int main(void) {
    char device_text[256];
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    tables_are_mixed_by_their_shares();
    paired_games_share_their_deal();
    bots_bring_no_examples();
    each_network_plays_as_it_does_alone();
    games_in_a_ring_match_those_returned();
    return check_report();
}
