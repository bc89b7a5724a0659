/* game/solve.c - open hands solved: alpha-beta with a table of positions between tricks.
 *
 *   search_bids ─► search_trick ─► search_card ─► .. ─► search_card ─► search_trick ─► ..
 *   a bid each     look up         a card each                         last trick: no choice
 *
 * Searches return bounds that may lie beyond the window (fail-soft): at most alpha, the value is at
 * most that; at least beta, at least that; between, it is that. An exact value comes from windows of
 * width 1, each halving what is left of the range: they cut most. */
#include "solve_deal.h"

/* The current trick. */
typedef struct {
    uint64_t cards;   /* left when it began */
    uint64_t out;     /* played to it */
    uint64_t led;     /* all cards of the suit led */
    uint64_t best;    /* the card that wins so far; 0: nothing led yet */
    int winner, turn; /* its seat; who plays next */
    int count, left;  /* cards in it; tricks to come, this one included */
} SolveTrick;

static uint64_t lane(uint64_t card) { return (uint64_t)0xFFFF << (bits_lowest(card) & ~15); }

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

/* ---- the table ---- */

static uint64_t same_order(const Solve *x, uint64_t cards) {
    uint64_t out = 0;
    for (int suit = 0; suit < SUITS; suit++)
        out |= (uint64_t)x->order[suit][cards >> (16 * suit) & 0xFFFF] << (16 * suit);
    return out;
}

static SolveEntry *find_pair(const Solve *x, uint64_t cards, uint64_t rest) {
    uint64_t hash = (cards ^ (rest * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;
    hash ^= hash >> 32;
    return x->table + ((hash * 0xD6E8FEB86659FD93u >> (64 - x->table_bits)) & ~(uint64_t)1);
}

static SolveEntry *find_entry(const Solve *x, uint64_t cards, uint64_t rest) {
    SolveEntry *pair = find_pair(x, cards, rest);
    for (int i = 0; i < 2; i++)
        if (pair[i].left > 0 && pair[i].cards == cards && pair[i].rest == rest) return &pair[i];
    return NULL;
}

/* Of a pair the first keeps the position with more tricks to come, the second the latest. */
static void store(const Solve *x, const SolveEntry *e) {
    SolveEntry *pair = find_pair(x, e->cards, e->rest), *old = find_entry(x, e->cards, e->rest);
    if (old) {
        *old = *e;
        return;
    }
    bool keep = pair[0].left > e->left && pair[0].rest >> SOLVE_GENERATION_AT == x->generation;
    if (!keep) pair[1] = pair[0];
    pair[keep] = *e;
}

/* ---- bounds without a search ---- */

/* Tricks that a seat will win whatever happens: the highest trumps win theirs. */
static int sure_tricks(const Solve *x, uint64_t cards, int *seat) {
    uint64_t trumps = cards & x->trumps;
    int sure = 0;
    *seat = 0;
    if (trumps == 0) return 0;
    uint64_t top = (uint64_t)1 << bits_highest(trumps);
    while (!(x->hands[*seat] & top)) (*seat)++;
    for (; trumps & x->hands[*seat] & top; sure++) {
        trumps ^= top;
        if (trumps == 0) return sure + 1;
        top = (uint64_t)1 << bits_highest(trumps);
    }
    return sure;
}

/* The least and the most over all ways to share out the tricks to come. */
static void share_bounds(const Solve *x, uint64_t cards, int left, int *low, int *high) {
    int lows[MAX_HAND + 1] = {0}, highs[MAX_HAND + 1] = {0}, holder;
    int sure = sure_tricks(x, cards, &holder), free = left - sure;
    for (int seat = 0; seat < x->rules.players; seat++) {
        const int32_t *points = x->points[seat == x->seat] + x->record[seat];
        bool last = seat == x->rules.players - 1;
        if (seat == holder) points += sure;
        for (int sum = free; sum >= (last ? free : 0); sum--) {
            if (seat == 0) {
                lows[sum] = highs[sum] = points[sum];
                continue;
            }
            int l = lows[sum] + points[0], h = highs[sum] + points[0];
            for (int k = 1; k <= sum; k++) {
                l = least(l, lows[sum - k] + points[k]);
                h = most(h, highs[sum - k] + points[k]);
            }
            lows[sum] = l;
            highs[sum] = h;
        }
    }
    *low = lows[free];
    *high = highs[free];
}

/* ---- the search ---- */

static int search_trick(Solve *x, uint64_t cards, int leader, int left, int alpha, int beta);

static int points_now(const Solve *x) {
    int sum = 0;
    for (int i = 0; i < x->rules.players; i++) sum += x->points[i == x->seat][x->record[i]];
    return sum;
}

static void play(const Solve *x, SolveTrick *t, uint64_t card) {
    bool wins = true;
    if (t->count == 0)
        t->led = lane(card);
    else
        wins = lane(t->best) & card ? card > t->best : (card & x->trumps) != 0;
    if (wins) {
        t->best = card;
        t->winner = t->turn;
    }
    t->out |= card;
    t->count++;
    t->turn = seat_after(t->turn, x->rules.players);
}

/* The last trick: one card each. */
static int last_trick(Solve *x, uint64_t cards, int leader) {
    SolveTrick t = {cards, 0, 0, 0, leader, leader, 0, 1};
    for (int i = 0; i < x->rules.players; i++) play(x, &t, x->hands[t.turn] & cards);
    x->record[t.winner]++;
    int value = points_now(x);
    x->record[t.winner]--;
    return value;
}

/* The next card above, of its suit, that is held or wins the trick so far; 0: none. */
static uint64_t next_above(uint64_t there, uint64_t card) {
    uint64_t above = there & lane(card) & ~((card << 1) - 1);
    return above & (0 - above);
}

/* What the mover may play, of equal cards the highest. */
static uint64_t moves_of(const Solve *x, const SolveTrick *t) {
    uint64_t hand = x->hands[t->turn] & t->cards, legal = hand, out = 0;
    uint64_t there = (t->cards & ~t->out) | t->best;
    if (t->count > 0 && (hand & t->led)) legal = hand & t->led;
    for (uint64_t left = legal; left; left &= left - 1) {
        uint64_t card = left & (0 - left);
        if (!(next_above(there, card) & legal)) out |= card;
    }
    return out;
}

/* Takes the most promising card out of *moves. */
static uint64_t take_best(const uint32_t *history, uint64_t first, uint64_t *moves) {
    uint64_t best = 0;
    if (first & *moves) {
        best = first;
    } else {
        uint32_t best_count = 0;
        for (uint64_t left = *moves; left; left &= left - 1) {
            uint32_t count = history[bits_lowest(left)];
            if (best && count <= best_count) continue;
            best = left & (0 - left);
            best_count = count;
        }
    }
    *moves &= ~best;
    return best;
}

/* The seat to move plays; *move receives the best card, or the one that cut. */
static int search_card(Solve *x, const SolveTrick *t, int alpha, int beta, uint64_t *move) {
    bool own = t->turn == x->seat;
    int best = own ? INT32_MIN : INT32_MAX;
    uint64_t moves = moves_of(x, t), first = *move, ignored;
    while (moves != 0 && alpha < beta) {
        uint64_t card = take_best(x->history[t->turn], first, &moves);
        SolveTrick next = *t;
        int value;
        x->nodes++;
        ignored = 0;
        play(x, &next, card);
        if (next.count < x->rules.players) {
            value = search_card(x, &next, alpha, beta, &ignored);
        } else {
            x->record[next.winner]++;
            value = search_trick(x, t->cards & ~next.out, next.winner, t->left - 1, alpha, beta);
            x->record[next.winner]--;
        }
        if (own ? value > best : value < best) {
            best = value;
            *move = card;
        }
        if (own)
            alpha = most(alpha, best);
        else
            beta = least(beta, best);
    }
    if (alpha >= beta) x->history[t->turn][bits_lowest(*move)] += (uint32_t)(t->left * t->left);
    return best;
}

/* What a seat's record stands for, each seat; returns the points that this leaves out. */
static int settle_records(Solve *x, int left) {
    int out = 0;
    for (int i = 0; i < x->rules.players; i++) {
        int own = i == x->seat, record = x->record[i];
        x->record[i] = x->same[own][left][record];
        out += x->points[own][record] - x->points[own][x->record[i]];
    }
    return out;
}

static uint64_t key_rest(const Solve *x, int leader) {
    uint64_t rest = x->generation;
    rest = rest << (SOLVE_GENERATION_AT - SOLVE_LEADER_BITS - x->record_bits * x->rules.players);
    for (int i = 0; i < x->rules.players; i++) rest = rest << x->record_bits | x->record[i];
    return rest << SOLVE_LEADER_BITS | (uint64_t)leader;
}

/* A position between tricks, its records settled. */
static int search_settled(Solve *x, uint64_t cards, int leader, int left, int alpha, int beta) {
    SolveEntry e = {cards, key_rest(x, leader), 0, 0, 0, (uint8_t)left, {0}};
    const SolveEntry *found = find_entry(x, e.cards, e.rest);
    if (found)
        e = *found;
    else
        share_bounds(x, cards, left, &e.low, &e.high);
    if (e.low >= beta || e.low == e.high) return e.low;
    if (e.high <= alpha) return e.high;
    SolveTrick t = {cards, 0, 0, 0, leader, leader, 0, left};
    uint64_t move = found ? (uint64_t)1 << e.move : 0;
    alpha = most(alpha, e.low);
    beta = least(beta, e.high);
    int value = search_card(x, &t, alpha, beta, &move);
    if (value > alpha) e.low = value;
    if (value < beta) e.high = value;
    e.move = (uint8_t)bits_lowest(move);
    store(x, &e);
    return value;
}

static int search_trick(Solve *x, uint64_t cards, int leader, int left, int alpha, int beta) {
    uint16_t record[MAX_SEATS];
    if (left == 0) return points_now(x);
    if (left == 1) return last_trick(x, cards, leader);
    memcpy(record, x->record, sizeof record);
    int out = settle_records(x, left);
    int value = out +
                search_settled(x, same_order(x, cards), leader, left, alpha - out, beta - out);
    memcpy(x->record, record, sizeof record);
    return value;
}

/* ---- from a state of the rules ---- */

static int search_state(Solve *x, const RoundState *s, const uint64_t *place, int alpha, int beta) {
    uint64_t held = 0, ignored = 0;
    for (int i = 0; i < s->players; i++) {
        int bid = s->bids[i] == BID_NONE ? s->cards + 1 : s->bids[i];
        x->record[i] = (uint16_t)(bid * (s->cards + 1) + s->tricks[i]);
        for (uint64_t left = s->hands[i]; left; left &= left - 1) held |= place[bits_lowest(left)];
    }
    int left = s->cards - s->tricks_done;
    SolveTrick t = {held, 0, 0, 0, s->leader, s->leader, 0, left};
    if (s->trick_count == 0) return search_trick(x, held, s->leader, left, alpha, beta);
    for (int i = 0; i < s->trick_count; i++) play(x, &t, place[s->trick[i]]);
    t.cards |= t.out;
    return search_card(x, &t, alpha, beta, &ignored);
}

/* The seats that have not bid yet, then the cards. Once the seat itself has bid, a search in which
 * the others bid in hindsight bounds all their bids from below, and often cuts them at once: of 4
 * seats with 7 cards the first bid takes a third of the time. */
static int search_bids(Solve *x, const RoundState *s, const uint64_t *place, int alpha, int beta) {
    if (!round_is_bidding(s)) return search_state(x, s, place, alpha, beta);
    bool own = s->turn == x->seat;
    int best = own ? INT32_MIN : INT32_MAX, best_bid = 0;
    uint64_t bids = round_legal(s);
    if (s->bids[x->seat] != BID_NONE) {
        int hindsight = search_state(x, s, place, alpha, beta);
        if (hindsight >= beta) return hindsight;
    }
    while (bids != 0 && alpha < beta) {
        int bid = bits_lowest(take_best(x->bid_history[s->turn], 0, &bids));
        RoundState next = *s;
        round_apply(&next, bid);
        int value = search_bids(x, &next, place, alpha, beta);
        if (own ? value > best : value < best) {
            best = value;
            best_bid = bid;
        }
        if (own)
            alpha = most(alpha, best);
        else
            beta = least(beta, best);
    }
    if (alpha >= beta) x->bid_history[s->turn][best_bid]++;
    return best;
}

/* Windows of width 1 until the bounds meet. */
static int search_value(Solve *x, const RoundState *s, const uint64_t *place) {
    int low = 0, high = 0;
    for (int i = 0; i < s->players; i++) {
        const int32_t *points = x->points[i == x->seat];
        int l = points[0], h = points[0], T = s->cards;
        for (int record = 1; record < (T + 1) * (T + 1); record++) {
            l = least(l, points[record]);
            h = most(h, points[record]);
        }
        low += l;
        high += h;
    }
    while (low < high) {
        int middle = low + (high - low) / 2;
        int value = search_bids(x, s, place, middle, middle + 1);
        if (value <= middle)
            high = value;
        else
            low = value;
    }
    return low;
}

int solve_value(Solve *x, const RoundState *s, int seat) {
    uint64_t place[CARDS];
    solve_begin_deal(x, s, seat, place);
    return search_value(x, s, place);
}

void solve_actions(Solve *x, const RoundState *s, int values[ACTIONS]) {
    uint64_t place[CARDS];
    solve_begin_deal(x, s, s->turn, place);
    for (uint64_t left = round_legal(s); left; left &= left - 1) {
        int action = bits_lowest(left);
        RoundState next = *s;
        round_apply(&next, action);
        values[action] = search_value(x, &next, place);
    }
}
