/* game/solve_deal.c - what the solver prepares: points and records of the rules, cards of a deal. */
#include "solve_deal.h"

/* ---- of the rules ---- */

static void fill_points(Solve *x) {
    RoundState s;
    memset(&s, 0, sizeof s);
    s.players = x->rules.players;
    s.cards = (uint8_t)x->cards;
    for (int bid = 0; bid <= x->cards; bid++)
        for (int won = 0; won <= x->cards; won++) {
            s.bids[0] = (uint8_t)bid;
            s.tricks[0] = (uint8_t)won;
            int score = round_score(&x->rules, &s, 0);
            int record = bid * (x->cards + 1) + won;
            x->points[0][record] = -score;
            x->points[1][record] = (x->rules.players - 1) * score;
        }
}

/* A seat that has not bid: for each count of tricks what the best bid would have made. */
static void fill_points_unbid(Solve *x) {
    int rows = x->cards + 1;
    for (int own = 0; own < 2; own++)
        for (int won = 0; won <= x->cards; won++) {
            int32_t best = x->points[own][won];
            for (int bid = 1; bid <= x->cards; bid++) {
                int32_t points = x->points[own][bid * rows + won];
                if (own ? points > best : points < best) best = points;
            }
            x->points[own][rows * rows + won] = best;
        }
}

/* Whether two records make the same points of whatever tricks are to come. */
static bool records_agree(const int32_t *points, int a, int b, int left) {
    for (int k = 1; k <= left; k++)
        if (points[a + k] - points[a] != points[b + k] - points[b]) return false;
    return true;
}

static void fill_same(Solve *x) {
    int T = x->cards, records = (T + 2) * (T + 1);
    for (int own = 0; own < 2; own++)
        for (int left = 0; left <= T; left++)
            for (int record = 0; record < records; record++) {
                int first = 0;
                if (record % (T + 1) + left > T) continue; /* more tricks than the round has */
                while (first % (T + 1) + left > T ||
                       !records_agree(x->points[own], first, record, left))
                    first++;
                x->same[own][left][record] = (uint16_t)first;
            }
}

void solve_begin(Solve *x, const Rules *rules, int cards, SolveEntry *table, int table_bits) {
    assert(table_bits >= SOLVE_TABLE_BITS_MIN);
    x->rules = *rules;
    x->cards = cards;
    x->table = table;
    x->table_bits = table_bits;
    x->generation = 0;
    x->nodes = 0;
    x->record_bits = bits_highest((uint64_t)((cards + 2) * (cards + 1) - 1)) + 1;
    assert(x->record_bits * rules->players + SOLVE_LEADER_BITS <= SOLVE_GENERATION_AT);
    memset(table, 0, sizeof *table << table_bits);
    fill_points(x);
    fill_points_unbid(x);
    fill_same(x);
}

/* ---- of the deal ---- */

/* The lowest cards with the same owners in the same order, for each set of a suit's n cards. */
static void fill_order(uint16_t *order, const uint8_t *owner, int n) {
    uint8_t next[RANKS + 1][MAX_SEATS]; /* the first card from here on that the seat has */
    for (int i = n - 1; i >= 0; i--) {
        if (i < n - 1) memcpy(next[i], next[i + 1], sizeof next[i]);
        next[i][owner[i]] = (uint8_t)i;
    }
    order[0] = 0;
    for (uint32_t set = 1; set < 1u << n; set++) {
        int high = bits_highest(set);
        uint32_t below = order[set ^ 1u << high];
        int from = below ? bits_highest(below) + 1 : 0;
        order[set] = (uint16_t)(below | 1u << next[from][owner[high]]);
    }
}

void solve_begin_deal(Solve *x, const RoundState *s, int seat, uint64_t place[CARDS]) {
    uint64_t held[MAX_SEATS];
    for (int i = 0; i < s->players; i++) held[i] = s->hands[i];
    for (int i = 0, at = s->leader; i < s->trick_count; i++, at = seat_after(at, s->players))
        held[at] |= card_bit(s->trick[i]);
    memset(x->hands, 0, sizeof x->hands);
    memset(x->history, 0, sizeof x->history);
    memset(x->bid_history, 0, sizeof x->bid_history);
    for (int suit = 0; suit < SUITS; suit++) {
        uint8_t owner[RANKS];
        int n = 0;
        for (int card = suit * RANKS; card < (suit + 1) * RANKS; card++) {
            place[card] = 0;
            for (int i = 0; i < s->players; i++) {
                if (!(held[i] >> card & 1)) continue;
                place[card] = (uint64_t)1 << (16 * suit + n);
                x->hands[i] |= place[card];
                owner[n++] = (uint8_t)i;
            }
        }
        fill_order(x->order[suit], owner, n);
    }
    x->seat = seat;
    x->trumps = s->trump == TRUMP_NONE ? 0 : (uint64_t)0xFFFF << (16 * s->trump);
    if (++x->generation == SOLVE_GENERATIONS) {
        memset(x->table, 0, sizeof *x->table << x->table_bits);
        x->generation = 1;
    }
}
