/* tests/host/test_analyze_closed.c - queries that know one hand: hidden cards change nothing.
 *
 * Positions come from random play under the rules, over both variants and all numbers of seats. */
#include "game/text.h"
#include "device/search/hash.h"
#include "tests/support/check.h"
#include "analyze_ask.h"

typedef struct {
    RoundState state;          /* the truth */
    uint64_t dealt[MAX_SEATS]; /* hands as dealt */
    char actions[600];         /* so far: "2","1","AS" */
} Deal;

/* Cards of random numbers to P seats, and one turned up in oh-hell. */
static void deal_begin(Deal *d, Rng *rng, int variant, int P, int T) {
    uint8_t cards[CARDS];
    memset(d, 0, sizeof *d);
    for (int i = 0; i < CARDS; i++) cards[i] = (uint8_t)i;
    world_shuffle(cards, CARDS, CARDS, rng);
    for (int i = 0; i < P * T; i++) d->dealt[i % P] |= card_bit(cards[i]);
    int turned = variant == RULES_OH_HELL ? cards[P * T] : CARD_NONE;
    int trump = turned == CARD_NONE ? (int)rng_below(rng, 5) : card_suit(turned);
    round_begin(&d->state, P, T, (int)rng_below(rng, (uint32_t)P), trump, turned, d->dealt);
}

static void deal_play(Deal *d, int action) {
    char text[TEXT_ACTION_BYTES];
    size_t used = strlen(d->actions);
    text_action_print(&d->state, action, text);
    snprintf(d->actions + used, sizeof d->actions - used, "%s\"%s\"", used ? "," : "", text);
    round_apply(&d->state, action);
}

static int random_action(const RoundState *s, Rng *rng) {
    uint64_t legal = round_legal(s);
    for (int skip = (int)rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
        legal &= legal - 1;
    return bits_lowest(legal);
}

/* The query of the deal's position; hands: as the query tells them, 0 for null. `more`: fields. */
static const char *query_text(const Deal *d, const uint64_t hands[MAX_SEATS], const char *more) {
    static char text[4096];
    const RoundState *s = &d->state;
    char hand[TEXT_HAND_BYTES], card[TEXT_CARD_BYTES];
    int n = snprintf(text, sizeof text, "{\"id\":\"%d\",\"players\":%d,\"cards\":%d,\"dealer\":%d,",
                     round_ply(s), s->players, s->cards, s->dealer);
    if (s->turned == CARD_NONE) {
        n += snprintf(text + n, sizeof text - (size_t)n, "\"trump\":\"%c\"",
                      text_trump_letter(s->trump));
    } else {
        text_card_print(s->turned, card);
        n += snprintf(text + n, sizeof text - (size_t)n, "\"rules\":\"oh-hell\",\"turned\":\"%s\"",
                      card);
    }
    for (int seat = 0; seat < s->players; seat++) {
        text_hand_print(hands[seat], hand);
        const char *quote = hands[seat] ? "\"" : "";
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%s%s%s", seat ? "," : ",\"hands\":[",
                      quote, hands[seat] ? hand : "null", quote);
    }
    snprintf(text + n, sizeof text - (size_t)n,
             "],\"actions\":[%s],\"evaluator\":\"hash\",\"worlds\":4,\"simulations\":12%s}",
             d->actions, more);
    return text;
}

/* The answer is the same with other hands null, true, or another deal that fits. */
static void check_hidden(const Deal *d, const WorldScratch *worlds, Rng *rng) {
    const RoundState *s = &d->state;
    uint64_t hands[MAX_SEATS] = {0};
    hands[s->turn] = d->dealt[s->turn];
    char *alone = ask(query_text(d, hands, ""));
    char *truth = ask(query_text(d, d->dealt, ""));
    world_sample(worlds, s, s->turn, rng, hands);
    for (int seat = 0; seat < s->players; seat++)
        hands[seat] |= d->dealt[seat] & ~s->hands[seat]; /* what it has played */
    char *other = ask(query_text(d, hands, ""));
    CHECK(strstr(alone, "\"error\"") == NULL);
    CHECK(strcmp(alone, truth) == 0);
    CHECK(strcmp(alone, other) == 0);
    free(alone);
    free(truth);
    free(other);
}

/* Whether exactly one deal fits: no seats of a group, nor free ones and the stock, may swap cards.
 * After world_count with WORLD_OK. */
static bool one_deal(const WorldScratch *w) {
    int rest = bits_count(w->unseen);
    for (int g = 0; g < w->groups; g++) {
        if (!bits_is_one(w->group[g].seats)) return false;
        rest -= w->group[g].need;
    }
    if (w->free_need > 0 && (!bits_is_one(w->free_seats) || w->free_need != rest)) return false;
    return w->groups == 0 || world_ways(w, w->start) == 1;
}

/* Every position of random play is accepted, and hidden hands do not change the answer. */
static void hidden_hands_change_no_answer(void) {
    static uint64_t binomial[WORLD_BINOMIALS];
    static WorldScratch worlds;
    Rng rng = rng_begin(7, 0, 0, RNG_DEAL, 0);
    int hidden = 0;
    world_binomial_fill(binomial);
    for (int game = 0; game < 60; game++) {
        Rules rules = {(uint8_t)(game & 1), 0, 1, 0};
        int low = rules_min_players(game & 1), high = rules_max_players(game & 1);
        rules.players = (uint8_t)(low + game / 2 % (high - low + 1));
        int most = round_max_cards(&rules);
        int T = game % 3 ? 1 + (int)rng_below(&rng, (uint32_t)most) : most;
        Deal d;
        deal_begin(&d, &rng, game & 1, rules.players, T);
        for (; !round_is_over(&d.state); deal_play(&d, random_action(&d.state, &rng))) {
            CHECK(world_count(&worlds, &d.state, d.state.turn, binomial) == WORLD_OK);
            if (rng_below(&rng, 4) > 0) continue;
            check_hidden(&d, &worlds, &rng);
            hidden++;
        }
        cJSON *answer = ask_tree(query_text(&d, d.dealt, ""));
        CHECK(strcmp(error_field(answer), "actions") == 0);
        cJSON_Delete(answer);
    }
    CHECK(hidden > 300);
}

/* Where a single deal fits, sampling worlds equals knowing them. 3 * 17 cards and one turned up
 * leave no stock, so shown voids come to determine all hands. */
static void sampling_the_only_deal_equals_knowing_it(void) {
    static uint64_t binomial[WORLD_BINOMIALS];
    static WorldScratch worlds;
    Rng rng = rng_begin(8, 0, 0, RNG_DEAL, 0);
    int known = 0;
    world_binomial_fill(binomial);
    for (int game = 0; game < 100; game++) {
        Deal d;
        deal_begin(&d, &rng, RULES_OH_HELL, 3, 17);
        for (; !round_is_over(&d.state); deal_play(&d, random_action(&d.state, &rng))) {
            CHECK(world_count(&worlds, &d.state, d.state.turn, binomial) == WORLD_OK);
            if (bits_is_one(round_legal(&d.state)) || !one_deal(&worlds)) continue;
            char *closed = ask(query_text(&d, d.dealt, ""));
            char *open = ask(query_text(&d, d.dealt, ",\"open\":true"));
            CHECK(strcmp(open, closed) == 0);
            free(closed);
            free(open);
            known++;
        }
    }
    CHECK(known >= 20);
}

static Status read_text(const char *text, AnalyzeQuery *query) {
    cJSON *tree = cJSON_Parse(text);
    Fields fields;
    Status status = query_read(tree, &fields, query);
    cJSON_Delete(tree);
    return status;
}

#define POSITION "\"trump\":\"S\",\"dealer\":3,\"hands\":[\"AS KD\",null,null,null],\"actions\":[]"

/* Defaults, seeds and the round of a full game, as they reach the search. */
static void defaults_and_seeds_reach_the_search(void) {
    static const struct {
        const char *more;
        int rounds;                     /* 0: refused, field round */
    } matches[] = {{"\"round\":0", 6},  /* 4 seats: 2 1 1 1 1 2 */
                   {"\"round\":5", 16}, /* 7 6 5 4 3 2 ..; also the last of 2 1 1 1 1 2 */
                   {"\"round\":5,\"game\":0,\"ply\":40", 16},
                   {"\"round\":5,\"game\":0,\"ply\":44", 6}, /* 12 + 4 * 8 plies before */
                   {"\"round\":5,\"game\":0,\"ply\":120", 16},
                   {"\"round\":12", 20}, /* 9 .. 2 1 1 1 1 2; 14 .. 2 is more than the cards */
                   {"\"round\":30", 0}};
    AnalyzeQuery q;
    char text[512];
    CHECK(read_text("{\"id\":\"a\",\"players\":4,\"cards\":2," POSITION "}", &q) == STATUS_OK);
    CHECK(q.worlds == 3 && q.simulations == 30 && q.leaves == 1 && q.open == 0);
    CHECK(q.c_puct == 1.5f && q.fpu == 0.1f && q.noise_weight == 0 && q.noise_alpha == 10);
    CHECK(q.seed == 1 && q.search_seed == 1 && q.game == 0 && q.ply == 0);
    CHECK(q.evaluator == EVALUATOR_NET && q.standing.rounds == 0);
    CHECK(read_text("{\"id\":\"a\",\"players\":4,\"cards\":2," POSITION
                    ",\"seed\":9,\"game\":70000000000,\"ply\":5}",
                    &q) == STATUS_OK);
    CHECK(q.seed == 9 && q.game == 70000000000 && q.ply == 5);
    CHECK(q.search_seed == splitmix64(9 ^ splitmix64(70000000000)) + 5);
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        snprintf(text, sizeof text,
                 "{\"id\":\"a\",\"players\":4,\"cards\":2," POSITION ",\"scores\":[1,-2,3,4],%s}",
                 matches[i].more);
        Status status = read_text(text, &q);
        CHECK(status == (matches[i].rounds ? STATUS_OK : STATUS_INPUT));
        if (status != STATUS_OK) continue;
        CHECK(q.standing.rounds == matches[i].rounds);
        CHECK(q.standing.scores[1] == -2 && q.standing.scores[3] == 4);
    }
}

/* With a network: the same line gets the same answer, and the scores of a full game matter. */
static void network_answers_repeat_and_see_scores(void) {
    static const char *const more[] = {"", ",\"noise\":0.25", ",\"scores\":[0,90,0,0],\"round\":0"};
    char text[512], *answers[3];
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 "{\"id\":\"a\",\"players\":4,\"cards\":2," POSITION
                 ",\"worlds\":2,\"simulations\":3%s}",
                 more[i]);
        answers[i] = ask(text);
        char *again = ask(text);
        CHECK(strstr(answers[i], "\"rows\":7") != NULL);
        CHECK(strcmp(again, answers[i]) == 0);
        free(again);
    }
    CHECK(strcmp(answers[0], answers[1]) != 0 && strcmp(answers[0], answers[2]) != 0);
    for (int i = 0; i < 3; i++) free(answers[i]);
}

int main(void) {
    CHECK(ask_open());
    hidden_hands_change_no_answer();
    sampling_the_only_deal_equals_knowing_it();
    defaults_and_seeds_reach_the_search();
    network_answers_repeat_and_see_scores();
    answer_close(&asked);
    return check_report();
}
