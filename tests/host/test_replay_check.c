/* tests/host/test_replay_check.c - the fast check of a game says what the rules and the ring
 * say. */
#include "host/replay/replay_file_check.h"
#include "tests/support/replay_ring.h"

enum { GAMES = 24, CHANGES = 300 };

static ReplayCheck check;

/* Whether the rules allow the game, and that of which id, by the plain reader. */
static bool allowed(const GameTerms *of, const uint16_t *words, int count, int64_t id) {
    GameTerms terms = *of;
    GameRecord game;
    RecordRound round;
    const int variant = terms.rules.variant;
    if (count <= RECORD_HEAD_WORDS) return false;
    terms.rules.players = (uint8_t)words[RECORD_PLAYERS_AT];
    terms.cards = words[RECORD_HEAD_WORDS + RECORD_CARDS_AT];
    terms.full = words[RECORD_ROUNDS_AT] > 1;
    if (words[RECORD_PLAYERS_AT] < rules_min_players(variant) ||
        words[RECORD_PLAYERS_AT] > rules_max_players(variant) || terms.cards < 1 ||
        terms.cards > round_max_cards(&terms.rules))
        return false;
    bool begun = game_record_begin(&game, &terms, words, count);
    while (begun && game_record_next(&game, &round)) continue;
    return !game.wrong[0] && game.id == id;
}

/* What the ring would know of it. */
static ReplayGame tally(const uint16_t *words) {
    ReplayGame game;
    memset(&game, 0, sizeof game);
    game.id = record_id(words);
    game.words = words[RECORD_WORDS_AT];
    const uint16_t *round = words + RECORD_HEAD_WORDS;
    for (int i = 0; i < words[RECORD_ROUNDS_AT]; i++)
        round = replay_tally_round(round, words[RECORD_PLAYERS_AT], &game);
    return game;
}

/* The same verdict, of words at the end of memory and of words that others follow. */
static bool agree(const GameTerms *terms, const uint16_t *words, int count, int64_t id) {
    ReplayGame near, far;
    size_t bytes = (size_t)count * sizeof *words;
    uint16_t *exact = (uint16_t *)malloc(bytes + 1); /* a sanitizer sees what lies behind */
    bool right = allowed(terms, words, count, id);
    memcpy(exact, words, bytes);
    bool same = replay_check_game(&check, exact, count, count, id, &near) == right &&
                replay_check_game(&check, words, count, RECORD_MAX_WORDS, id, &far) == right;
    free(exact);
    CHECK(same);
    if (!same || !right) return right;
    ReplayGame game = tally(words);
    CHECK(memcmp(&near, &game, sizeof game) == 0 && memcmp(&far, &game, sizeof game) == 0);
    return right;
}

/* Every decision's visits add up to `sum`: each as it was while there is room, the last the
 * rest. */
static void set_sums(const GameTerms *terms, uint16_t *words, int count, int sum) {
    GameRecord game;
    RecordRound round;
    game_record_begin(&game, terms, words, count);
    while (game_record_next(&game, &round))
        for (int d = 0; d < round.decision_count; d++) {
            uint16_t *visits = words + (round.decisions[d].visits - words);
            int left = sum, last = round.decisions[d].legal_count - 1;
            for (int e = 0; e < last; e++) {
                if (visits[e] > left) visits[e] = (uint16_t)left;
                left -= visits[e];
            }
            visits[last] = (uint16_t)left;
        }
}

/* A word that may well pass: near the one that was there, or at an edge. */
static uint16_t other_word(Rng *rng, uint16_t was) {
    static const uint16_t edges[] = {0, 1, 4, 5, 51, 52, 63, 64, 255, 256, 1023, 1024, 65535};
    switch (rng_below(rng, 4)) {
    case 0: return (uint16_t)(was + 1);
    case 1: return (uint16_t)(was - 1);
    case 2: return edges[rng_below(rng, sizeof edges / sizeof *edges)];
    default: return (uint16_t)(was ^ 1u << rng_below(rng, 16));
    }
}

/* One to three words changed, two of them exchanged, or another length. */
static void changed_words(const GameTerms *terms, const uint16_t *words, int count, int64_t id) {
    static uint16_t w[RECORD_MAX_WORDS + 2];
    Rng rng = rng_begin(9, (uint64_t)id, (uint64_t)terms->cards, RNG_MOVE, 0);
    for (int k = 0; k < CHANGES && !checks_failed; k++) {
        int n = count;
        memcpy(w, words, (size_t)count * sizeof *w);
        for (int i = (int)rng_below(&rng, 3); i >= 0; i--) {
            uint16_t *at = w + rng_below(&rng, (uint32_t)count);
            *at = other_word(&rng, *at);
        }
        if (k % 4 == 0) {
            memcpy(w, words, (size_t)count * sizeof *w);
            int i = RECORD_HEAD_WORDS + (int)rng_below(&rng, (uint32_t)(count - RECORD_HEAD_WORDS));
            int j = RECORD_HEAD_WORDS + (int)rng_below(&rng, (uint32_t)(count - RECORD_HEAD_WORDS));
            w[i] = words[j];
            w[j] = words[i];
        }
        if (k % 16 == 0) {
            n = (int)rng_below(&rng, (uint32_t)count + 2);
            w[count] = w[count + 1] = 0;
            w[RECORD_WORDS_AT] = (uint16_t)n;
        }
        agree(terms, w, n, id);
    }
}

/* Every decision's visits all 0, one decision at a time. */
static void no_visits(const GameTerms *terms, uint16_t *words, int count, int64_t id) {
    GameRecord game;
    RecordRound round;
    uint16_t kept[MAX_EDGES];
    game_record_begin(&game, terms, words, count);
    while (game_record_next(&game, &round))
        for (int d = 0; d < round.decision_count; d++) {
            uint16_t *visits = words + (round.decisions[d].visits - words);
            size_t bytes = (size_t)round.decisions[d].legal_count * sizeof *visits;
            memcpy(kept, visits, bytes);
            memset(visits, 0, bytes);
            CHECK(!agree(terms, words, count, id));
            memcpy(visits, kept, bytes);
        }
}

/* Any legal card in place of the one that was played changes what follows: legality is asked at
 * every ply, of every card. */
static void other_actions(const GameTerms *terms, const uint16_t *words, int count, int64_t id) {
    static uint16_t w[RECORD_MAX_WORDS];
    const int P = words[RECORD_PLAYERS_AT], T = words[RECORD_HEAD_WORDS + RECORD_CARDS_AT];
    const int from = RECORD_HEAD_WORDS + RECORD_ROUND_WORDS + P * T, plies = P + P * T;
    memcpy(w, words, (size_t)count * sizeof *w);
    for (int ply = 0; ply < plies && !checks_failed; ply++) {
        for (int action = 0; action <= CARDS; action++) {
            w[from + ply] = (uint16_t)action;
            agree(terms, w, count, id);
        }
        w[from + ply] = words[from + ply];
    }
}

static void check_tables(const GameTerms *terms, int tables) {
    static uint16_t words[RECORD_MAX_WORDS];
    static const int sums[] = {1, 2, 1023, 1024, 1025, 30000};
    replay_check_init(&check, &terms->rules);
    for (int t = 0; t < tables; t++)
        for (int id = 0; id < GAMES && !checks_failed; id++) {
            int count = random_game(&terms[t], 4, id, words);
            CHECK(agree(&terms[t], words, count, id) && !agree(&terms[t], words, count, id + 1));
            changed_words(&terms[t], words, count, id);
            if (id >= 3) continue;
            no_visits(&terms[t], words, count, id);
            other_actions(&terms[t], words, count, id);
            for (int i = 0; i < (int)(sizeof sums / sizeof *sums); i++) {
                set_sums(&terms[t], words, count, sums[i]);
                CHECK(agree(&terms[t], words, count, id));
                random_game(&terms[t], 4, id, words);
            }
        }
}

int main(void) {
    GameTerms blob[] = {ring_terms(RULES_BLOB, 4, 5, 0), ring_terms(RULES_BLOB, 2, 1, 0),
                        ring_terms(RULES_BLOB, 8, 6, 0), ring_terms(RULES_BLOB, 3, 17, 0),
                        ring_terms(RULES_BLOB, 7, 7, 0), ring_terms(RULES_BLOB, 6, 8, 0),
                        ring_terms(RULES_BLOB, 5, 3, 1)};
    GameTerms oh_hell[] = {ring_terms(RULES_OH_HELL, 4, 6, 0), ring_terms(RULES_OH_HELL, 7, 7, 0),
                           ring_terms(RULES_OH_HELL, 3, 17, 0), ring_terms(RULES_OH_HELL, 3, 2, 1)};
    check_tables(blob, (int)(sizeof blob / sizeof *blob));
    check_tables(oh_hell, (int)(sizeof oh_hell / sizeof *oh_hell));
    return check_report();
}
