/* host/replay/replay_file_check.h - one pass: is a game right, and what the ring keeps of it.
 *
 *   words ─► replay_check_game ─► yes: *known is what replay_add would compute
 *                              └► no:  game_record.h reads it again and says what is wrong
 *
 * game_record.h is the authority; this says yes exactly where it does (test_replay_check.c compares
 * the two on changed words). It is written for speed: an unpredictable branch costs as much as
 * several cards, so nothing branches on a card or a visit; errors are collected, and looked at once
 * per part. A game of 4 x 5 cards takes a sixth of the time of game_record.h and replay_add
 * together. */
#ifndef HOST_REPLAY_REPLAY_FILE_CHECK_H
#define HOST_REPLAY_REPLAY_FILE_CHECK_H

#include "game/sequence.h"
#include "device/replay/replay.h"

/* Logarithms of counts below this come from a table; W * S visits are rarely more. */
enum { REPLAY_CHECK_LOGS = 1024 };

/* Visits read at once: in rounds of up to 7 cards, and in any round. */
enum { REPLAY_CHECK_NARROW = 8, REPLAY_CHECK_WIDE = 24 };

/* Plain data, read by any number of threads. */
typedef struct {
    Rules rules;                          /* without the seats, which each game states */
    double logs[REPLAY_CHECK_LOGS];       /* log n; 0 for n = 0 */
    double n_logs[REPLAY_CHECK_LOGS];     /* n log n; 0 for n = 0 */
    uint16_t keep[2 * REPLAY_CHECK_WIDE]; /* the first half all ones, then 0 */
} ReplayCheck;

/* The round being read. */
typedef struct {
    const ReplayCheck *check;
    const uint16_t *words;       /* to be read next */
    const uint16_t *end, *limit; /* one past the game; one past what may be read */
    int plies;
    uint8_t seat[2 * MAX_SEATS];    /* i mod P */
    uint8_t holder[64];             /* (card) the seat it was dealt to; 0 if to none */
    RoundState s;                   /* as at its end, without what scores do not need */
    uint8_t legal[MAX_ROUND_PLIES]; /* (plies) number of legal actions */
} ReplayCheckRound;

/* What the entropies of a round's first n decisions are computed from. */
typedef struct {
    int n;
    int32_t sum[MAX_ROUND_PLIES];
    double log[MAX_ROUND_PLIES], parts[MAX_ROUND_PLIES];
} ReplayCheckSums;

static inline void replay_check_init(ReplayCheck *c, const Rules *rules) {
    memset(c, 0, sizeof *c);
    c->rules = *rules;
    for (int i = 0; i < REPLAY_CHECK_WIDE; i++) c->keep[i] = 0xFFFF;
    for (int n = 2; n < REPLAY_CHECK_LOGS; n++) {
        c->logs[n] = real_log_core(n);
        c->n_logs[n] = n * c->logs[n];
    }
}

/* The next n words, or NULL. */
static inline const uint16_t *replay_check_take(ReplayCheckRound *r, int64_t n) {
    const uint16_t *words = r->words;
    if (n > r->end - words) return NULL;
    r->words += n;
    return words;
}

/* Reads the hands into r->s and the holders. Ascending cards differ, and the hands are disjoint if
 * together they have as many bits as there are cards. */
static inline bool replay_check_deal(ReplayCheckRound *r) {
    const int P = r->s.players, T = r->s.cards;
    const uint16_t *card = replay_check_take(r, P * T);
    memset(r->holder, 0, sizeof r->holder);
    uint64_t dealt = r->s.turned == CARD_NONE ? 0 : card_bit(r->s.turned);
    int most = bits_count(dealt) + P * T, wrong = 0;
    if (!card) return false;
    for (int seat = 0; seat < P; seat++) {
        uint64_t hand = 0;
        int last = -1;
        for (int i = 0; i < T; i++, card++) {
            wrong |= *card <= last;
            last = *card;
            hand |= card_bit(last & 63);
            r->holder[last & 63] = (uint8_t)seat;
        }
        wrong |= last >= CARDS;
        r->s.hands[seat] = hand;
        dealt |= hand;
    }
    return !wrong && bits_count(dealt) == most;
}

static inline bool replay_check_bids(ReplayCheckRound *r, const uint16_t *bids) {
    const int P = r->s.players, T = r->s.cards;
    int seat = r->s.dealer, wrong = 0, left = T;
    for (int i = 0; i < P; i++) {
        seat = seat_after(seat, P);
        r->s.bids[seat] = (uint8_t)bids[i];
        r->legal[i] = (uint8_t)(T + 1);
        wrong |= bids[i] > T;
        left -= bids[i];
    }
    /* The dealer must avoid the bid that would make the sum T, if it is 0 or more. */
    r->legal[P - 1] = (uint8_t)(T + (left + bids[P - 1] < 0));
    return !wrong && left != 0;
}

/* Plays a trick of P cards that `leader` leads; returns the winning seat. Illegal or impossible
 * cards set bits of *wrong; the winner is then an arbitrary seat. */
static inline int replay_check_trick(ReplayCheckRound *r, const uint16_t *cards, int leader,
                                     uint64_t trumps, uint8_t *legal_count, uint64_t *wrong) {
    const int P = r->s.players;
    const uint64_t led = SUIT_MASK(card_suit(cards[0] & 63));
    uint64_t allowed = CARDS_ALL, trick = 0;
    for (int i = 0; i < P; i++, allowed = led) {
        const int card = cards[i] & 63, seat = r->seat[leader + i];
        uint64_t hand = r->s.hands[seat], follow = hand & allowed;
        uint64_t legal = follow ? follow : hand;
        legal_count[i] = (uint8_t)bits_count(legal);
        *wrong |= (cards[i] & ~63u) | (~legal >> card & 1);
        r->s.hands[seat] = hand & ~card_bit(card);
        trick |= card_bit(card);
    }
    uint64_t ruffs = trick & trumps, high = ruffs | ((trick & led) & -(uint64_t)(ruffs == 0));
    return r->holder[63 - __builtin_clzll(high)]; /* not 0: it contains the card led, or a ruff */
}

/* Neither this nor the decisions are inlined: their loops then stay in registers, a fifth
 * faster. */
__attribute__((noinline)) static bool replay_check_plays(ReplayCheckRound *r,
                                                         const uint16_t *cards) {
    const int P = r->s.players, T = r->s.cards;
    const uint64_t trumps = r->s.trump == TRUMP_NONE ? 0 : SUIT_MASK(r->s.trump);
    uint64_t wrong = 0;
    int leader = seat_after(r->s.dealer, P);
    for (int trick = 0; trick < T; trick++, cards += P) {
        leader = replay_check_trick(r, cards, leader, trumps, r->legal + P + trick * P, &wrong);
        r->s.tricks[leader]++;
    }
    return wrong == 0;
}

static inline bool replay_check_scores(ReplayCheckRound *r, const uint16_t *scores,
                                       ReplayGame *known) {
    const RoundState *s = &r->s;
    int wrong = 0;
    for (int seat = 0; seat < s->players; seat++) {
        int score = round_score(&r->check->rules, s, seat);
        wrong |= (int16_t)scores[seat] != score;
        known->bids_hit += s->tricks[seat] == s->bids[seat];
        known->score += score;
    }
    known->seats += s->players;
    return !wrong;
}

/* The sum of a decision's visits (n), its logarithm, and the sum of n log n, as replay_entropy_1024
 * computes them. `width` words are read; those past n count as 0, which changes no sum. False: all
 * are 0, or a logarithm is not in the table. */
static inline bool replay_check_visits(const ReplayCheckRound *r, const uint16_t *visits, int n,
                                       int width, ReplayCheckSums *sums) {
    const ReplayCheck *c = r->check;
    const uint16_t *keep = c->keep + REPLAY_CHECK_WIDE - n;
    double parts = 0;
    uint64_t sum = 0; /* of four, each in 16 bits, in two times 32 bits */
    for (int e = 0; e < width; e += 4) {
        uint64_t v, kept;
        memcpy(&v, visits + e, sizeof v);
        memcpy(&kept, keep + e, sizeof kept);
        v &= kept;
        sum += (v & 0x0000FFFF0000FFFFu) + (v >> 16 & 0x0000FFFF0000FFFFu);
    }
    sum = (uint32_t)sum + (sum >> 32);
    if (sum - 1 >= REPLAY_CHECK_LOGS - 1) return false;
    for (int e = 0; e <= r->s.cards; e++) parts += c->n_logs[visits[e] & keep[e]];
    sums->sum[sums->n] = (int32_t)sum;
    sums->log[sums->n] = c->logs[sum];
    sums->parts[sums->n++] = parts;
    return true;
}

/* The sum of the decisions' entropies, each rounded. */
static inline int32_t replay_check_entropy(const ReplayCheckSums *sums) {
    int32_t entropy = 0;
    for (int i = 0; i < sums->n; i++)
        entropy += (int32_t)((sums->log[i] - sums->parts[i] / sums->sum[i]) * 1024 + 0.5);
    return entropy;
}

/* The same for any visits, by replay_entropy_1024; false: all are 0. */
static inline bool replay_check_rare(const uint16_t *visits, int n, ReplayGame *known) {
    int any = 0;
    for (int e = 0; e < n; e++) any |= visits[e];
    known->entropy_1024 += replay_entropy_1024(visits, n);
    return any != 0;
}

__attribute__((noinline)) static bool replay_check_decisions(ReplayCheckRound *r, int count,
                                                             ReplayGame *known) {
    const int wide = r->s.cards >= REPLAY_CHECK_NARROW;
    const int width = wide ? REPLAY_CHECK_WIDE : REPLAY_CHECK_NARROW;
    ReplayCheckSums sums;
    sums.n = 0;
    const uint16_t *w = r->words;
    for (int last = -1, i = 0; i < count; i++) {
        if (r->end - w < RECORD_VISITS_AT || w[RECORD_PLY_AT] <= last ||
            w[RECORD_PLY_AT] >= r->plies)
            return false;
        const int n = w[RECORD_LEGAL_AT];
        last = w[RECORD_PLY_AT];
        if (n < 2 || n != r->legal[last] || n > r->end - w - RECORD_VISITS_AT) return false;
        bool near = r->limit - w - RECORD_VISITS_AT < width;
        if (near ||
            !(wide ? replay_check_visits(r, w + RECORD_VISITS_AT, n, REPLAY_CHECK_WIDE, &sums)
                   : replay_check_visits(r, w + RECORD_VISITS_AT, n, REPLAY_CHECK_NARROW, &sums)))
            if (!replay_check_rare(w + RECORD_VISITS_AT, n, known)) return false;
        w += RECORD_VISITS_AT + n;
    }
    r->words = w;
    known->examples += count;
    known->entropy_1024 += replay_check_entropy(&sums);
    return true;
}

static inline bool replay_check_round(ReplayCheckRound *r, ReplayGame *known) {
    const int P = r->s.players, T = r->s.cards;
    r->plies = P + P * T;
    memset(r->s.tricks, 0, sizeof r->s.tricks);
    if (!replay_check_deal(r)) return false;
    const uint16_t *actions = replay_check_take(r, r->plies + P + 1);
    if (!actions || !replay_check_bids(r, actions) || !replay_check_plays(r, actions + P))
        return false;
    const uint16_t *scores = actions + r->plies;
    return scores[P] <= r->plies && replay_check_scores(r, scores, known) &&
           replay_check_decisions(r, scores[P], known);
}

/* Checks a round's head against that of the first round. */
static inline bool replay_check_head(ReplayCheckRound *r, const uint16_t *first, int rounds,
                                     int round) {
    const uint16_t *head = replay_check_take(r, RECORD_ROUND_WORDS);
    const int P = r->s.players, blob = r->check->rules.variant == RULES_BLOB;
    if (!head || head[RECORD_DEALER_AT] >= P) return false;
    if (head[RECORD_CARDS_AT] !=
        (rounds > 1 ? sequence_cards(P, first[RECORD_CARDS_AT], round) : first[RECORD_CARDS_AT]))
        return false;
    if (head[RECORD_DEALER_AT] != sequence_dealer(P, first[RECORD_DEALER_AT], round)) return false;
    if (blob ? head[RECORD_TRUMP_AT] > TRUMP_NONE || head[RECORD_TURNED_AT] != CARD_NONE ||
                   head[RECORD_TRUMP_AT] != sequence_trump(first[RECORD_TRUMP_AT], round)
             : head[RECORD_TURNED_AT] >= CARDS ||
                   head[RECORD_TRUMP_AT] != card_suit(head[RECORD_TURNED_AT]))
        return false;
    r->s.cards = (uint8_t)head[RECORD_CARDS_AT];
    r->s.dealer = (uint8_t)head[RECORD_DEALER_AT];
    r->s.trump = (uint8_t)head[RECORD_TRUMP_AT];
    r->s.turned = (uint8_t)head[RECORD_TURNED_AT];
    return true;
}

/* True: words (count) hold the game of that id and it follows the rules; *known is filled. False:
 * it may be wrong. `room` >= count words may be read. */
static inline bool replay_check_game(const ReplayCheck *c, const uint16_t *words, int count,
                                     int64_t room, int64_t id, ReplayGame *known) {
    ReplayCheckRound r;
    Rules own = c->rules;
    memset(known, 0, sizeof *known);
    if (count <= RECORD_HEAD_WORDS + RECORD_ROUND_WORDS || count > RECORD_MAX_WORDS) return false;
    const uint16_t *first = words + RECORD_HEAD_WORDS; /* T, dealer, trump, turned card */
    const int P = words[RECORD_PLAYERS_AT], rounds = words[RECORD_ROUNDS_AT];
    if (id < 0 || record_id(words) != id || words[RECORD_WORDS_AT] != count) return false;
    if (words[RECORD_VARIANT_AT] != own.variant || P < rules_min_players(own.variant) ||
        P > rules_max_players(own.variant))
        return false;
    own.players = (uint8_t)P;
    if (first[RECORD_CARDS_AT] < 1 || first[RECORD_CARDS_AT] > round_max_cards(&own)) return false;
    if (rounds != (rounds > 1 ? sequence_rounds(P, first[RECORD_CARDS_AT]) : 1)) return false;
    memset(&r.s, 0, sizeof r.s);
    r.s.players = (uint8_t)P;
    r.check = c;
    r.words = first;
    r.end = words + count;
    r.limit = words + room;
    for (int i = 0; i < 2 * P; i++) r.seat[i] = (uint8_t)(i < P ? i : i - P);
    for (int i = 0; i < rounds; i++)
        if (!replay_check_head(&r, first, rounds, i) || !replay_check_round(&r, known))
            return false;
    known->id = id;
    known->words = count;
    return r.words == r.end;
}

#endif
