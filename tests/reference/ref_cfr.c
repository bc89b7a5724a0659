/* tests/reference/ref_cfr.c - the trees of all deals, information sets, CFR+, best responses. */
#include "ref_cfr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ref_rules.h"

enum { SUITS = 4, RENAMINGS = 24, DECK = 52, PAYOFF_ZERO = 100, WORDS_A_TREE = 128 };

/* An information set of `seat`. Slots are its actions, with equivalent cards as one. */
typedef struct {
    uint64_t key;
    int seat, depth, slots, best; /* depth: own choices before; best: slot of the best response */
    double regret[REF_CFR_ACTIONS], now[REF_CFR_ACTIONS], sum[REF_CFR_ACTIONS];
    double gain[REF_CFR_ACTIONS]; /* of this pass */
} Set;

/* Trees lie one after another as words, a node before its children:
 *   a leaf    - PAYOFF_ZERO - payoff of seat 0     (negative)
 *   a choice  set << 8 | actions << 6 | slot of action a << 2 a */
struct RefCfr {
    RefCfrKind kind;
    int cards, trump, renamings, trees, set_count, set_max, slots;
    int renaming[RENAMINGS][SUITS];
    int32_t *words;
    int64_t word_count, word_max;
    double *weight; /* (trees) deals that the tree stands for */
    double deals;
    Set *sets;
    int32_t *table; /* (slots) open addressing: 1 + index of a set, 0 where empty */
    int iteration;
    int failed; /* memory ran out */
};

typedef struct {
    int seat, cards, hand[2], bids[2], led;
} View;

static int rename_card(const int *renaming, int card) {
    return card < 0 ? DECK : renaming[card / 13] * 13 + card % 13;
}

static uint64_t renamed_view(const View *v, const int *renaming) {
    int a = rename_card(renaming, v->hand[0]), b = v->cards > 1 ? v->hand[1] : -1;
    b = rename_card(renaming, b);
    if (a > b) {
        int swap = a;
        a = b;
        b = swap;
    }
    return ((uint64_t)a * 64 + (uint64_t)b) * 64 + (uint64_t)rename_card(renaming, v->led);
}

/* The least of all renamings of the view; code (n) of each card: the least that it gets from a
 * renaming with that view. */
static uint64_t view_key(const RefCfr *c, const View *v, const int *cards, int n, int *code) {
    uint64_t least = UINT64_MAX;
    for (int r = 0; r < c->renamings; r++) {
        uint64_t key = renamed_view(v, c->renaming[r]);
        if (key > least) continue;
        for (int i = 0; i < n; i++) {
            int card = rename_card(c->renaming[r], cards[i]);
            if (key < least || card < code[i]) code[i] = card;
        }
        least = key;
    }
    int bids = (v->bids[0] + 1) * 4 + v->bids[1] + 1;
    return (least * 16 + (uint64_t)bids) * 2 + (uint64_t)v->seat;
}

/* slot (n): actions of equal code share one. Returns the number of slots. */
static int find_slots(const int *code, int n, int *slot) {
    int slots = 0;
    for (int i = 0; i < n; i++) {
        slot[i] = 0;
        int first = 1;
        for (int k = 0; k < n; k++) {
            int again = 0;
            for (int j = 0; j < k; j++) again = again || code[j] == code[k];
            if (!again && code[k] < code[i]) slot[i]++;
            if (k < i && code[k] == code[i]) first = 0;
        }
        slots += first;
    }
    return slots;
}

static int table_at(const RefCfr *c, uint64_t key) {
    int at = (int)(key * 0x9E3779B97F4A7C15u >> 40) & (c->slots - 1);
    while (c->table[at] && c->sets[c->table[at] - 1].key != key) at = (at + 1) & (c->slots - 1);
    return at;
}

static int find_set(RefCfr *c, uint64_t key, int seat, int depth, int slots) {
    int at = table_at(c, key);
    if (c->table[at]) return c->table[at] - 1;
    if (c->set_count == c->set_max) {
        c->failed = 1;
        return 0;
    }
    Set *set = &c->sets[c->set_count];
    memset(set, 0, sizeof *set);
    set->key = key;
    set->seat = seat;
    set->depth = depth;
    set->slots = slots;
    for (int a = 0; a < slots; a++) set->now[a] = 1.0 / slots;
    c->table[at] = ++c->set_count;
    return c->set_count - 1;
}

static View view_of(const RefRound *round, int cards) {
    View v = {.seat = round->to_move, .cards = cards, .bids = {-1, -1}, .led = -1};
    int n = 0;
    for (int card = 0; card < DECK; card++)
        if (round->holds[v.seat][card]) v.hand[n++] = card;
    for (int k = 0; k < round->bid_count; k++) v.bids[k] = round->bids[k];
    if (round->trick_size > 0) v.led = round->trick_card[0];
    return v;
}

/* The actions' slots and the key of the set; actions are bids or cards. */
static uint64_t describe(const RefCfr *c, const View *v, const int *legal, int n, int *slot,
                         int *slots) {
    int code[REF_CFR_ACTIONS], bidding = v->bids[v->seat] < 0;
    uint64_t key = view_key(c, v, legal, bidding ? 0 : n, code);
    for (int i = 0; i < n; i++) {
        if (bidding) code[i] = legal[i];
        if (c->kind == REF_CFR_TELLING_SUITS) code[i] = code[i] * 64 + legal[i];
    }
    *slots = find_slots(code, n, slot);
    return key;
}

/* Appends what follows; a forced action is no node. depth (2): own choices so far. */
static void grow(RefCfr *c, const RefRound *round, const int *depth) {
    int legal[REF_EDGES], slot[REF_CFR_ACTIONS], slots, next[2] = {depth[0], depth[1]};
    int n = ref_round_legal(round, legal);
    if (c->failed) return;
    if (n == 0) {
        int payoff = ref_round_score(round, 0) - ref_round_score(round, 1);
        c->words[c->word_count++] = -PAYOFF_ZERO - payoff;
        return;
    }
    if (n > 1) {
        View v = view_of(round, c->cards);
        uint64_t key = describe(c, &v, legal, n, slot, &slots);
        int32_t word = find_set(c, key, v.seat, depth[v.seat], slots) << 8 | n << 6;
        for (int i = 0; i < n; i++) word |= slot[i] << 2 * i;
        c->words[c->word_count++] = word;
        next[v.seat]++;
    }
    for (int i = 0; i < n; i++) {
        RefRound after = *round;
        ref_round_play(&after, legal[i]);
        grow(c, &after, next);
    }
}

static void add_tree(RefCfr *c, const uint64_t hands[2], double weight) {
    RefQuery query = {.rules = REF_BLOB, .players = 2, .cards = c->cards, .dealer = 1};
    RefHand dealt[REF_SEATS] = {{0}};
    RefRound round;
    const int depth[2] = {0, 0};
    query.trump = c->trump;
    for (int seat = 0; seat < 2; seat++)
        for (int card = 0; card < DECK; card++)
            if (hands[seat] >> card & 1) dealt[seat].cards[dealt[seat].count++] = card;
    if (c->word_count + WORDS_A_TREE > c->word_max) {
        c->word_max = 2 * c->word_max + WORDS_A_TREE;
        int32_t *words = realloc(c->words, (size_t)c->word_max * sizeof *words);
        double *weights = realloc(c->weight, (size_t)c->word_max / 2 * sizeof *weights);
        if (words) c->words = words;
        if (weights) c->weight = weights;
        c->failed = c->failed || !words || !weights;
    }
    if (c->failed || ref_round_deal(&round, &query, dealt)) return;
    c->weight[c->trees++] = weight;
    c->deals += weight;
    grow(c, &round, depth);
}

static uint64_t rename_hand(const int *renaming, uint64_t hand) {
    uint64_t out = 0;
    for (int suit = 0; suit < SUITS; suit++)
        out |= (hand >> 13 * suit & 0x1FFF) << 13 * renaming[suit];
    return out;
}

/* A deal counts if none of its renamings is less; then for all that differ. */
static void add_deal(RefCfr *c, const uint64_t hands[2]) {
    int same = 0;
    for (int r = 0; r < c->renamings; r++) {
        uint64_t a = rename_hand(c->renaming[r], hands[0]);
        uint64_t b = rename_hand(c->renaming[r], hands[1]);
        if (c->kind == REF_CFR_TELLING_SUITS) b = hands[1];
        if (a < hands[0] || (a == hands[0] && b < hands[1])) return;
        same += a == hands[0] && b == hands[1];
    }
    add_tree(c, hands, (double)c->renamings / same);
}

/* Every hand of c->cards cards without those of `taken`, after `from`; 0: there is none. */
static uint64_t next_hand(const RefCfr *c, uint64_t hand, uint64_t taken) {
    for (hand++; hand < (uint64_t)1 << DECK;) {
        if (__builtin_popcountll(hand) == c->cards && !(hand & taken)) return hand;
        if (__builtin_popcountll(hand) < c->cards)
            hand++;
        else
            hand += hand & -hand; /* no hand lies between */
    }
    return 0;
}

static void list_renamings(RefCfr *c) {
    for (int code = 0; code < 256; code++) {
        int r[SUITS] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        int seen = 1 << r[0] | 1 << r[1] | 1 << r[2] | 1 << r[3];
        if (seen != 15 || (c->trump < SUITS && r[c->trump] != c->trump)) continue;
        memcpy(c->renaming[c->renamings++], r, sizeof r);
    }
}

RefCfr *ref_cfr_open(int cards, int trump, RefCfrKind kind) {
    RefCfr *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->kind = kind;
    c->cards = cards;
    c->trump = trump;
    c->set_max = 1 << 17;
    c->slots = 1 << 18;
    c->sets = malloc((size_t)c->set_max * sizeof *c->sets);
    c->table = calloc((size_t)c->slots, sizeof *c->table);
    c->failed = !c->sets || !c->table;
    list_renamings(c);
    for (uint64_t a = next_hand(c, 0, 0); a && !c->failed; a = next_hand(c, a, 0))
        for (uint64_t b = next_hand(c, 0, a); b && !c->failed; b = next_hand(c, b, a)) {
            const uint64_t hands[2] = {a, b};
            add_deal(c, hands);
        }
    if (!c->failed) return c;
    ref_cfr_close(c);
    return NULL;
}

void ref_cfr_close(RefCfr *c) {
    if (!c) return;
    free(c->words);
    free(c->weight);
    free(c->sets);
    free(c->table);
    free(c);
}

int ref_cfr_trees(const RefCfr *c) { return c->trees; }
double ref_cfr_deals(const RefCfr *c) { return c->deals; }
int ref_cfr_sets(const RefCfr *c) { return c->set_count; }

static double average(const Set *set, int slot) {
    double sum = 0;
    for (int a = 0; a < set->slots; a++) sum += set->sum[a];
    return sum > 0 ? set->sum[slot] / sum : 1.0 / set->slots;
}

static int slot_of(int32_t word, int action) { return word >> 2 * action & 3; }
static int actions_of(int32_t word) { return word >> 6 & 3; }

/* How many of the node's actions share this one's slot. */
static int sharing(int32_t word, int action) {
    int n = 0;
    for (int a = 0; a < actions_of(word); a++) n += slot_of(word, a) == slot_of(word, action);
    return n;
}

typedef enum { LEARN, VALUE, BEST } Pass;

typedef struct {
    RefCfr *c;
    const int32_t *at;
    Pass pass;
    int seat, depth; /* whose payoff; BEST: the depth that is judged, below it `best` holds */
    double weight;
} Walk;

/* The chance that the set's owner takes the slot in this pass. */
static double chance(const Walk *w, const Set *set, int slot) {
    if (w->pass == LEARN) return set->now[slot];
    if (w->pass == BEST && set->seat == w->seat) return set->best == slot;
    return average(set, slot);
}

/* The payoff of the node at w->at, which is passed. own, other: reach by the seat's moves and by
 * the other's. */
static double visit(Walk *w, double own, double other) {
    int32_t word = *w->at++;
    if (word < 0) return (w->seat == 0 ? 1 : -1) * (double)(-word - PAYOFF_ZERO);
    Set *set = &w->c->sets[word >> 8];
    int mine = set->seat == w->seat;
    double u[REF_CFR_ACTIONS] = {0}, total = 0, square = w->c->iteration * w->c->iteration;
    for (int a = 0; a < actions_of(word); a++) {
        int slot = slot_of(word, a), n = sharing(word, a);
        double p = chance(w, set, slot) / n;
        double v = visit(w, mine ? own * p : own, mine ? other : other * p);
        u[slot] += v / n;
        total += p * v;
    }
    if (!mine || w->pass == VALUE || (w->pass == BEST && set->depth != w->depth)) return total;
    for (int a = 0; a < set->slots; a++) {
        double base = w->pass == LEARN ? total : 0;
        set->gain[a] += w->weight * other * (u[a] - base);
        if (w->pass == LEARN) set->sum[a] += square * own * w->weight * set->now[a];
    }
    return total;
}

/* One pass over all deals: the seat's points a round. */
static double visit_all(RefCfr *c, Pass pass, int seat, int depth) {
    Walk w = {.c = c, .at = c->words, .pass = pass, .seat = seat, .depth = depth};
    double sum = 0;
    for (int i = 0; i < c->set_count; i++) memset(c->sets[i].gain, 0, sizeof c->sets[i].gain);
    for (int i = 0; i < c->trees; i++) {
        w.weight = c->weight[i];
        sum += w.weight * visit(&w, 1, 1);
    }
    return sum / c->deals;
}

/* Regret matching on regrets that never fall below 0. */
static void learn_set(Set *set) {
    double sum = 0;
    for (int a = 0; a < set->slots; a++) {
        double regret = set->regret[a] + set->gain[a];
        set->regret[a] = regret > 0 ? regret : 0;
        sum += set->regret[a];
    }
    for (int a = 0; a < set->slots; a++)
        set->now[a] = sum > 0 ? set->regret[a] / sum : 1.0 / set->slots;
}

void ref_cfr_run(RefCfr *c, int iterations) {
    for (int k = 0; k < iterations; k++) {
        c->iteration++;
        for (int seat = 0; seat < 2; seat++) {
            visit_all(c, LEARN, seat, 0);
            for (int i = 0; i < c->set_count; i++)
                if (c->sets[i].seat == seat) learn_set(&c->sets[i]);
        }
    }
}

double ref_cfr_value(RefCfr *c) { return visit_all(c, VALUE, 0, 0); }

double ref_cfr_best(RefCfr *c, int seat) {
    for (int depth = 1; depth >= 0; depth--) {
        visit_all(c, BEST, seat, depth);
        for (int i = 0; i < c->set_count; i++) {
            Set *set = &c->sets[i];
            if (set->seat != seat || set->depth != depth) continue;
            set->best = 0;
            for (int a = 1; a < set->slots; a++)
                if (set->gain[a] > set->gain[set->best]) set->best = a;
        }
    }
    return visit_all(c, BEST, seat, -1);
}

/* The legal actions of a view, as the rules have them. */
static int view_legal(const View *v, int *legal) {
    int n = 0, follows = 0;
    if (v->bids[v->seat] < 0) {
        for (int bid = 0; bid <= v->cards; bid++)
            if (v->seat == 0 || v->bids[0] + bid != v->cards) legal[n++] = bid;
        return n;
    }
    for (int i = 0; i < v->cards; i++) follows |= v->led >= 0 && v->hand[i] / 13 == v->led / 13;
    for (int i = 0; i < v->cards; i++)
        if (!follows || v->hand[i] / 13 == v->led / 13) legal[n++] = v->hand[i];
    return n;
}

void ref_cfr_strategy(const RefCfr *c, int seat, const int *hand, const int *bids, int led,
                      double p[REF_CFR_ACTIONS]) {
    View v = {.seat = seat, .cards = c->cards, .bids = {bids[0], bids[1]}, .led = led};
    int legal[REF_CFR_ACTIONS], slot[REF_CFR_ACTIONS], slots, n;
    for (int i = 0; i < c->cards; i++) v.hand[i] = hand[i];
    n = view_legal(&v, legal);
    uint64_t key = describe(c, &v, legal, n, slot, &slots);
    const Set *set = &c->sets[c->table[table_at(c, key)] - 1];
    for (int i = 0; i < REF_CFR_ACTIONS; i++) p[i] = 0;
    for (int i = 0; i < n; i++) {
        int same = 0;
        for (int k = 0; k < n; k++) same += slot[k] == slot[i];
        p[i] = average(set, slot[i]) / same;
    }
}
